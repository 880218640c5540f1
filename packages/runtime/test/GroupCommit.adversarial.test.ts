/** Orders of events that a group commit must survive: failures, refusals and defects while others wait behind them. */
import { assert, it } from "@effect/vitest"
import {
  JournalFull,
  JournalUnavailable,
  maxGroupBatches,
  maxGroupBytes,
  maxQueuedBatches,
  maxQueuedBytes
} from "@stopcopy/runtime"
import type { AppendRequest, JournalDriver } from "@stopcopy/runtime"
import { Effect, Either, Fiber, Option } from "effect"
import { GroupCommit } from "../src/GroupCommit.ts"
import { asynchronousDriver, Gate, Script, scriptedDriver } from "./ScriptedDriver.ts"
import { json, own, request } from "./journal.contract.ts"

const full = new JournalFull({ journal: "memory" })

const one = (stream: string, expected: number, more: Partial<AppendRequest> = {}) =>
  request([own(stream, expected)], [json(1)], { durability: "durable", command: null, ...more })

const sized = (stream: string, bytes: number) =>
  one(stream, 0, { records: [{ ...json(0), payload: new Uint8Array(bytes) }] })

/** A group over a driver; `told` has a line for each outcome, in the order in which they were told. */
const groupOver = (driver: JournalDriver, takeIn = (): Either.Either<void, JournalFull> => Either.void) => {
  const told: Array<string> = []
  let commits = 0
  const group = new GroupCommit(driver, () => commits++, takeIn)
  const submit = (name: string, sent: AppendRequest) =>
    group.submit(sent, (outcome) =>
      told.push(
        Either.match(outcome, {
          onLeft: (error) => `${name} ${error._tag}`,
          onRight: ({ first }) => `${name} ${first}`
        })
      )
    )
  return { group, told, submit, commits: () => commits }
}

/** Everything submitted has an outcome. */
const settled = (group: GroupCommit) => Effect.suspend(() => group.drain() ?? Effect.void)

/** Lets everything run that is ready. */
const turn = Effect.yieldNow({ priority: 1 })

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
    const script = new Script()
    const commits = new Gate()
    commits.close()
    const { group, submit, told } = groupOver(asynchronousDriver(script, { commits, reads: new Gate() }))
    submit("first", one("first", 0))
    yield* turn
    const half = maxGroupBytes / 2
    for (const [name, bytes] of Object.entries({ a: half, b: half, c: 1, huge: maxGroupBytes + 1, d: 1 })) {
      submit(name, sized(name, bytes))
    }
    for (let index = 0; index < maxGroupBatches + 5; index++) submit("e", one("e", index))
    commits.open()
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
    const script = new Script()
    const commits = new Gate()
    commits.close()
    const { group, submit, told } = groupOver(asynchronousDriver(script, { commits, reads: new Gate() }))
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
    commits.step()
    yield* Fiber.join(waiting)
    assert.isUndefined(group.room())
    assert.strictEqual(told.length, count + 1)
    commits.open()
    yield* settled(group)
  })
)

it.effect("G2: many small appends make callers wait for room too", () =>
  Effect.gen(function* () {
    const script = new Script()
    const commits = new Gate()
    commits.close()
    const { group, submit, told } = groupOver(asynchronousDriver(script, { commits, reads: new Gate() }))
    submit("first", one("first", 0))
    yield* turn
    for (let index = 0; index < maxQueuedBatches - 1; index++) submit("a", one("a", index))
    assert.isUndefined(group.room())
    submit("a", one("a", maxQueuedBatches - 1))
    const waiting = yield* Effect.fork(group.room() ?? Effect.die("there is room"))
    yield* turn
    commits.step()
    yield* Fiber.join(waiting)
    assert.isUndefined(group.room())
    assert.strictEqual(told.length, 1)
    commits.open()
    yield* settled(group)
    assert.strictEqual(told.length, maxQueuedBatches + 1)
  })
)

it.effect("drain waits for what was submitted before it, and for nothing later", () =>
  Effect.gen(function* () {
    const commits = new Gate()
    commits.close()
    const { group, submit, told } = groupOver(asynchronousDriver(new Script(), { commits, reads: new Gate() }))
    submit("a", one("a", 0))
    yield* turn
    const drained = [yield* Effect.fork(settled(group)), yield* Effect.fork(settled(group))]
    yield* turn
    submit("b", one("b", 0))
    const later = yield* Effect.fork(settled(group))
    yield* turn
    commits.step()
    yield* Fiber.join(Fiber.all(drained))
    assert.deepStrictEqual(told, ["a 1"])
    assert.isTrue(Option.isNone(yield* Fiber.poll(later)))
    commits.open()
    yield* Fiber.join(later)
    assert.deepStrictEqual(told, ["a 1", "b 2"])
    assert.isUndefined(group.drain())
  })
)

