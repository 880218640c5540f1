/** The epoch of a device in its journal: what is new is an event, what is there already is none. */
import { assert, it } from "@effect/vitest"
import { EpochActor, Epochs } from "@stopcopy/agent"
import { given } from "@stopcopy/runtime/testing"

const granted = { epoch: 3, standing: "granted", digest: "0a" } as const

/** What a record that is asked for leads to, after others. */
const recording = (record: Epochs.EpochRecord, ...before: ReadonlyArray<EpochActor.EpochEvent>) => {
  const { events, state } = given(EpochActor.behavior, before).when({ _tag: "RecordEpoch", ...record })
  return { events, state }
}

it("a new record is kept, the same one again changes nothing", () => {
  const recorded = { _tag: "EpochRecorded", ...granted } as const
  assert.deepStrictEqual(recording(granted), { events: [recorded], state: granted })
  assert.deepStrictEqual(recording(granted, recorded), { events: [], state: granted })
})

it("what a device begins with is no event", () => {
  assert.deepStrictEqual(recording(Epochs.initial), { events: [], state: Epochs.initial })
})
