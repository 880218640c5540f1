/** What the journals of both hosts say of a device together, when all is over. */
import { EpochActor } from "@stopcopy/agent"
import { assert } from "@effect/vitest"
import { Ledger, ledgerOf, Vf, VfEvent } from "@stopcopy/qat"
import { Journal, Replay } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Schema, Stream } from "effect"

type Side = "source" | "destination"

interface Device {
  readonly name: string
  readonly journals: Readonly<Record<Side, string>>
}

/** Every request was executed and answered once, in order, on one side or the other. */
export const balanced = ({ journals, name }: Device, at: Side, accounts: ReadonlyArray<Ledger.GuestAccount>) =>
  Effect.gen(function* () {
    const read = (side: Side, before?: Ledger.Ledger) =>
      Effect.provide(ledgerOf([`vf/${name}`], before), layerSqlite({ file: journals[side] }))
    const here = yield* read("source")
    const ledger = at === "source" ? here : yield* read("destination", here)
    assert.deepStrictEqual(Ledger.audit(ledger, accounts), [], name)
  })

/** From then on: in which state the device was, or who might run it. Microseconds since 1970. */
interface Change {
  readonly time: number
  readonly side: Side
  readonly runs?: boolean
  readonly holds?: boolean
}

const vfs = Replay.replayable(Vf.behavior)
const epochs = Replay.replayable(EpochActor.behavior)
const isVfEvent = Schema.is(VfEvent)
const isRecord = Schema.is(EpochActor.EpochEvent)
const running: ReadonlySet<string> = new Set(["RUNNING", "RUNNING_P2P", "PRE_COPY", "PRE_COPY_P2P"])

const changesOf = (side: Side, name: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const changes: Array<Change> = []
    yield* Stream.runForEach(journal.eventsOf(`vf/${name}`), (envelope) =>
      Effect.map(vfs.decode(envelope), ({ value }) => {
        if (!isVfEvent(value)) return
        const { time } = envelope
        if (value._tag === "ArcTaken") changes.push({ time, side, runs: running.has(value.to) })
        if (value._tag === "ResetDone" || value._tag === "Opened") changes.push({ time, side, runs: true })
      })
    )
    yield* Stream.runForEach(journal.eventsOf(`epoch/${name}`), (envelope) =>
      Effect.map(epochs.decode(envelope), ({ value }) => {
        if (isRecord(value)) changes.push({ time: envelope.time, side, holds: value.standing === "held" })
      })
    )
    return changes
  })

/** By the clock of the machine that both were on there was no moment at which both sides might run, and did. A destination has nothing before it is given an epoch. */
export const neverTwo = ({ journals, name }: Device) =>
  Effect.gen(function* () {
    const of = (side: Side) => Effect.provide(changesOf(side, name), layerSqlite({ file: journals[side] }))
    const all = [...(yield* of("source")), ...(yield* of("destination"))].toSorted(
      (one, other) => one.time - other.time
    )
    const now = { source: { runs: false, holds: true }, destination: { runs: false, holds: false } }
    for (const { holds, runs, side, time } of all) {
      now[side] = { runs: runs ?? now[side].runs, holds: holds ?? now[side].holds }
      const both = (["source", "destination"] as const).every((one) => now[one].runs && now[one].holds)
      assert.isFalse(both, `${name}: both sides run at ${time}: ${JSON.stringify(all)}`)
    }
  })
