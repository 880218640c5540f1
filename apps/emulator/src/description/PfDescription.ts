/** A PF that can be: what its driver is configured with. Whether it can is for the rules of the PF itself to say (`@stopcopy/qat`). */
import { describe as refusalText } from "@stopcopy/errno"
import { DeviceType, Pf, ServiceMap } from "@stopcopy/qat"
import { Either } from "effect"
import type { PfEntry, SlaEntry, SlaService } from "./PfEntry.ts"
import { type Problem, problem } from "@stopcopy/service"

type Configure = Extract<Pf.PfCommand, { readonly _tag: "Configure" }>

export interface PfDescription {
  readonly name: string
  readonly vfs: number
  readonly mode: "safe" | "kernel"
  readonly configure: Configure
}

const banksPerVf = 4

/** Numbers of services in an SLA, and their codes in a ring-to-service map. */
const services: Readonly<Record<SlaService, { readonly number: number; readonly code: number }>> = {
  asym: { number: 0, code: ServiceMap.ServiceCode.asymmetric },
  sym: { number: 1, code: ServiceMap.ServiceCode.symmetric },
  dc: { number: 2, code: ServiceMap.ServiceCode.compression }
}

const hex = (value: number): string => `0x${value.toString(16)}`

/** The ring pairs of a VF that serve a service, one bit each. */
const ringPairs = (svcmap: number, vf: number, code: number): bigint => {
  let mask = 0n
  for (let bank = 0; bank < banksPerVf; bank++) {
    if (ServiceMap.codeOf(svcmap, bank) === code) mask |= 1n << BigInt(banksPerVf * vf + bank)
  }
  return mask
}

const slaOf = (svcmap: number, { cir, pir, service, vf }: SlaEntry): Configure["slas"][number] => ({
  service: services[service].number,
  ringPairMask: ringPairs(svcmap, vf, services[service].code),
  cir,
  pir
})

const slaProblems = (where: string, entry: PfEntry, svcmap: number): ReadonlyArray<Problem> =>
  entry.slas.flatMap(({ cir, pir, service, vf }, index) => {
    const at = `${where}.slas[${index}]`
    if (cir > pir) {
      return [problem(at, `the committed rate ${cir} is above the peak rate ${pir}; make the peak rate ${cir} or more`)]
    }
    if (vf >= entry.vfs) return [problem(at, `there is no VF ${vf}, the PF has VFs 0 to ${entry.vfs - 1}`)]
    if (ringPairs(svcmap, vf, services[service].code) !== 0n) return []
    return [
      problem(at, `the PF does not serve ${service} but ${entry.services}; configure the service or leave the SLA out`)
    ]
  })

const reasonOf = (error: { readonly message: string; readonly refusal?: Parameters<typeof refusalText>[0] }): string =>
  error.refusal === undefined ? error.message : refusalText(error.refusal)

const compressionBit = 1 << 5

/** What it offers, with the bits that were asked for. */
const offerOf = (
  where: string,
  { capabilities, fuses, services: named }: PfEntry
): Either.Either<Pick<Configure, "gencap" | "svcmap" | "extdc">, ReadonlyArray<Problem>> => {
  const offer = DeviceType.offerOf(named, fuses)
  if (Either.isLeft(offer)) return Either.left([problem(`${where}.services`, reasonOf(offer.left))])
  const { extdc, gencap, svcmap } = offer.right
  if (capabilities === undefined) return Either.right(offer.right)
  const more = (capabilities & ~gencap) >>> 0
  if (more === 0) {
    return Either.right({ gencap: capabilities, svcmap, extdc: (capabilities & compressionBit) === 0 ? 0 : extdc })
  }
  const text = `${hex(capabilities)} has bits ${hex(more)}, which the engine does not do for ${named}; offer bits of ${hex(gencap)}`
  return Either.left([problem(`${where}.capabilities`, text)])
}

/** The PF of an entry, or everything that is wrong with it. */
export const describe = (where: string, entry: PfEntry): Either.Either<PfDescription, ReadonlyArray<Problem>> => {
  const type = DeviceType.deviceTypes.find(({ name }) => name === entry.type)
  const offer = offerOf(where, entry)
  if (Either.isLeft(offer) || type === undefined) return Either.left(Either.isLeft(offer) ? offer.left : [])
  const wrong = slaProblems(where, entry, offer.right.svcmap)
  if (wrong.length > 0) return Either.left(wrong)
  const configure: Configure = {
    _tag: "Configure",
    deviceId: type.pf,
    ...offer.right,
    rateLimiting: true,
    slas: entry.slas.map((sla) => slaOf(offer.right.svcmap, sla)),
    device: { totalVfs: entry.vfs, autoReset: entry.autoReset }
  }
  const { answer } = Pf.behavior.decide(Pf.initial, configure)
  if (Either.isLeft(answer)) return Either.left([problem(where, reasonOf(answer.left))])
  return Either.right({ name: entry.name, vfs: entry.vfs, mode: entry.mode, configure })
}
