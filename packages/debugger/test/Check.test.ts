/** The check of a journal: what is whole passes with its counts, what was changed anywhere is found and named. */
import { assert, it } from "@effect/vitest"
import { check } from "@stopcopy/debugger"
import type { CheckReport, Source } from "@stopcopy/debugger"
import { JournalDamaged, Replay } from "@stopcopy/runtime"
import type { SealedBatch, Snapshot } from "@stopcopy/runtime"
import { Effect, Stream } from "effect"
import { initial, known, registry, valve, valveWith } from "./Valve.ts"
import {
  based,
  bytesOf,
  compacted,
  copyOf,
  edited,
  fill,
  freshSource,
  over,
  snapshotOf,
  tell,
  turned
} from "./worlds.ts"
import type { Told } from "./worlds.ts"

const some: ReadonlyArray<Told> = [
  { command: { _tag: "Turn", by: 30 } },
  { command: { _tag: "Log", file: 1, text: "x" } },
  { command: { _tag: "Poke", register: 4, value: 77 } },
  { command: { _tag: "Draw" } },
  { command: { _tag: "Turn", by: 100 } },
  { id: "b", command: { _tag: "Turn", by: 1 } }
]

/** State of valve `a` after event 4. */
const afterFour = {
  ...initial,
  position: 30,
  turns: 1,
  lot: 7,
  registers: { "bank0.4": 77 },
  files: [{ file: 1, lines: 1 }]
}

const world = Effect.gen(function* () {
  const source = yield* freshSource("one")
  yield* tell(source, some)
  return source
})

const found = ({ divergence }: CheckReport) => {
  assert.isDefined(divergence)
  const { changes, ...rest } = divergence
  return { ...rest, changes: changes.map(({ path, old, new: now }) => [path.join("."), old, now]) }
}

const counts = ({ bases, batches, commands, entries, events, skipped, snapshots }: CheckReport) => ({
  batches,
  events,
  commands,
  entries,
  snapshots,
  bases,
  skipped: skipped.map(({ count, reason, what }) => `${count} ${what}: ${reason}`)
})

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

/** Versions of the streams of valve `a` after event 4. */
const versions: Pick<Snapshot, "versions"> = {
  versions: [
    ["valve/a", 3],
    ["valve/a/log/1", 1]
  ]
}

const snapshots: ReadonlyArray<readonly [what: string, snapshot: Parameters<typeof snapshotOf>, field: RegExp]> = [
  ["another field", [4, { ...afterFour, turns: 2 }, versions], /^turns = 2$/],
  [
    "the state of a later event",
    [
      3,
      afterFour,
      {
        versions: [
          ["valve/a", 2],
          ["valve/a/log/1", 1]
        ]
      }
    ],
    /lot = 7/
  ],
  ["an event of another actor", [6, afterFour], /a snapshot after event 6/],
  ["an event that is not there", [60, afterFour], /a snapshot after event 60/],
  ["an actor that is not there", [4, afterFour, { stream: "valve/z" }], /a snapshot after event 4/],
  ["another version of a stream", [4, afterFour, { versions: [["valve/a", 2]] }], /valve\/a at version 2/],
  ["a stream too few", [4, afterFour, { versions: [["valve/a", 3]] }], /log\/1 at version 0/],
  ["a stream too many", [4, afterFour, { versions: [...versions.versions, ["valve/z", 1]] }], /valve\/z at version 1/],
  ["a version before that of its event", [4, afterFour, { behaviorVersion: 0 }], /^version 0$/],
  ["no JSON", [4, afterFour, { ...versions, state: bytesOf("{") }], /no JSON/]
]

for (const [what, snapshot, got] of snapshots) {
  it.scoped(`a snapshot with ${what} is named`, () =>
    Effect.gen(function* () {
      const source = yield* world
      yield* source.journal.saveSnapshot(snapshotOf(...snapshot))
      const divergence = found(yield* check(known, source))
      assert.include(divergence, { kind: "snapshot", sequence: snapshot[0] })
      assert.match(divergence.got, got)
    })
  )
}

