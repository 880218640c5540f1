/** Applying events: total, whatever the events; only those that change something change it. */
import { assert, it } from "@effect/vitest"
import { Vf, VfEvent, type VfState } from "@stopcopy/qat"
import { Arbitrary, FastCheck as fc, Schema } from "effect"
import { evolve } from "../src/VfEvolve.ts"
import { refusedBlock } from "./driver/blocks.ts"
import * as Driver from "./driver/vf.ts"

/** Any event but the first member, a probe: its register file has a length that no generator hits. */
const someEvent = Arbitrary.make(Schema.Union(...VfEvent.members.slice(1)))

const someState: VfState.Vf = Driver.walkTo(Driver.opened(), "PRE_COPY").state

it.prop(
  "any sequence of events can be applied, and leaves a VF of the right shape",
  [fc.array(someEvent, { maxLength: 12 })],
  ([events]) => {
    const after = events.reduce(evolve, someState)
    assert.strictEqual(after.block.length, 4096)
    assert.strictEqual(after.registers.length, someState.registers.length)
    for (const file of Object.values(after.files)) assert.isFalse(file.closed && file.disabled)
  },
  { fastCheck: { numRuns: 60 } }
)

const recorded: ReadonlyArray<VfEvent> = [
  { _tag: "ResetIgnored" },
  { _tag: "Refused", operation: "open", failure: { name: "EBUSY", errno: 16, refusal: null } },
  { _tag: "DrainTimedOut", bank: 1 },
  { _tag: "CoalescingQuiesced", bank: 1 },
  { _tag: "MailboxLockTaken" },
  { _tag: "MailboxLockTimedOut" },
  { _tag: "SetupJudged", size: 90, pfVersion: 1, failure: null },
  { _tag: "OpenFailed", step: "core enable", failure: { name: "EIO", errno: 5, refusal: null } }
]

it("events that only record change nothing", () => {
  for (const event of recorded) assert.strictEqual(evolve(someState, event), someState, event._tag)
})

it("a state is never changed in place", () => {
  const before = structuredClone(someState)
  const events: ReadonlyArray<VfEvent> = [
    { _tag: "RegisterWritten", bar: 0, offset: 0x100, value: 7 },
    { _tag: "BlockReceived", offset: 4000, bytes: refusedBlock() },
    { _tag: "BankDrained", bank: 3 },
    { _tag: "FileRead", file: 0, length: 5 },
    { _tag: "Closed" }
  ]
  const after = events.reduce(evolve, someState)
  assert.notDeepEqual(after, before)
  assert.deepStrictEqual(someState, before)
})

it("a file is forgotten when its descriptor is closed and its session over, in either order", () => {
  const disabled: VfEvent = { _tag: "FileDisabled", file: 0 }
  const closed: VfEvent = { _tag: "FileClosed", file: 0 }
  for (const [first, second] of [
    [disabled, closed],
    [closed, disabled]
  ] as const) {
    const held = evolve(someState, first)
    assert.hasAllKeys(held.files, ["0"])
    assert.deepStrictEqual(evolve(held, second).files, {})
  }
})

it("a probe starts over, but numbers go on, and what somebody may still wait for stays", () => {
  const { ended, errorNotifications, files, nextFile, nextOperation } = someState
  const probed = evolve(someState, Driver.probed({ vfIndex: 7 }))
  assert.deepStrictEqual(probed, {
    ...Vf.behavior.initial,
    lifecycle: "bound",
    deviceId: 0x4941,
    vfNumber: 7,
    ended,
    errorNotifications,
    files,
    nextFile,
    nextOperation
  })
})
