/** Messages of the PF that nobody asked for: who is told what, and what RESTARTING waits for. */
import { assert, it } from "@effect/vitest"
import * as Vf from "../driver/vf.ts"
import { acknowledge, opened, pf2vm, write } from "./guest.ts"

const rows = [
  ["RESTARTING", 1, 3, 0x07],
  ["RESTARTING", 1, 5, 0x07],
  ["RESTARTING", 0, 5, 0],
  ["RESTARTED", 1, 4, 0],
  ["RESTARTED", 1, 5, 0x17],
  ["RESTARTED", 0, 5, 0],
  ["FATAL_ERROR", 1, 4, 0],
  ["FATAL_ERROR", 1, 5, 0x13],
  ["FATAL_ERROR", 0, 5, 0]
] as const

for (const [message, init, compatVersion, word] of rows) {
  it(`${message} to a VF with init ${init} and version ${compatVersion} ${word === 0 ? "is not sent" : "is sent"}`, () => {
    const told = opened({ init, compatVersion }).when({ _tag: "NotifyVf", message }).expectAnswer({ _tag: "Done" })
    assert.deepStrictEqual(Vf.tags(told.events), word === 0 ? [] : ["PfMessageSent", "InterruptRaised"])
    assert.strictEqual(pf2vm(told), word)
    assert.strictEqual(told.state.device?.restarting, message === "RESTARTING" && word !== 0 && compatVersion >= 5)
  })
}

it("RESTARTING_COMPLETE says that the VF is ready, and that it must INIT again; SHUTDOWN does not", () => {
  const told = opened({ init: 1, compatVersion: 5 }).when({ _tag: "NotifyVf", message: "RESTARTING" })
  const read = acknowledge(told)
  assert.strictEqual(read.state.device?.restarting, true)
  const shut = write(read, 0x13)
  assert.strictEqual(shut.state.device?.restarting, true)
  const ready = write(shut, 0x2b)
  assert.strictEqual(ready.state.device?.restarting, false)
  assert.strictEqual(ready.state.init, 0)
  const plain = read.when({ _tag: "WriteRegister", bar: 2, offset: 0x100c, value: 0x2b })
  assert.strictEqual(plain.state.device?.restarting, false)
})

it("a message that comes before the last one is read interrupts again", () => {
  const at = opened({ init: 1, compatVersion: 5 })
  const twice = at.when({ _tag: "NotifyVf", message: "FATAL_ERROR" }).when({ _tag: "NotifyVf", message: "RESTARTING" })
  assert.strictEqual(twice.state.device?.interrupts, 2)
  assert.strictEqual(pf2vm(twice), 0x07)
})

it("the PF resets one bank", () => {
  const reset = opened().when({ _tag: "ResetRingPair", bank: 2 }).expectEvents({ _tag: "RingPairReset", bank: 2 })
  assert.strictEqual(reset.state.device?.banks[2]?.generation, 1)
})

it("nothing stands behind the registers of the other models: EINVAL", () => {
  const refused = Vf.opened({ init: 1 })
    .when({ _tag: "NotifyVf", message: "RESTARTING" })
    .expectRefusal({ _tag: "EINVAL" })
  assert.strictEqual(pf2vm(refused), 0)
  const reset = Vf.opened().when({ _tag: "ResetRingPair", bank: 2 })
  assert.strictEqual(Vf.errnoOf(reset), "EINVAL")
})
