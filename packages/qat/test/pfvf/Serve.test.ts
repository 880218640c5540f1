/** Every message of a VF to its PF: what it answers, what it changes, how it interrupts, and what it refuses. */
import { assert, it } from "@effect/vitest"
import { RegisterFile } from "@stopcopy/qat"
import * as Vf from "../driver/vf.ts"
import { acknowledge, facts, opened, pf2vm, vm2pf, write } from "./guest.ts"

const known = { init: 1, compatVersion: 3 }

/** Words of the worked exchange: what the VF writes, what it finds in PF2VM. */
const exchange = [
  ["announces version 4", 0x0000_041b, 0x0001_050b],
  ["sends a legacy version request", 0x0000_0017, 0x0001_110b],
  ["reads byte 2 of the map", 0x0000_2327, 0x0000_700f],
  ["reads byte 3 of the map", 0x0000_3327, 0x0000_1c0f],
  ["reads the checksum over 4 bytes of the map", 0x0002_3327, 0x0002_b10f],
  ["resets bank 1", 0x0000_0143, 0x0000_0043],
  ["sends INIT", 0x0000_000f, 0],
  ["sends SHUTDOWN", 0x0000_0013, 0],
  ["sends RESTARTING_COMPLETE", 0x0000_002b, 0],
  ["announces version 0", 0x0000_001b, 0x0002_050b],
  ["announces a newer version", 0x0000_ff1b, 0x0003_050b],
  ["asks for a medium block", 0x0000_0023, 0x0000_020f],
  ["asks for a large block", 0x0000_001f, 0x0000_020f],
  ["names more than a bank in a reset", 0x0000_0443, 0x0000_0143],
  ["sends type 0", 0x0000_0003, 0]
] as const

for (const [what, word, answer] of exchange) {
  it(`a VF that ${what} is acknowledged and answered in one turn`, () => {
    const sent = write(opened(known), word).expectAnswer({ _tag: "Done" })
    assert.strictEqual(vm2pf(sent), word & ~1)
    assert.strictEqual(pf2vm(sent), answer)
    const tags = Vf.tags(sent.events)
    assert.strictEqual(tags[0], "RegisterWritten")
    assert.strictEqual(tags.includes("InterruptRaised"), answer !== 0)
    assert.strictEqual(sent.state.device?.interrupts, answer === 0 ? 0 : 1)
    assert.isUndefined(sent.state.device?.mailbox)
  })
}

it("what the PF remembers: INIT, SHUTDOWN, both versions, also one that it does not fit", () => {
  const after = (word: number) => {
    const { compatVersion, init } = write(opened(known), word).state
    return [init, compatVersion]
  }
  assert.deepStrictEqual(after(0x0f), [1, 3])
  assert.deepStrictEqual(after(0x13), [0, 3])
  assert.deepStrictEqual(after(0x17), [1, 0])
  assert.deepStrictEqual(after(0x41b), [1, 4])
  assert.deepStrictEqual(after(0xff1b), [1, 255])
  assert.deepStrictEqual(after(0x2327), [1, 3])
})

it("what the PF says follows its values at this moment", () => {
  const sent = write(opened(), 0x2327, { svcmap: 0x0492 })
  assert.strictEqual(pf2vm(sent), 0x0000_000f | (0x92 << 10))
})

it("the answer interrupts once while it is unread, again for the next one, never while masked", () => {
  const first = write(opened(), 0x2327)
  assert.deepStrictEqual(first.events.at(-1), { _tag: "InterruptRaised", pending: 0x10 })
  const second = write(first, 0x3327)
  assert.strictEqual(second.state.device?.interrupts, 2)
  const masked = opened().when({ _tag: "WriteRegister", bar: 2, offset: 0x1004, value: 1 })
  const polled = write(masked, 0x2327)
  assert.strictEqual(polled.state.device?.interrupts, 0)
  const unmasked = polled.when({ _tag: "WriteRegister", bar: 2, offset: 0x1004, value: 0 })
  assert.strictEqual(unmasked.state.device?.interrupts, 1, "what is still unread asks when it may")
})

it("without a doorbell nothing is handled", () => {
  const quiet = write(opened(known), 0x12)
  assert.deepStrictEqual(Vf.tags(quiet.events), ["RegisterWritten"])
  assert.strictEqual(quiet.state.init, 1)
})

const tailOf = (at: Vf.At, bank: number) => RegisterFile.ringRegister(at.state.registers, bank, 0, "TAIL")