it.effect("drain, G4: refusals from behind do not stand for those in front that still wait", () =>
  Effect.gen(function* () {
    const commits = new Gate()
    commits.close()
    const { group, submit, told } = groupOver(asynchronousDriver(new Script(), { commits, reads: new Gate() }))
    submit("late", one("a", 7))
    yield* turn
    submit("free", one("x", 0))
    const drained = yield* Effect.fork(settled(group))
    yield* turn
    for (let index = 8; index < 12; index++) submit("behind", one("a", index))
    commits.step()
    yield* turn
    assert.strictEqual(told.length, 5)
    assert.isTrue(Option.isNone(yield* Fiber.poll(drained)))
    commits.open()
    yield* Fiber.join(drained)
    assert.strictEqual(told.at(-1), "free 1")
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

it.effect("G3: a failing group fails the queue behind it, and nothing later", () =>
  Effect.gen(function* () {
    const script = new Script()
    const commits = new Gate()
    commits.close()
    const { group, submit, told } = groupOver(asynchronousDriver(script, { commits, reads: new Gate() }))
    submit("a", one("a", 0))
    yield* turn
    for (const name of ["b", "c"]) submit(name, one(name, 0))
    script.faults.push({ fails: full })
    commits.open()
    yield* settled(group)
    assert.deepStrictEqual(told, ["a JournalFull", "b JournalFull", "c JournalFull"])
    submit("a", one("a", 0))
    yield* settled(group)
    assert.deepStrictEqual(told.slice(3), ["a 1"])
  })
)

it.effect("G4: a refused append refuses those in the queue that touch its streams, and theirs, and no others", () =>
  Effect.gen(function* () {
    const script = new Script()
    const commits = new Gate()
    commits.close()
    const { group, submit, told } = groupOver(asynchronousDriver(script, { commits, reads: new Gate() }))
    submit("late", one("a", 7))
    submit("well", one("x", 0))
    yield* turn
    submit("behind", request([own("b", 0), own("a", 8)], [json(1), json(2, 1)], { durability: "durable" }))
    submit("next", one("b", 1))
    submit("free", one("x", 1))
    commits.open()
    yield* settled(group)
    assert.deepStrictEqual(told, [
      "late VersionConflict",
      "well 1",
      "behind VersionConflict",
      "next VersionConflict",
      "free 2"
    ])
  })
)

it.effect("G3: a defect of the driver, thrown or died of, leaves nobody waiting", () =>
  Effect.gen(function* () {
    const defects = [
      [scriptedDriver, { throws: "broken" }],
      [asynchronousDriver, { throws: "broken" }],
      [asynchronousDriver, { dies: "broken" }]
    ] as const
    for (const [make, fault] of defects) {
      const script = new Script()
      const { group, submit, told } = groupOver(make(script))
      script.faults.push(fault)
      submit("a", one("a", 0))
      submit("b", one("b", 0))
      yield* settled(group)
      submit("a", one("a", 0))
      yield* settled(group)
      assert.deepStrictEqual(told, ["a JournalUnavailable", "b JournalUnavailable", "a 1"])
    }
  })
)

it.effect("G3: a driver that throws before it gives an effect, or answers too few, leaves nobody waiting", () =>
  Effect.gen(function* () {
    const script = new Script()
    const driver = asynchronousDriver(script)
    let calls = 0
    const { group, submit, told } = groupOver({
      ...driver,
      commit: (requests, durability) => {
        if (calls++ === 0) throw new Error("broken")
        return driver.commit(requests, durability)
      }
    })
    submit("a", one("a", 0))
    yield* settled(group)
    script.twists.push((answers) => answers.slice(0, 1))
    submit("a", one("a", 0))
    submit("b", one("b", 0))
    yield* settled(group)
    submit("c", one("c", 0))
    yield* settled(group)
    assert.deepStrictEqual(told, ["a JournalUnavailable", "a 1", "b JournalUnavailable", "c 3"])
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

it.effect("G1: commitNow behind a queued append that fails is refused: its stream is not where it was decided", () =>
  Effect.sync(() => {
    const script = new Script()
    const { group, submit, told } = groupOver(scriptedDriver(script))
    submit("queued", one("a", 0))
    script.faults.push({ fails: full })
    const outcome = group.commitNow(one("a", 1, { durability: "written" }))
    assert.deepStrictEqual(told, ["queued JournalFull"])
    assert.include(Either.getOrThrow(Either.flip(outcome)), { _tag: "VersionConflict", expected: 1, actual: 0 })
  })
)

it.effect("a durable append takes tapes in first; where that fails, those before it are told before it", () =>
  Effect.sync(() => {
    const script = new Script()
    const taken: Array<string> = []
    let result: Either.Either<void, JournalFull> = Either.void
    const { group, submit, told } = groupOver(scriptedDriver(script), () => {
      taken.push("tapes")
      return result
    })
    submit("written", one("a", 0, { durability: "written" }))
    assert.deepStrictEqual(taken, [])
    submit("durable", one("b", 0))
    assert.deepStrictEqual([taken, told], [["tapes"], []])
    result = Either.left(full)
    submit("refused", one("c", 0))
    assert.deepStrictEqual(told, ["written 1", "durable 2", "refused JournalFull"])
    assert.isUndefined(group.drain())
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

it.effect("an error is told as it is", () =>
  Effect.gen(function* () {
    const script = new Script()
    script.faults.push({ fails: new JournalUnavailable({ journal: "memory", reason: "a cable is out" }) })
    const group = new GroupCommit(
      asynchronousDriver(script),
      () => undefined,
      () => Either.void
    )
    const outcome = yield* Effect.async<string>((resume) =>
      group.submit(one("a", 0), (told) =>
        resume(Effect.succeed(Either.match(told, { onLeft: ({ message }) => message, onRight: () => "kept" })))
      )
    )
    assert.strictEqual(outcome, "journal memory is not available: a cable is out")
  })
)
