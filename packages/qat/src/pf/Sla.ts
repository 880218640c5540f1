/**
 * Rate limiting promises: what is looked at before one is added, changed or removed. Source: `qat_common/adf_rl.c`, `adf_rl.h`; section 6.3 of
 * the register specification. Rates are permille of what the device can do for a service.
 *
 * L1 An emulated device checks in the driver's order, and raises a PIR below the CIR to it, as the driver does.
 * L2 A PF without a device keeps the rules of the releases before: EINVAL for a CIR above the PIR, EBUSY for a ring pair that is taken.
 */
import { EBUSY, EINVAL, ENOSPC, type Errno } from "@stopcopy/errno"
import { Either } from "effect"
import type { Sla } from "../mstate/Block.ts"
import { because, hex } from "../Refusals.ts"
import { banksPerVf, vfsPerPf } from "../Registers.ts"
import { accept, type Decision, refuse } from "./Decision.ts"
import { codeOf, ServiceCode } from "./ServiceMap.ts"
import type { Pf } from "./State.ts"

/** Leaf SLAs of one device, of one of its services, and ring pairs of one leaf, at most. */
export const slasPerPf = 64
const slasPerService = 16
export const ringPairsPerSla = 4

const largestService = 3
/** All that a device can do for a service, in permille. */
const whole = 1000

/** The PF as far as SLAs go. */
type Limits = Pick<Pf, "rateLimiting" | "slas" | "svcmap"> & { readonly device?: unknown }

const tooMany = (count: number, limit: number, of: string): ENOSPC =>
  new ENOSPC(
    because(
      "pf.sla.count",
      `${of} has a limited number of leaf SLAs`,
      "SLAs",
      `${count}`,
      `${limit}`,
      "remove an SLA first"
    )
  )

const off = (): EINVAL =>
  new EINVAL(
    because(
      "pf.sla.off",
      "rate limiting must be on",
      "rate limiting",
      "off",
      "on",
      "configure the PF with rate limiting"
    )
  )

const unknownService = (service: number): EINVAL =>
  new EINVAL(
    because(
      "pf.sla.service",
      "an SLA names a known service",
      "service",
      `${service}`,
      `0..${largestService}`,
      "use 0 asym, 1 sym, 2 compression or 3 decompression"
    )
  )

const badPairs = (count: number): EINVAL =>
  new EINVAL(
    because(
      "pf.sla.pairs",
      "an SLA covers a few ring pairs",
      "ring pairs",
      `${count}`,
      `1..${ringPairsPerSla}`,
      "name between one and four ring pairs"
    )
  )

const taken = (Class: typeof EBUSY | typeof EINVAL, mask: bigint, other: bigint): EBUSY | EINVAL =>
  new Class(
    because(
      "pf.sla.taken",
      "a ring pair is in one SLA only",
      "ring pairs",
      hex(mask),
      hex(other),
      "remove the other SLA first"
    )
  )

const pairsOf = (mask: bigint): ReadonlyArray<number> => {
  const pairs: Array<number> = []
  for (let pair = 0; pair < vfsPerPf * banksPerVf; pair++) if (((mask >> BigInt(pair)) & 1n) === 1n) pairs.push(pair)
  return pairs
}

/** The checks of a PF without a device. */
const plainFailure = (state: Limits, sla: Sla): Errno | undefined => {
  if (state.slas.length >= slasPerPf) return tooMany(state.slas.length + 1, slasPerPf, "a device")
  if (!state.rateLimiting) return off()
  if (sla.service > largestService) return unknownService(sla.service)
  const pairs = pairsOf(sla.ringPairMask).length
  if (pairs === 0 || pairs > ringPairsPerSla) return badPairs(pairs)
  if (sla.cir > sla.pir) {
    return new EINVAL(
      because(
        "pf.sla.rates",
        "CIR must not be above PIR",
        "rates",
        `CIR ${sla.cir}`,
        `PIR ${sla.pir}`,
        "raise PIR or lower CIR"
      )
    )
  }
  const other = state.slas.find(({ ringPairMask }) => (ringPairMask & sla.ringPairMask) !== 0n)
  return other === undefined ? undefined : taken(EBUSY, sla.ringPairMask, other.ringPairMask)
}

/** Code in the ring-to-service map of an SLA's service. GEN4 has none for decompression. */
const codes: ReadonlyMap<number, number> = new Map([
  [0, ServiceCode.asymmetric],
  [1, ServiceCode.symmetric],
  [2, ServiceCode.compression]
])

const isServed = (svcmap: number, service: number): boolean => {
  const code = codes.get(service)
  return Array.from({ length: banksPerVf }, (_, bank) => codeOf(svcmap, bank)).some((served) => served === code)
}

