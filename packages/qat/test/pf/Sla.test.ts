/** SLAs of an emulated device: the driver's checks in its order, updates, removal, and that no promise is broken. */
import { assert, it } from "@effect/vitest"
import { Pf } from "@stopcopy/qat"
import { given } from "@stopcopy/runtime/testing"
import { FastCheck as fc } from "effect"
import { emulated } from "./emulated.ts"

/** asym;sym: even ring pairs are asymmetric, odd ones symmetric. */
const pf = (slas: ReadonlyArray<typeof sla> = []) => given(Pf.behavior).when(emulated({ slas }))
const sla = { service: 1, ringPairMask: 0x2n, cir: 400, pir: 800 }
const pair = (number: number, changes: Partial<typeof sla> = {}) => ({
  ...sla,
  ringPairMask: 1n << BigInt(number),
  ...changes
})
const codeOf = (done: ReturnType<ReturnType<typeof pf>["when"]>) =>
  done.answer._tag === "Left" ? [done.answer.left._tag, done.answer.left.refusal?.code] : "added"

const failures: ReadonlyArray<readonly [string, Partial<typeof sla>, string, string]> = [
  ["covers five ring pairs, whatever else is wrong", { ringPairMask: 0x2aan, service: 9 }, "EINVAL", "pf.sla.pairs"],
  ["names a service that is not known", { service: 4 }, "EINVAL", "pf.sla.service"],
  ["names decompression, which GEN4 does not have", { service: 3 }, "EINVAL", "pf.sla.served"],
  [
    "names a service that is not configured, before its ring pairs",
    { service: 2, ringPairMask: 0x2n },
    "EINVAL",
    "pf.sla.served"
  ],
  ["names a ring pair that is taken", { ringPairMask: 0xan }, "EINVAL", "pf.sla.taken"],
  ["names a ring pair of another service", { ringPairMask: 0x30n }, "EINVAL", "pf.sla.served"],
  ["names no ring pair", { ringPairMask: 0n }, "EINVAL", "pf.sla.pairs"],
  ["promises more than is left", { ringPairMask: 0x8n, cir: 601, pir: 700 }, "EINVAL", "pf.sla.budget"],
  ["has a PIR above the device", { ringPairMask: 0x8n, cir: 1, pir: 1001 }, "EINVAL", "pf.sla.budget"]
]

for (const [what, changes, name, code] of failures) {
  it(`one that ${what} is ${name}`, () => {
    const refused = pf([sla]).when({ _tag: "AddSla", sla: { ...sla, ...changes } })
    assert.deepStrictEqual(codeOf(refused), [name, code])
    assert.deepStrictEqual(refused.state.slas, [sla])
    const configured = given(Pf.behavior).when(emulated({ slas: [sla, { ...sla, ...changes }] }))
    assert.deepStrictEqual(codeOf(configured), [name, code])
    assert.isUndefined(configured.state.device)
  })
}

it("without rate limiting there are none", () => {
  const off = given(Pf.behavior).when(emulated({ rateLimiting: false }))
  assert.deepStrictEqual(codeOf(off.when({ _tag: "AddSla", sla })), ["EINVAL", "pf.sla.off"])
})

it("a PIR below the CIR is raised to it, in a configuration and in an update too", () => {
  const low = { ...sla, cir: 500, pir: 100 }
  assert.deepStrictEqual(pf().when({ _tag: "AddSla", sla: low }).state.slas, [{ ...low, pir: 500 }])
  const configured = pf([low])
  assert.deepStrictEqual(configured.state.slas, [{ ...low, pir: 500 }])
  configured
    .when({ _tag: "UpdateSla", slot: 0, cir: 700, pir: 1 })
    .expectEvents({ _tag: "SlaUpdated", slot: 0, cir: 700, pir: 700 })
})

