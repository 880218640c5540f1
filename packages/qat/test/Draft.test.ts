/** Turns change their own copy in place: what comes out is what one event after the other gives, and what was there before stays. */
import { assert, it } from "@effect/vitest"
import { VfEvent, type VfState } from "@stopcopy/qat"
import { Arbitrary, FastCheck as fc, Schema } from "effect"
import { Draft } from "../src/Draft.ts"
import { evolve, evolveIn } from "../src/VfEvolve.ts"
import * as Driver from "./driver/vf.ts"

/** Any event but the first member, a probe: its register file has a length that no generator hits. */
const someEvent = Arbitrary.make(Schema.Union(...VfEvent.members.slice(1)))

const bare: VfState.Vf = Driver.walkTo(Driver.opened(), "PRE_COPY").state
const emulated: VfState.Vf = Driver.walkTo(Driver.opened({ registerModel: "device" }), "PRE_COPY").state

for (const [name, state] of [
  ["registers alone", bare],
  ["an emulated device", emulated]
] as const) {
  it.prop(
    `a draft of ${name} becomes what its events make of it one by one`,
    [fc.array(someEvent, { maxLength: 12 })],
    ([events]) => {
      const before = structuredClone(state)
      const draft = new Draft()
      const together = events.reduce((now, event) => evolveIn(draft, now, event), state)
      let single = state
      for (const event of events) single = evolve(single, event)
      assert.deepStrictEqual(together, single)
      assert.deepStrictEqual(state, before)
    },
    { fastCheck: { numRuns: 200 } }
  )
}
