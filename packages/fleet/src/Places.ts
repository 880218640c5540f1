/**
 * The free VFs of a fleet, while groups are placed on them one after the other. Mutable, for the inside of one pure function: what a plan gives to one
 * group is not there for the next. A VF is free if its driver has it, no guest is attached, it is in no group and no live migration, and neither its
 * host nor its PF is cordoned.
 */
import { Registers } from "@stopcopy/qat"
import type { PfDescription } from "@stopcopy/agent"
import * as Fit from "./Fit.ts"
import { type HostRecord, keyOf, type Located } from "./Host.ts"
import * as Tables from "./internal/Table.ts"
import type { Fleet } from "./State.ts"

/** Free VFs of one PF that are of one kind, by their number. */
interface Kind {
  readonly name: string
  readonly free: Map<number, Located>
}

/** A PF with what is free on it. */
interface PfPlaces {
  readonly pf: PfDescription
  readonly key: string
  readonly kinds: ReadonlyArray<Kind>
  free: number
}

/** A host with what is free on it. */
export interface HostPlaces {
  readonly host: HostRecord
  readonly pfs: ReadonlyArray<PfPlaces>
  readonly vfs: number
  free: number
}

/** A device that looks for a place. */
export interface Seeker {
  readonly source: Located
  /** Devices with the same key fit the same kinds of VFs, apart from their SLAs. */
  readonly key: string
  readonly slas: ReturnType<typeof Fit.slasOf>
  /** The VF numbers that all SLAs allow; undefined: every number. */
  readonly numbers: ReadonlyArray<number> | undefined
}

const kindOf = ({ deviceId, deviceType, migrationFlags, mode }: Located["vf"]): string =>
  `${deviceType} ${deviceId} ${mode} ${migrationFlags}`

/** Ring pairs of a device that an SLA can name. */
const ringPairs = 64

/** VF numbers that have a ring pair of every SLA: no other can have the same SLAs. */
const numbersOf = (slas: Seeker["slas"]): ReadonlyArray<number> | undefined => {
  if (slas.length === 0) return undefined
  const own = (number: number) => ((1n << BigInt(Registers.banksPerVf)) - 1n) << BigInt(Registers.banksPerVf * number)
  return Array.from({ length: ringPairs / Registers.banksPerVf }, (_, number) => number).filter((number) =>
    slas.every(({ ringPairMask }) => (ringPairMask & own(number)) !== 0n)
  )
}

/** How a device looks for a place. */
export const seeker = (source: Located): Seeker => {
  const slas = Fit.slasOf(source)
  const key = `${keyOf(source.host.id, source.pf.name)} ${kindOf(source.vf)}`
  return { source, key, slas, numbers: numbersOf(slas) }
}

/** Whether nobody has the VF and somebody may have it. */
const isFree = (state: Fleet, located: Located): boolean => {
  const name = Fit.nameOf(located)
  const isTaken = Tables.has(state.members, name) || Tables.has(state.reserved, name)
  return !isTaken && Fit.unusable(located, false) === undefined
}

const pfPlaces = (state: Fleet, host: HostRecord, pf: PfDescription): PfPlaces => {
  const kinds = new Map<string, Map<number, Located>>()
  let free = 0
  for (const vf of pf.vfs) {
    const located = { host, pf, vf }
    if (!isFree(state, located)) continue
    const name = kindOf(vf)
    const known = kinds.get(name) ?? new Map<number, Located>()
    kinds.set(name, known.set(vf.vfNumber, located))
    free += 1
  }
  return { pf, key: keyOf(host.id, pf.name), kinds: [...kinds].map(([name, vfs]) => ({ name, free: vfs })), free }
}

const hostPlaces = (state: Fleet, host: HostRecord): HostPlaces => {
  const pfs = host.pfs.map((pf) => pfPlaces(state, host, pf))
  const vfs = host.pfs.reduce((sum, pf) => sum + pf.vfs.length, 0)
  return { host, pfs, vfs, free: pfs.reduce((sum, { free }) => sum + free, 0) }
}

/** The part of the VFs that is in use, from 0 to 1; the same for hosts and PFs. */
const share = (free: number, all: number): number => (all === 0 ? 1 : (all - free) / all)

export class Places {
  readonly hosts: ReadonlyArray<HostPlaces>
  readonly #fits = new Map<string, boolean>()

  constructor(state: Fleet) {
    this.hosts = state.hosts.map((host) => hostPlaces(state, host))
  }

  /** The hosts with the smallest part of their VFs in use first; of equals the one whose name comes first. */
  byLoad(): ReadonlyArray<HostPlaces> {
    return this.hosts.toSorted((one, other) => share(one.free, one.vfs) - share(other.free, other.vfs))
  }

  #fitsKind(wanted: Seeker, pf: PfPlaces, kind: Kind): boolean {
    const key = `${wanted.key} ${pf.key} ${kind.name}`
    const before = this.#fits.get(key)
    if (before !== undefined) return before
    const [example] = kind.free.values()
    if (example === undefined) return false
    const fits = Fit.generalRefusals(wanted.source, example).length === 0
    this.#fits.set(key, fits)
    return fits
  }

  /** Up to `most` free VFs of the host that the device fits, those on the least used PF first. */
  candidates(wanted: Seeker, host: HostPlaces, most: number): ReadonlyArray<Located> {
    const found: Array<Located> = []
    const pfs = host.pfs.toSorted(
      (one, other) => share(one.free, one.pf.vfs.length) - share(other.free, other.pf.vfs.length)
    )
    for (const pf of pfs) {
      for (const kind of pf.kinds) {
        if (!this.#fitsKind(wanted, pf, kind)) continue
        for (const vf of placesIn(kind, wanted)) {
          if (found.length >= most) return found
          if (Fit.slaRefusals(wanted.slas, vf).length === 0) found.push(vf)
        }
      }
    }
    return found
  }

  /** Takes a VF out: somebody has it now. */
  take(host: HostPlaces, { pf, vf }: Located): void {
    for (const places of host.pfs) {
      if (places.pf !== pf) continue
      for (const kind of places.kinds) {
        if (kind.free.get(vf.vfNumber)?.vf !== vf) continue
        kind.free.delete(vf.vfNumber)
        places.free -= 1
        host.free -= 1
      }
    }
  }
}

/** Free VFs of one kind that the device may look at. */
function* placesIn({ free }: Kind, { numbers }: Seeker): Generator<Located> {
  if (numbers === undefined) yield* free.values()
  else {
    for (const number of numbers) {
      const vf = free.get(number)
      if (vf !== undefined) yield vf
    }
  }
}