it("all that a service has can be promised, to the last permille, each service by itself", () => {
  const full = pf([sla, pair(3, { cir: 600, pir: 1000 }), pair(0, { service: 0, cir: 1000, pir: 1000 })])
  assert.lengthOf(full.state.slas, 3)
  assert.deepStrictEqual(codeOf(full.when({ _tag: "AddSla", sla: pair(5, { cir: 1 }) })), ["EINVAL", "pf.sla.budget"])
  assert.deepStrictEqual(codeOf(full.when({ _tag: "AddSla", sla: pair(5, { cir: 0 }) })), "added")
})

it("a service has 16, each of another VF or not; the next is ENOSPC before its ring pairs are looked at", () => {
  const slas = Array.from({ length: 16 }, (_, vf) => pair(4 * vf + 1, { cir: 10, pir: 20 }))
  const full = pf(slas)
  assert.lengthOf(full.state.slas, 16)
  assert.deepStrictEqual(codeOf(full.when({ _tag: "AddSla", sla: pair(1) })), ["ENOSPC", "pf.sla.count"])
  assert.deepStrictEqual(codeOf(full.when({ _tag: "AddSla", sla: pair(0, { service: 0 }) })), "added")
})

it("an update gives the old CIR back first, keeps the rest, and can be refused", () => {
  const two = pf([sla, pair(3, { cir: 600, pir: 1000 })])
  const updated = two.when({ _tag: "UpdateSla", slot: 0, cir: 300, pir: 900 })
  assert.deepStrictEqual(updated.state.slas[0], { ...sla, cir: 300, pir: 900 })
  assert.deepStrictEqual(codeOf(two.when({ _tag: "UpdateSla", slot: 0, cir: 401, pir: 900 })), [
    "EINVAL",
    "pf.sla.budget"
  ])
  assert.deepStrictEqual(codeOf(two.when({ _tag: "UpdateSla", slot: 2, cir: 1, pir: 2 })), ["EINVAL", "pf.sla.slot"])
  assert.deepStrictEqual(codeOf(updated.when({ _tag: "UpdateSla", slot: 1, cir: 700, pir: 700 })), "added")
})

it("a removal frees ring pairs and rates", () => {
  const removed = pf([sla]).when({ _tag: "RemoveSla", slot: 0 })
  assert.isEmpty(removed.state.slas)
  assert.deepStrictEqual(codeOf(removed.when({ _tag: "AddSla", sla: { ...sla, cir: 1000 } })), "added")
  assert.deepStrictEqual(codeOf(removed.when({ _tag: "RemoveSla", slot: 0 })), ["EINVAL", "pf.sla.slot"])
})

it.prop(
  "whatever is added, changed and removed: no service promises more than it has, no ring pair twice",
  [
    fc.array(
      fc.oneof(
        fc.record({
          _tag: fc.constant("AddSla" as const),
          sla: fc.record({
            service: fc.integer({ min: 0, max: 3 }),
            ringPairMask: fc.integer({ min: 0, max: 63 }).map((number) => 1n << BigInt(number)),
            cir: fc.integer({ min: 0, max: 1200 }),
            pir: fc.integer({ min: 0, max: 1200 })
          })
        }),
        fc.record({
          _tag: fc.constant("UpdateSla" as const),
          slot: fc.integer({ min: -1, max: 4 }),
          cir: fc.integer({ min: 0, max: 1200 }),
          pir: fc.integer({ min: 0, max: 1200 })
        }),
        fc.record({ _tag: fc.constant("RemoveSla" as const), slot: fc.integer({ min: -1, max: 4 }) })
      ),
      { maxLength: 25 }
    )
  ],
  ([commands]) => {
    let at = pf()
    for (const command of commands) at = at.when(command)
    const { slas } = at.state
    for (const service of [0, 1, 2]) {
      const promised = slas.filter((each) => each.service === service).reduce((sum, { cir }) => sum + cir, 0)
      assert.isAtMost(promised, 1000)
    }
    assert.strictEqual(new Set(slas.map(({ ringPairMask }) => ringPairMask)).size, slas.length)
    for (const { cir, pir } of slas) assert.isTrue(cir <= pir && pir <= 1000)
  },
  { fastCheck: { numRuns: 60 } }
)