it.scoped("a base event that is not the state is named", () =>
  Effect.gen(function* () {
    const source = yield* world
    yield* based(source, 4, { ...afterFour, position: 31 })
    assert.deepInclude(found(yield* check(known, source)), {
      kind: "base",
      sequence: 7,
      actor: "valve/a",
      expected: "position = 30",
      got: "position = 31"
    })
  })
)

it.scoped("what cannot be compared is counted with the reason", () =>
  Effect.gen(function* () {
    const source = yield* world
    yield* source.journal.saveSnapshot(snapshotOf(4, afterFour, { behaviorVersion: 9 }))
    const unknown = yield* check({ registry: new Map() }, source)
    assert.deepStrictEqual(counts(unknown).skipped, [
      "5 commands: behavior valve is not registered here",
      "1 entries: behavior valve is not registered here",
      "1 snapshots: behavior valve is not registered here"
    ])
    const later = { registry: Replay.registry(Replay.replayable(valveWith(() => 0, 2))) }
    assert.deepStrictEqual(counts(yield* check(later, source)).skipped, [
      "5 commands: sent to version 1 of the behavior, this is version 2",
      "1 entries: sent to version 1 of the behavior, this is version 2",
      "1 snapshots: made by version 9 of the behavior, this is version 2"
    ])
    yield* based(source, 4, afterFour, 9)
    yield* source.journal.redact({ sequences: [2], commands: [1] })
    const redacted = yield* check(known, source)
    assert.isUndefined(redacted.divergence)
    assert.deepStrictEqual(counts(redacted).skipped, [
      "1 commands: redacted",
      "1 entries: the state needs events that are redacted",
      "2 commands: the state needs events that are redacted",
      "1 snapshots: the state needs events that are redacted",
      "1 base events: made by version 9 of the behavior, this is version 1"
    ])
  })
)

it.scoped("history behind a base event is decided again although what is before it is removed", () =>
  Effect.gen(function* () {
    const report = yield* check(known, yield* compacted)
    assert.isUndefined(report.divergence)
    assert.deepStrictEqual(counts(report), {
      batches: 3,
      events: 3,
      commands: 2,
      entries: 0,
      snapshots: 0,
      bases: 0,
      skipped: ["1 base events: the state needs events that are not kept here or cannot be read"]
    })
  })
)

it.scoped("history behind a base event is decided again although what is before it is redacted", () =>
  Effect.gen(function* () {
    const source = yield* world
    yield* based(source, 4, afterFour)
    yield* turned(source, 5, 30)
    yield* source.journal.redact({ sequences: [1], commands: [] })
    const report = yield* check(known, source)
    assert.isUndefined(report.divergence)
    assert.strictEqual(report.commands, 3)
    assert.include(counts(report).skipped, "1 base events: the state needs events that are redacted")
  })
)

it.scoped(
  "the storage's own check, and damage that a driver finds, are in the report; what cannot be read is an error",
  () =>
    Effect.gen(function* () {
      const source = yield* world
      const storage = yield* check(known, over(source, { check: () => Effect.succeed("page 3 is torn") }))
      assert.include(found(storage), { kind: "storage", got: "page 3 is torn" })
      const damaged = new JournalDamaged({ journal: "one", batch: 2, lastGood: 1, difference: "a torn row" })
      const torn = yield* check(known, over(source, { batches: () => Stream.fail(damaged) }))
      assert.include(found(torn), { kind: "damage", batch: 2, got: "a torn row" })
      const cut = yield* check(known, over(source, { head: () => Effect.succeed({ batch: 9, sequence: 9 }) }))
      assert.include(found(cut), { kind: "damage", expected: "events up to 9", got: "it ends at event 6" })
    })
)

