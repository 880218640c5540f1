/** The check of the bytes: damage anywhere is found, and parts of a journal verify. */
import { assert, it } from "@effect/vitest"
import { check } from "@stopcopy/debugger"
import type { Source } from "@stopcopy/debugger"
import { JournalDamaged } from "@stopcopy/runtime"
import type { SealedBatch } from "@stopcopy/runtime"
import { Effect, Stream } from "effect"
import { counts, found, world } from "./checked.ts"
import { initial, known, registry } from "./Valve.ts"
import { based, fill, freshSource, over, tell, turned } from "./worlds.ts"

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
