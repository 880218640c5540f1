/** The check of what stands for events: snapshots and base events, and what is behind them. */
import { assert, it } from "@effect/vitest"
import { check } from "@stopcopy/debugger"
import { Replay } from "@stopcopy/runtime"
import type { Snapshot } from "@stopcopy/runtime"
import { Effect } from "effect"
import { afterFour, counts, found, world } from "./checked.ts"
import { known, valveWith } from "./Valve.ts"
import { based, bytesOf, compacted, snapshotOf, turned } from "./worlds.ts"

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