/** Every place of a batch where a stored byte may change. */
const flips = (batch: SealedBatch): ReadonlyArray<SealedBatch> => {
  const flipped = (bytes: Uint8Array) => bytes.map((byte, index) => (index === bytes.length >> 1 ? byte ^ 1 : byte))
  const [first, ...others] = batch.records
  if (first === undefined) return []
  const record = (change: Partial<typeof first>) => ({ ...batch, records: [{ ...first, ...change }, ...others] })
  return [
    { ...batch, hash: flipped(batch.hash) },
    { ...batch, time: batch.time + 1 },
    { ...batch, batch: batch.batch + 1 },
    { ...batch, firstSequence: batch.firstSequence + 1 },
    { ...batch, correlation: `${batch.correlation}x` },
    { ...batch, causation: "1" },
    ...(batch.command?.bytes
      ? [
          { ...batch, command: { ...batch.command, bytes: flipped(batch.command.bytes) } },
          { ...batch, command: { ...batch.command, schemaVersion: 2 } },
          { ...batch, command: { ...batch.command, stream: "valve/c" } },
          { ...batch, command: null }
        ]
      : []),
    record({ payload: first.payload && flipped(first.payload) }),
    record({ stream: "valve/c" }),
    record({ behavior: "pump" }),
    record({ owner: "valve/c" }),
    record({ version: first.version + 1 }),
    record({ sequence: first.sequence + 1 }),
    record({ type: "Tuned" }),
    record({ schemaVersion: 2 }),
    record({ encoding: 4 }),
    record({ count: 2 })
  ]
}

it.scoped("one changed byte anywhere in a batch is found, and the batch is named", () =>
  Effect.gen(function* () {
    const source = yield* world
    const { journal } = source
    const batches = [...(yield* Stream.runCollect(journal.batches(0)))]
    for (const [index, batch] of batches.entries()) {
      for (const flipped of flips(batch)) {
        const damaged = over(source, { batches: () => Stream.fromIterable(batches.with(index, flipped)) })
        assert.include(found(yield* check(known, damaged)), { kind: "damage", batch: batch.batch })
      }
    }
  })
)

/** A part of a journal: some batches of it, and what a bundle keeps of the others. */
const partOf = (source: Source, kept: ReadonlyArray<number>) =>
  Effect.map(Stream.runCollect(source.journal.batches(0)), (all): Source => {
    const batches = [...all]
    return {
      ...over(source, {
        batches: () => Stream.fromIterable(batches.filter(({ batch }) => kept.includes(batch))),
        head: () => Effect.succeed({ batch: Math.max(...kept), sequence: Math.max(...kept) })
      }),
      previousHash: (batch) => batches.find((each) => each.batch === batch - 1)?.hash
    }
  })

it.scoped("a part of a journal verifies with the links before its gaps", () =>
  Effect.gen(function* () {
    const source = yield* world
    const report = yield* check(known, yield* partOf(source, [1, 2, 4, 5]))
    assert.isUndefined(report.divergence)
    assert.deepStrictEqual(counts(report), {
      batches: 4,
      events: 4,
      commands: 2,
      entries: 0,
      snapshots: 0,
      bases: 0,
      skipped: ["2 commands: the state needs events that are not kept here or cannot be read"]
    })
    const part = yield* partOf(source, [2, 4])
    const { previousHash: _, ...without } = part
    assert.include(found(yield* check(known, without)), { kind: "damage", batch: 1 })
    const wrong = yield* check(known, { ...part, previousHash: () => new Uint8Array(32) })
    assert.include(found(wrong), { kind: "damage", batch: 2 })
  })
)

it.scoped("in a part of a journal an actor goes on from the base event that stands for what is not there", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, [{ command: { _tag: "Turn", by: 30 } }, { command: { _tag: "Turn", by: 1 } }])
    yield* based(source, 2, { ...initial, position: 31, turns: 2 })
    yield* turned(source, 3, 31)
    const part = yield* partOf(source, [4])
    assert.include(yield* check(known, part), { divergence: undefined, commands: 1, batches: 1 })
  })
)

it.scoped("more than one page of batches", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* fill(source, 700)
    assert.include(yield* check({ registry }, source), { batches: 700, commands: 700, divergence: undefined })
  })
)
