/** Orders of events that a group commit must survive: failures, refusals and defects while others wait behind them. */
import { assert, it } from "@effect/vitest"
import { JournalUnavailable } from "@stopcopy/runtime"
import type { JournalFull } from "@stopcopy/runtime"
import { Effect, Either, Fiber, Option } from "effect"
import { GroupCommit } from "../src/GroupCommit.ts"
import { full, groupOver, heldGroup, one, settled } from "./groups.ts"
import { asynchronousDriver, Script, scriptedDriver } from "./ScriptedDriver.ts"
import { json, own, request } from "./journal.contract.ts"
import { turn } from "./worlds.ts"

it.effect("drain, G4: refusals from behind do not stand for those in front that still wait", () =>
  Effect.gen(function* () {
    const { gate, group, submit, told } = heldGroup()
    submit("late", one("a", 7))
    yield* turn
    submit("free", one("x", 0))
    const drained = yield* Effect.fork(settled(group))
    yield* turn
    for (let index = 8; index < 12; index++) submit("behind", one("a", index))
    gate.step()
    yield* turn
    assert.strictEqual(told.length, 5)
    assert.isTrue(Option.isNone(yield* Fiber.poll(drained)))
    gate.open()
    yield* Fiber.join(drained)
    assert.strictEqual(told.at(-1), "free 1")
  })
)

it.effect("G3: a failing group fails the queue behind it, and nothing later", () =>
  Effect.gen(function* () {
    const { gate, group, script, submit, told } = heldGroup()
    submit("a", one("a", 0))
    yield* turn
    for (const name of ["b", "c"]) submit(name, one(name, 0))
    script.faults.push({ fails: full })
    gate.open()
    yield* settled(group)
    assert.deepStrictEqual(told, ["a JournalFull", "b JournalFull", "c JournalFull"])
    submit("a", one("a", 0))
    yield* settled(group)
    assert.deepStrictEqual(told.slice(3), ["a 1"])
  })
)

it.effect("G4: a refused append refuses those in the queue that touch its streams, and theirs, and no others", () =>
  Effect.gen(function* () {
    const { gate, group, submit, told } = heldGroup()
    submit("late", one("a", 7))
    submit("well", one("x", 0))
    yield* turn
    submit("behind", request([own("b", 0), own("a", 8)], [json(1), json(2, 1)], { durability: "durable" }))
    submit("next", one("b", 1))
    submit("free", one("x", 1))
    gate.open()
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
it.effect("G4: who is refused behind another is told the version that that one was decided on", () =>
  Effect.gen(function* () {
    const { gate, group } = heldGroup()
    const told: Array<unknown> = []
    const submit = (expected: number) =>
      group.submit(one("a", expected), (outcome) =>
        told.push(Either.isLeft(outcome) && outcome.left._tag === "VersionConflict" ? outcome.left.actual : "committed")
      )
    submit(3)
    yield* turn
    for (const expected of [4, 5, 0, 6]) submit(expected)
    gate.open()
    yield* settled(group)
    assert.deepStrictEqual(told, [0, 3, 3, 3, "committed"])
  })
)
