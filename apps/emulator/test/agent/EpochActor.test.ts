/** The epoch of a device in its journal: what is new is an event, what is there already is none. */
import { it } from "@effect/vitest"
import { Epochs } from "@stopcopy/agent"
import { given } from "@stopcopy/runtime/testing"
import { behavior } from "../../src/agent/EpochActor.ts"

const granted = { epoch: 3, standing: "granted", digest: "0a" } as const

it("a new record is kept, the same one again changes nothing", () => {
  given(behavior)
    .when({ _tag: "RecordEpoch", ...granted })
    .expectEvents({ _tag: "EpochRecorded", ...granted })
    .expectState(granted)
    .when({ _tag: "RecordEpoch", ...granted })
    .expectEvents()
})

it("what a device begins with is no event", () => {
  given(behavior)
    .when({ _tag: "RecordEpoch", ...Epochs.initial })
    .expectEvents()
})
