/**
 * Which source fits which destination: every rule by itself, each "no" with both values. The driver checks the setup rules
 * when the setup part has arrived and the SLA rule only while the source is stopped; as functions of values they can be
 * asked at any time. Source: `qat_common/adf_gen4_vf_mig.c`.
 */
import type { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import { Setup, Sla } from "./mstate/Block.ts"
import { hex, refusal } from "./Refusals.ts"
import { banksPerVf } from "./Registers.ts"

/** What a PF offers its VFs, read at one version of the PF: enters a VF's commands as a field. */
export const PfFacts = Schema.Struct({
  /** Version of the PF's stream at which these were read. */
  version: Schema.NonNegativeInt,
  ...Setup.fields,
  /** Whether rate limiting is on: without it no VF has an SLA. */
  rateLimiting: Schema.Boolean,
  /** Leaf SLAs of the whole device in slot order, empty slots left out; at most 64. */
  slas: Schema.Array(Sla)
})
export type PfFacts = typeof PfFacts.Type

const superset = (leaf: "gencap" | "extdc", what: string, source: bigint, destination: number): Refusal | undefined => {
  const own = BigInt(destination)
  if ((source | own) === own) return undefined
  return refusal({
    code: `mstate.${leaf}.superset`,
    rule: `the destination must have every ${what} of the source`,
    where: `CONFIG/${leaf}`,
    source: hex(source),
    destination: hex(own),
    remedy: `choose a destination PF that also has ${hex(source & ~own)}`
  })
}

/** Accelerator capabilities: every bit of the source, as a little-endian integer of up to 64 bits. */
export const gencapRule = (source: bigint, pf: PfFacts): Refusal | undefined =>
  superset("gencap", "accelerator capability", source, pf.gencap)

/** Extended compression capabilities: every bit of the source. */
export const extdcRule = (source: bigint, pf: PfFacts): Refusal | undefined =>
  superset("extdc", "extended compression capability", source, pf.extdc)

/** Ring-to-service map: equal. */
export const svcmapRule = (source: bigint, pf: PfFacts): Refusal | undefined =>
  source === BigInt(pf.svcmap)
    ? undefined
    : refusal({
        code: "mstate.svcmap.equal",
        rule: "source and destination must map ring pairs to the same services",
        where: "CONFIG/svcmap",
        source: hex(source),
        destination: hex(pf.svcmap),
        remedy: "configure the same services on the destination PF"
      })

/** All refusals of the setup part at once. */
export const setupRefusals = (source: Setup, pf: PfFacts): ReadonlyArray<Refusal> =>
  [
    gencapRule(BigInt(source.gencap), pf),
    svcmapRule(BigInt(source.svcmap), pf),
    extdcRule(BigInt(source.extdc), pf)
  ].filter((bad) => bad !== undefined)

/** The SLAs that concern VF `vf`: those whose ring pairs include one of its four, in slot order, masks left whole. */
export const slasOfVf = (pf: PfFacts, vf: number): ReadonlyArray<Sla> => {
  if (!pf.rateLimiting) return []
  const own = 0xfn << BigInt(banksPerVf * vf)
  return pf.slas.filter((sla) => (sla.ringPairMask & own) !== 0n)
}

const above = (what: "cir" | "pir", source: Sla, own: Sla, where: string): Refusal =>
  refusal({
    code: `mstate.sla.${what}`,
    rule: `the source's ${what.toUpperCase()} must not be above the destination's`,
    where,
    source: `${source[what]}`,
    destination: `${own[what]}`,
    remedy: `raise the ${what.toUpperCase()} of this SLA on the destination PF to at least ${source[what]}`
  })

/** One SLA of the source against the destination VF's own: same service and ring pairs, rates not above. */
export const slaRule = (source: Sla, own: ReadonlyArray<Sla>, index: number): Refusal | undefined => {
  const where = `GENER/sla[${index}]`
  const match = own.find((sla) => sla.service === source.service && sla.ringPairMask === source.ringPairMask)
  if (match === undefined) {
    const name = (sla: Sla): string => `service ${sla.service} on ring pairs ${hex(sla.ringPairMask)}`
    return refusal({
      code: "mstate.sla.absent",
      rule: "the destination must have an SLA for the same service and the same device-wide ring pairs",
      where,
      source: name(source),
      destination: own.length === 0 ? "no SLA" : own.map(name).join(", "),
      remedy: "create this SLA on the destination PF and migrate to the same VF number"
    })
  }
  if (source.cir > match.cir) return above("cir", source, match, where)
  if (source.pir > match.pir) return above("pir", source, match, where)
  return undefined
}

/** All refusals of the source's SLAs at once. */
export const slaRefusals = (source: ReadonlyArray<Sla>, pf: PfFacts, vf: number): ReadonlyArray<Refusal> => {
  const own = slasOfVf(pf, vf)
  return source.map((sla, index) => slaRule(sla, own, index)).filter((bad) => bad !== undefined)
}
