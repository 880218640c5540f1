/** The check of a journal: what is whole passes with its counts, and what is decided differently than it was is named. */
import { assert, it } from "@effect/vitest"
import { check } from "@stopcopy/debugger"
import { Replay } from "@stopcopy/runtime"
import { Effect, Option, Stream } from "effect"
import { afterFour, counts, found, some, world } from "./checked.ts"
import { known, valve, valveWith } from "./Valve.ts"
import type { initial } from "./Valve.ts"
import { based, copyOf, edited, freshSource, snapshotOf, tell } from "./worlds.ts"

it.scoped("a whole journal passes: everything is counted", () =>
  Effect.gen(function* () {
    const source = yield* world
    yield* source.journal.saveSnapshot(
      snapshotOf(4, afterFour, {
        versions: [
          ["valve/a", 3],
          ["valve/a/log/1", 1]
        ]
      })
    )
    yield* based(source, 4, afterFour)
    const report = yield* check(known, source)
    assert.isUndefined(report.divergence)
    assert.deepStrictEqual(counts(report), {
      batches: 7,
      events: 7,
      commands: 5,
      entries: 1,
      snapshots: 1,
      bases: 1,
      skipped: []
    })
  })
)

it.scoped("the order of keys in a stored payload does not matter", () =>
  Effect.gen(function* () {
    const copy = yield* copyOf(yield* world, (request) => ({
      ...request,
      records: request.records.map((record) => ({
        ...record,
        payload: edited(record.payload, '{"_tag":"Turned","by":30,"at":30}', '{"at":30,"by":30,"_tag":"Turned"}')
      }))
    }))
    assert.include(yield* check(known, copy), { divergence: undefined, commands: 5 })
  })
)

it.scoped("a payload that was changed under a whole hash chain is named: deciding again gives another event", () =>
  Effect.gen(function* () {
    const copy = yield* copyOf(yield* world, (request) => ({
      ...request,
      records: request.records.map((record) => ({ ...record, payload: edited(record.payload, '"lot":7', '"lot":8') }))
    }))
    const report = yield* check(known, copy)
    assert.deepStrictEqual(found(report), {
      kind: "decision",
      batch: 4,
      sequence: 4,
      actor: "valve/a",
      expected: 'Drawn of valve/a {"_tag":"Drawn","lot":8}',
      got: 'Drawn of valve/a {"_tag":"Drawn","lot":7}',
      changes: [["lot", 8, 7]]
    })
    assert.include(counts(report), { batches: 3, events: 3, commands: 2, entries: 1 })
  })
)

const changes: ReadonlyArray<readonly [what: string, from: string, to: string, sequence: number, got: RegExp]> = [
  ["a command", '"by":30', '"by":31', 1, /"by":31,"at":31/],
  ["a refusal's command", '{"_tag":"Turn","by":100}', '{"_tag":"Turn","by":1}', 5, /Turned of valve\/a/]
]

for (const [what, from, to, sequence, got] of changes) {
  it.scoped(`${what} that was changed under a whole hash chain is named`, () =>
    Effect.gen(function* () {
      const copy = yield* copyOf(yield* world, (request) => ({
        ...request,
        command: request.command && { ...request.command, bytes: edited(request.command.bytes, from, to) }
      }))
      const divergence = found(yield* check(known, copy))
      assert.include(divergence, { kind: "decision", sequence, actor: "valve/a" })
      assert.match(divergence.got, got)
    })
  )
}

it.scoped("a packed entry whose state does not allow it, and an event that cannot be read, are named", () =>
  Effect.gen(function* () {
    const odd = {
      ...valve,
      decide: (state: typeof initial, command: Parameters<typeof valve.decide>[1]) =>
        command._tag === "Poke" ? valve.decide(state, { _tag: "Draw" }) : valve.decide(state, command)
    }
    const source = yield* world
    const report = yield* check({ registry: Replay.registry(Replay.replayable(odd)) }, source)
    assert.include(found(report), { kind: "decision", sequence: 3, got: 'Drawn of valve/a {"_tag":"Drawn","lot":7}' })
    const copy = yield* copyOf(source, (request) => ({
      ...request,
      command: null,
      records: request.records.map((record) => ({ ...record, payload: edited(record.payload, '"by":30', '"by":"x"') }))
    }))
    assert.deepInclude(found(yield* check(known, copy)), { kind: "event", batch: 1, sequence: 1, actor: "valve/a" })
  })
)

it.scoped("a decision that is not pure is named", () =>
  Effect.gen(function* () {
    let lot = 0
    const drawing = valveWith(() => lot++)
    const source = yield* freshSource("one")
    yield* tell(source, some, 1, drawing)
    const report = yield* check({ registry: Replay.registry(Replay.replayable(drawing)) }, source)
    assert.deepInclude(found(report), { kind: "decision", sequence: 4, actor: "valve/a", changes: [["lot", 0, 1]] })
  })
)

it.scoped("a decision that throws, gives fewer events or more is named", () =>
  Effect.gen(function* () {
    const source = yield* world
    const withDecide = (decide: typeof valve.decide) =>
      Effect.map(check({ registry: Replay.registry(Replay.replayable({ ...valve, decide })) }, source), found)
    const throws = yield* withDecide(() => {
      throw new Error("worn out")
    })
    assert.include(throws, { sequence: 1, expected: "1 stored events", got: "decide threw Error: worn out" })
    const fewer = yield* withDecide((state, command) => ({ ...valve.decide(state, command), events: [] }))
    assert.include(fewer, { sequence: 1, got: "no event" })
    const more = yield* withDecide((state, command) => {
      const decision = valve.decide(state, command)
      return { ...decision, events: [...decision.events, ...decision.events] }
    })
    assert.include(more, { sequence: 1, expected: "no event" })
  })
)

/** A valve whose turns are told by their events alone. */
const implying: typeof valve = {
  ...valve,
  implied: (event) => (event._tag === "Turned" ? { _tag: "Turn", by: event.by } : undefined)
}
const knownImplying = { ...known, registry: Replay.registry(Replay.replayable(implying)) }

it.scoped("a command that the first event tells is not stored, and decided again all the same", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, [{ command: { _tag: "Turn", by: 30 } }, { command: { _tag: "Turn", by: 12 } }], 1, implying)
    const first = yield* Stream.runHead(source.journal.batches(0))
    assert.isNull(Option.getOrThrow(first).command)
    const report = yield* check(knownImplying, source)
    assert.deepInclude(report, { divergence: undefined, commands: 2, skipped: [] })
    const copy = yield* copyOf(source, (request) => ({
      ...request,
      records: request.records.map((record) => ({
        ...record,
        payload: edited(record.payload, '"by":12,"at":42', '"by":12,"at":43')
      }))
    }))
    assert.deepInclude(found(yield* check(knownImplying, copy)), { kind: "decision", batch: 2, sequence: 2 })
    // Who does not know that they tell it says so.
    assert.deepStrictEqual(counts(yield* check(known, source)).skipped, [
      "2 commands: none is recorded with the events"
    ])
  })
)