const notServed = (svcmap: number, where: string, service: number): EINVAL =>
  new EINVAL(
    because(
      "pf.sla.served",
      "the ring pairs of an SLA serve its service",
      where,
      `service ${service}`,
      `map ${hex(svcmap)}`,
      "name ring pairs of this service, or configure the service"
    )
  )

/** The first ring pair, lowest first, that another SLA has or that serves something else. */
const pairsFailure = ({ slas, svcmap }: Limits, { ringPairMask, service }: Sla): Errno | undefined => {
  const pairs = pairsOf(ringPairMask)
  for (const pair of pairs) {
    const bit = 1n << BigInt(pair)
    const other = slas.find((sla) => (sla.ringPairMask & bit) !== 0n)
    if (other !== undefined) return taken(EINVAL, ringPairMask, other.ringPairMask)
    if (codeOf(svcmap, pair) !== codes.get(service)) return notServed(svcmap, `ring pair ${pair}`, service)
  }
  return pairs.length === 0 ? badPairs(0) : undefined
}

/** Whether the service still has what is promised; `slas` are the others. */
const budgetFailure = (slas: ReadonlyArray<Sla>, { cir, pir, service }: Sla): Errno | undefined => {
  const promised = slas.reduce((sum, sla) => (sla.service === service ? sum + sla.cir : sum), 0)
  if (pir <= whole && promised + cir <= whole) return undefined
  return new EINVAL(
    because(
      "pf.sla.budget",
      `CIRs of a service add up to ${whole} permille at most, and no PIR is above that`,
      `service ${service}`,
      `CIR ${cir}, PIR ${pir}`,
      `CIR ${Math.max(0, whole - promised)}, PIR ${whole}`,
      "lower the rates, or those of other SLAs"
    )
  )
}

const raised = (sla: Sla): Sla => (sla.pir < sla.cir ? { ...sla, pir: sla.cir } : sla)

/** The checks of an emulated device, in the driver's order. */
const deviceFailure = (state: Limits, sla: Sla): Errno | undefined => {
  if (!state.rateLimiting) return off()
  const pairs = pairsOf(sla.ringPairMask).length
  if (pairs > ringPairsPerSla) return badPairs(pairs)
  if (sla.service > largestService) return unknownService(sla.service)
  if (!isServed(state.svcmap, sla.service)) return notServed(state.svcmap, "device", sla.service)
  const ofService = state.slas.filter(({ service }) => service === sla.service).length
  if (ofService >= slasPerService) return tooMany(ofService + 1, slasPerService, "a service")
  return pairsFailure(state, sla) ?? budgetFailure(state.slas, sla)
}

/** The SLA as it would be added, or why not. */
const addable = (state: Limits, sla: Sla): Either.Either<Sla, Errno> => {
  const wanted = state.device === undefined ? sla : raised(sla)
  const failure = state.device === undefined ? plainFailure(state, wanted) : deviceFailure(state, wanted)
  return failure === undefined ? Either.right(wanted) : Either.left(failure)
}

/** All of them, as if added one by one; or why the first that cannot be is not. */
export const addableAll = (limits: Limits): Either.Either<ReadonlyArray<Sla>, Errno> => {
  const slas: Array<Sla> = []
  for (const sla of limits.slas) {
    const added = addable({ ...limits, slas }, sla)
    if (Either.isLeft(added)) return Either.left(added.left)
    slas.push(added.right)
  }
  return Either.right(slas)
}

export const add = (state: Pf, sla: Sla): Decision =>
  Either.match(addable(state, sla), {
    onLeft: (failure) => refuse("add SLA", failure),
    onRight: (added) => accept([{ _tag: "SlaAdded", sla: added }])
  })

const noSlot = (state: Pf, slot: number): EINVAL =>
  new EINVAL(
    because(
      "pf.sla.slot",
      "the slot must be in use",
      "slot",
      `${slot}`,
      `0..${state.slas.length - 1}`,
      "list the SLAs of the PF"
    )
  )

/** New rates for the SLA in a slot. */
export const update = (state: Pf, slot: number, rates: { readonly cir: number; readonly pir: number }): Decision => {
  const now = state.slas[slot]
  if (now === undefined) return refuse("update SLA", noSlot(state, slot))
  const { cir, pir } = raised({ ...now, ...rates })
  const others = state.slas.filter((_, index) => index !== slot)
  const failure = budgetFailure(others, { ...now, cir, pir })
  return failure === undefined ? accept([{ _tag: "SlaUpdated", slot, cir, pir }]) : refuse("update SLA", failure)
}

export const remove = (state: Pf, slot: number): Decision =>
  state.slas[slot] === undefined ? refuse("remove SLA", noSlot(state, slot)) : accept([{ _tag: "SlaRemoved", slot }])
