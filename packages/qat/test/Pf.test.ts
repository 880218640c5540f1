/** The PF: what it is configured with, its SLAs, its mailbox locks. */
import { assert, it } from "@effect/vitest"
import { Pf } from "@stopcopy/qat"
import { given } from "@stopcopy/runtime/testing"
import { configure, sla } from "./driver/hosts.ts"

const { _tag: _, ...facts } = configure({ slas: [] })
const configured: Pf.PfEvent = { _tag: "Configured", ...facts }
const pf = (...past: ReadonlyArray<Pf.PfEvent>) => given(Pf.behavior, [configured, ...past])
const added: Pf.PfEvent = { _tag: "SlaAdded", sla }

it("the three GEN4 PFs can be configured, others are ENODEV", () => {
  for (const deviceId of [0x4940, 0x4942, 0x4944]) {
    const { _tag: __, ...values } = configure({ deviceId })
    given(Pf.behavior)
      .when(configure({ deviceId }))
      .expectEvents({ _tag: "Configured", ...values })
  }
  for (const deviceId of [0x4941, 0x4946, 0x37c8]) {
    const refused = given(Pf.behavior).when(configure({ deviceId })).expectRefusal({ _tag: "ENODEV" })
    assert.strictEqual(refused.state.deviceId, 0)
  }
})

it("the version counts events, refusals too, and goes into what a VF sees", () => {
  const refused = pf(added).when({ _tag: "RemoveSla", slot: 9 }).expectRefusal({ _tag: "EINVAL" })
  assert.strictEqual(refused.state.version, 3)
  const { deviceId: __, ...seen } = facts
  assert.deepStrictEqual(Pf.factsOf(refused.state), { ...seen, version: 3, slas: [sla] })
})

it("a new configuration keeps the locks", () => {
  const locked = pf({ _tag: "MailboxLocked", vf: 2, holder: "service" })
  assert.deepStrictEqual(locked.when(configure()).state.locks, { "2": "service" })
})

const slaFailures: ReadonlyArray<readonly [string, Partial<typeof sla>, string]> = [
  ["names a service that is not known", { service: 4 }, "EINVAL"],
  ["covers no ring pair", { ringPairMask: 0n }, "EINVAL"],
  ["covers five ring pairs", { ringPairMask: 0x3e0n }, "EINVAL"],
  ["has a CIR above its PIR", { cir: 801 }, "EINVAL"],
  ["shares a ring pair", { ringPairMask: 0x30n }, "EBUSY"]
]

for (const [what, changes, name] of slaFailures) {
  it(`an SLA that ${what} is ${name}`, () => {
    const refused = pf(added).when({ _tag: "AddSla", sla: { ...sla, ringPairMask: 0x20n, ...changes } })
    assert.strictEqual(refused.answer._tag === "Left" ? refused.answer.left._tag : "none", name)
    assert.deepStrictEqual(refused.state.slas, [sla])
    const configuring = pf().when(configure({ slas: [sla, { ...sla, ringPairMask: 0x20n, ...changes }] }))
    assert.strictEqual(configuring.answer._tag === "Left" ? configuring.answer.left._tag : "none", name)
    assert.isEmpty(configuring.state.slas, "a configuration with it changes nothing")
  })
}

it("SLAs need rate limiting", () => {
  const { _tag: __, ...values } = configure({ rateLimiting: false, slas: [] })
  const off = given(Pf.behavior, [{ _tag: "Configured", ...values }])
  const refused = off.when({ _tag: "AddSla", sla }).expectRefusal({ _tag: "EINVAL" })
  assert.isEmpty(refused.state.slas)
})

it("64 SLAs fit, the next is ENOSPC, and a configuration with more is too", () => {
  const slas = Array.from({ length: Pf.slasPerPf }, (_, pair) => ({ ...sla, ringPairMask: 1n << BigInt(pair) }))
  const full = given(Pf.behavior).when(configure({ slas }))
  full.when({ _tag: "AddSla", sla: { ...sla, ringPairMask: 1n << 63n } }).expectRefusal({ _tag: "ENOSPC" })
  given(Pf.behavior)
    .when(configure({ slas: [...slas, sla] }))
    .expectRefusal({ _tag: "ENOSPC" })
  const removed = full.when({ _tag: "RemoveSla", slot: 63 }).expectEvents({ _tag: "SlaRemoved", slot: 63 })
  assert.lengthOf(removed.state.slas, 63)
})

it("a mailbox lock has one holder, who may take it again, and nobody else gives it back", () => {
  const locked = pf().when({ _tag: "LockMailbox", vf: 1, holder: "service" })
  locked.expectEvents({ _tag: "MailboxLocked", vf: 1, holder: "service" })
  locked.when({ _tag: "LockMailbox", vf: 1, holder: "service" }).expectEvents().expectAnswer(undefined)
  locked.when({ _tag: "LockMailbox", vf: 1, holder: "migration" }).expectEvents().expectRefusal({ _tag: "EBUSY" })
  locked.when({ _tag: "LockMailbox", vf: 2, holder: "migration" }).expectAnswer(undefined)
  locked.when({ _tag: "UnlockMailbox", vf: 1, holder: "migration" }).expectRefusal({ _tag: "EBUSY" })
  const freed = locked.when({ _tag: "UnlockMailbox", vf: 1, holder: "service" })
  freed.expectEvents({ _tag: "MailboxUnlocked", vf: 1 })
  freed.when({ _tag: "UnlockMailbox", vf: 1, holder: "service" }).expectEvents()
  assert.isEmpty(freed.state.locks)
})

it("a VF has four ring pairs, numbered over the device", () => {
  assert.deepStrictEqual(Pf.ringPairsOf(0), [0, 1, 2, 3])
  assert.deepStrictEqual(Pf.ringPairsOf(15), [60, 61, 62, 63])
})
