/** Which source fits which destination: supersets, equality, SLAs of the VF, each at its border. */
import { assert, it } from "@effect/vitest"
import { Compatibility } from "@stopcopy/qat"
import { FastCheck as fc } from "effect"
import { samplePf, vfNumber } from "./support/Sample.ts"

const { extdcRule, gencapRule, setupRefusals, slaRefusals, slaRule, slasOfVf, svcmapRule } = Compatibility

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })

it.prop(
  "a capability mask passes exactly if the destination has every bit, of 64",
  [fc.oneof(u64, u32.map(BigInt)), u32],
  ([source, own]) => {
    const fits = (source & ~BigInt(own)) === 0n
    const pf = { ...samplePf, gencap: own, extdc: own }
    assert.strictEqual(gencapRule(source, pf) === undefined, fits)
    assert.strictEqual(extdcRule(source, pf) === undefined, fits)
    assert.isUndefined(gencapRule(source & BigInt(own), pf))
  }
)

it("the remedy names the bits that are missing", () => {
  const refusal = gencapRule(0x1_0100_0023n, samplePf)
  assert.include(refusal, { source: "0x101000023", destination: "0x1000021" })
  assert.include(refusal?.remedy, "0x100000002")
})

it.prop(
  "the ring-to-service map passes exactly if it is equal",
  [u64, fc.integer({ min: 0, max: 0xffff })],
  ([source, own]) => {
    const pf = { ...samplePf, svcmap: own }
    assert.isUndefined(svcmapRule(BigInt(own), pf))
    assert.strictEqual(svcmapRule(source, pf) === undefined, source === BigInt(own))
  }
)

it("all refusals of a setup part come at once, in the driver's order", () => {
  const found = setupRefusals({ gencap: 0xffff_ffff, svcmap: 0, extdc: 0xffff_ffff }, samplePf)
  assert.deepStrictEqual(
    found.map(({ code }) => code),
    ["mstate.gencap.superset", "mstate.svcmap.equal", "mstate.extdc.superset"]
  )
  assert.deepStrictEqual(setupRefusals(samplePf, samplePf), [])
})

const sla = (ringPairMask: bigint) => ({ service: 1, ringPairMask, cir: 10, pir: 20 })

it("the SLAs of a VF are those with one of its four ring pairs, masks whole, in slot order; none without rate limiting", () => {
  const slas = [sla(0x8000n), sla(0x8n), sla(0x1_8000n), sla(0xf000_0000_0000_0000n), sla(0n)]
  const pf = { ...samplePf, slas }
  assert.deepStrictEqual(slasOfVf(pf, 3), [sla(0x8000n), sla(0x1_8000n)])
  assert.deepStrictEqual(slasOfVf(pf, 0), [sla(0x8n)])
  assert.deepStrictEqual(slasOfVf(pf, 4), [sla(0x1_8000n)])
  assert.deepStrictEqual(slasOfVf(pf, 15), [sla(0xf000_0000_0000_0000n)])
  assert.deepStrictEqual(slasOfVf({ ...pf, rateLimiting: false }, 3), [])
})

it("an SLA needs one of the same service and mask, the first of them decides, rates up to its own pass", () => {
  const own = [sla(0x2000n), { ...sla(0x1000n), cir: 5 }, sla(0x1000n)]
  assert.isUndefined(slaRule({ ...sla(0x1000n), cir: 5 }, own, 0))
  assert.strictEqual(slaRule(sla(0x1000n), own, 0)?.code, "mstate.sla.cir")
  assert.strictEqual(slaRule({ ...sla(0x2000n), pir: 21 }, own, 0)?.code, "mstate.sla.pir")
  assert.strictEqual(slaRule({ ...sla(0x2000n), cir: 11, pir: 21 }, own, 0)?.code, "mstate.sla.cir")
  assert.strictEqual(slaRule({ ...sla(0x2000n), service: 2 }, own, 4)?.where, "GENER/sla[4]")
  assert.include(slaRule(sla(0x2000n), [], 0), { code: "mstate.sla.absent", destination: "no SLA" })
})

it("two SLAs of the source may match the same one; order does not matter; more at the destination is fine", () => {
  const [first, second] = samplePf.slas
  assert.isDefined(first)
  assert.isDefined(second)
  assert.deepStrictEqual(slaRefusals([second, first, first], samplePf, vfNumber), [])
  assert.deepStrictEqual(slaRefusals([], samplePf, vfNumber), [])
  // The masks are numbers of the whole device: another VF does not have them.
  assert.deepStrictEqual(
    slaRefusals([second], samplePf, vfNumber + 1).map(({ code }) => code),
    ["mstate.sla.absent"]
  )
})
