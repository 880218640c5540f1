/** Order and bounds of a group commit (G1, G2), and who waits for it. */
import { assert, it } from "@effect/vitest"
import { maxGroupBatches, maxGroupBytes, maxQueuedBatches, maxQueuedBytes } from "@stopcopy/runtime"
import { Effect, Either, Fiber, Option } from "effect"
import { full, groupOver, heldGroup, one, settled, sized } from "./groups.ts"
import { asynchronousDriver, Script, scriptedDriver } from "./ScriptedDriver.ts"
import { turn } from "./worlds.ts"

it.effect("G1, G2: what is submitted in one turn is one commit, in the order of submit, told in that order", () =>
  Effect.gen(function* () {
    for (const make of [scriptedDriver, asynchronousDriver]) {
      const script = new Script()
      const { commits, group, submit, told } = groupOver(make(script))
      for (const [index, name] of ["a", "b", "a", "c", "a"].entries()) {
        submit(`${name}${index}`, one(name, name === "a" ? index / 2 : 0, index === 1 ? { durability: "written" } : {}))
      }
      assert.deepStrictEqual(told, [])
      yield* Effect.promise(() => Promise.resolve())
      yield* settled(group)
      assert.deepStrictEqual(told, ["a0 1", "b1 2", "a2 3", "c3 4", "a4 5"])
      assert.deepStrictEqual(script.commits, [{ streams: ["a", "b", "a", "c", "a"], durability: "durable" }])
      assert.strictEqual(commits(), 1)
    }
  })
)

it.effect("G2: a full group of a synchronous driver is committed inside the submit that filled it", () =>
  Effect.sync(() => {
    const script = new Script()
    const { submit, told } = groupOver(scriptedDriver(script))
    for (let index = 0; index < maxGroupBatches - 1; index++) submit("a", one("a", index))
    assert.strictEqual(told.length, 0)
    submit("a", one("a", maxGroupBatches - 1))
    assert.strictEqual(told.length, maxGroupBatches)
    submit("b", sized("b", maxGroupBytes - 1))
    assert.strictEqual(told.length, maxGroupBatches)
    submit("c", sized("c", 1))
    assert.deepStrictEqual(
      script.commits.map(({ streams }) => streams.length),
      [maxGroupBatches, 2]
    )
  })
)

it.effect("G2: a group has at most maxGroupBatches and maxGroupBytes, one larger alone is a group of its own", () =>
  Effect.gen(function* () {
    const { gate, group, script, submit, told } = heldGroup()
    submit("first", one("first", 0))
    yield* turn
    const half = maxGroupBytes / 2
    for (const [name, bytes] of Object.entries({ a: half, b: half, c: 1, huge: maxGroupBytes + 1, d: 1 })) {
      submit(name, sized(name, bytes))
    }
    for (let index = 0; index < maxGroupBatches + 5; index++) submit("e", one("e", index))
    gate.open()
    yield* settled(group)
    assert.deepStrictEqual(
      script.commits.map(({ streams }) => streams.length),
      [1, 2, 1, 1, maxGroupBatches, 6]
    )
    assert.strictEqual(told.filter((line) => /^\w+ \d+$/.test(line)).length, maxGroupBatches + 11)
  })
)

it.effect("G2: an asynchronous driver that is behind makes callers wait for room, and a failure gives it back", () =>
  Effect.gen(function* () {
    const { gate, group, script, submit, told } = heldGroup()
    submit("first", one("first", 0))
    yield* turn
    assert.isUndefined(group.room())
    const count = maxQueuedBytes / maxGroupBytes
    for (let index = 0; index < count; index++) submit(`${index}`, sized(`${index}`, maxGroupBytes))
    const waiting = yield* Effect.fork(group.room() ?? Effect.die("there is room"))
    const other = yield* Effect.fork(group.room() ?? Effect.die("there is room"))
    yield* turn
    assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
    yield* Fiber.interrupt(other)
    script.faults.push({ fails: full })
    gate.step()
    yield* Fiber.join(waiting)
    assert.isUndefined(group.room())
    assert.strictEqual(told.length, count + 1)
    gate.open()
    yield* settled(group)
  })
)

it.effect("G2: many small appends make callers wait for room too", () =>
  Effect.gen(function* () {
    const { gate, group, submit, told } = heldGroup()
    submit("first", one("first", 0))
    yield* turn
    for (let index = 0; index < maxQueuedBatches - 1; index++) submit("a", one("a", index))
    assert.isUndefined(group.room())
    submit("a", one("a", maxQueuedBatches - 1))
    const waiting = yield* Effect.fork(group.room() ?? Effect.die("there is room"))
    yield* turn
    gate.step()
    yield* Fiber.join(waiting)
    assert.isUndefined(group.room())
    assert.strictEqual(told.length, 1)
    gate.open()
    yield* settled(group)
    assert.strictEqual(told.length, maxQueuedBatches + 1)
  })
)

it.effect("drain waits for what was submitted before it, and for nothing later", () =>
  Effect.gen(function* () {
    const { gate, group, submit, told } = heldGroup()
    submit("a", one("a", 0))
    yield* turn
    const drained = [yield* Effect.fork(settled(group)), yield* Effect.fork(settled(group))]
    yield* turn
    submit("b", one("b", 0))
    const later = yield* Effect.fork(settled(group))
    yield* turn
    gate.step()
    yield* Fiber.join(Fiber.all(drained))
    assert.deepStrictEqual(told, ["a 1"])
    assert.isTrue(Option.isNone(yield* Fiber.poll(later)))
    gate.open()
    yield* Fiber.join(later)
    assert.deepStrictEqual(told, ["a 1", "b 2"])
    assert.isUndefined(group.drain())
  })
)

it.effect("drain of a synchronous driver is done at once, also where an outcome submits again", () =>
  Effect.sync(() => {
    const { group, submit, told } = groupOver(scriptedDriver(new Script()))
    group.submit(one("a", 0), () => submit("again", one("a", 1)))
    assert.isUndefined(group.drain())
    assert.deepStrictEqual(told, ["again 2"])
  })
)

it.effect("G1: commitNow goes behind a queued append of the same stream, and leaves the queue of others alone", () =>
  Effect.sync(() => {
    const script = new Script()
    const { group, submit, told } = groupOver(scriptedDriver(script))
    submit("other", one("b", 0))
    assert.isTrue(Either.isRight(group.commitNow(one("c", 0, { durability: "written" }))))
    assert.deepStrictEqual(told, [])
    submit("queued", one("a", 0))
    const outcome = group.commitNow(one("a", 1, { durability: "written" }))
    assert.deepStrictEqual(told, ["other 2", "queued 3"])
    assert.deepStrictEqual(Either.getOrThrow(outcome), { batch: 4, first: 4, last: 4 })
  })
)

it.effect("an outcome that submits again is committed after those that were told before", () =>
  Effect.gen(function* () {
    const script = new Script()
    const driver = asynchronousDriver(script)
    const { group, submit, told } = groupOver(driver)
    group.submit(one("a", 0), () => {
      told.push("a")
      submit("again", one("a", 1))
    })
    submit("b", one("b", 0))
    yield* settled(group)
    assert.deepStrictEqual(told, ["a", "b 2"])
    yield* settled(group)
    assert.deepStrictEqual(told, ["a", "b 2", "again 3"])
  })
)