it("RP_RESET clears the bank before it answers, no other bank, and ends what its engine had", () => {
  const busy = opened()
    .when({ _tag: "WriteRegister", bar: 0, offset: 0x2000 + 0x100, value: 0x40 })
    .when({ _tag: "WriteRegister", bar: 0, offset: 0x4000 + 0x100, value: 0x40 })
  const reset = write(busy, 0x0000_0143)
  assert.deepStrictEqual(Vf.tags(reset.events), [
    "RegisterWritten",
    "RingPairReset",
    "MailboxHandled",
    "InterruptRaised"
  ])
  assert.deepStrictEqual([tailOf(reset, 1), tailOf(reset, 2)], [0, 0x40])
  assert.deepStrictEqual(
    reset.state.device?.banks.map(({ generation }) => generation),
    [0, 1, 0, 0]
  )
})

it("a PF that cannot reset a bank says so, and the bank stays as it was", () => {
  const busy = opened().when({ _tag: "WriteRegister", bar: 0, offset: 0x2000 + 0x100, value: 0x40 })
  for (const [ringPairReset, code] of [
    ["unsupported", 1],
    ["timeout", 3]
  ] as const) {
    const failed = busy.when({ _tag: "WriteMailbox", value: 0x143, pf: facts, ringPairReset })
    assert.strictEqual(pf2vm(failed), 0x43 | (code << 8))
    assert.strictEqual(tailOf(failed, 1), 0x40)
  }
})

it("a bank that a migration has stopped stays so over its reset, and over one while it drains", () => {
  const stopped = Vf.walkTo(opened(), "RUNNING_P2P")
  const reset = write(stopped, 0x0000_0143)
  assert.isTrue(RegisterFile.isDrained(reset.state.registers, 1))
  const running = Vf.walkTo(reset, "RUNNING")
  assert.isFalse(RegisterFile.isDrained(running.state.registers, 1))
  const draining = opened().when({ _tag: "SetState", requested: 5, ...Vf.surroundings() })
  const during = write(draining, 0x0000_0043)
  assert.isTrue(RegisterFile.hasLatch(during.state.registers, 0, RegisterFile.Latch.draining))
  assert.strictEqual(Vf.settle(during).state.migrationState, "RUNNING_P2P")
})

it("an unknown message is acknowledged, not answered, and the last one that the PF notices", () => {
  const sent = write(opened(known), 0x0000_12ff)
  assert.strictEqual(vm2pf(sent), 0x12fe)
  assert.strictEqual(pf2vm(sent), 0)
  assert.deepStrictEqual(sent.state.device?.mailbox, { masked: true, queued: null })
  const deaf = write(sent, 0x13)
  assert.deepStrictEqual(Vf.tags(deaf.events), ["RegisterWritten"])
  assert.strictEqual(vm2pf(deaf), 0x13, "the doorbell stays")
  assert.strictEqual(deaf.state.init, 1)
  const plain = sent.when({ _tag: "WriteRegister", bar: 2, offset: 0x100c, value: 0x13 })
  assert.strictEqual(plain.state.init, 1)
  assert.isTrue(deaf.when({ _tag: "ResetDone" }).state.device?.mailbox?.masked, "the mask is the PF's")
})

it("an answer does not overwrite a notification that the VF has not read: it comes when that is acknowledged", () => {
  const told = opened(known).when({ _tag: "NotifyVf", message: "RESTARTING" })
  const sent = write(told, 0x2327)
  assert.strictEqual(pf2vm(sent), 0x07)
  assert.strictEqual(vm2pf(sent), 0x2326)
  assert.deepStrictEqual(sent.state.device?.mailbox, { masked: false, queued: 0x700f })
  const early = sent.when({ _tag: "WriteRegister", bar: 2, offset: 0x1008, value: 0x07 })
  assert.strictEqual(pf2vm(early), 0x07)
  const read = acknowledge(sent)
  assert.deepStrictEqual(Vf.tags(read.events), ["RegisterWritten", "QueuedAnswerSent", "InterruptRaised"])
  assert.strictEqual(pf2vm(read), 0x700f)
  assert.isUndefined(read.state.device?.mailbox)
  const reset = sent.when({ _tag: "ResetDone" })
  assert.isUndefined(reset.state.device?.mailbox)
  assert.strictEqual(pf2vm(acknowledge(reset, 0)), 0)
})

it("a closed device refuses it as a register write", () => {
  const closed = opened().when({ _tag: "Close" })
  const refused = write(closed, 0x0f).expectRefusal({ _tag: "ENODEV" })
  const plain = closed.when({ _tag: "WriteRegister", bar: 2, offset: 0x100c, value: 0x0f })
  assert.deepStrictEqual(refused.events, plain.events)
})

it("a VF of registers alone knows neither blocks nor resets, with or without the PF's values", () => {
  const sent = write(Vf.opened(known), 0x2327)
  assert.deepStrictEqual(Vf.tags(sent.events), ["RegisterWritten", "MailboxHandled"])
  assert.strictEqual(pf2vm(sent), 0)
  assert.strictEqual(write(sent, 0x13).state.init, 0)
})
