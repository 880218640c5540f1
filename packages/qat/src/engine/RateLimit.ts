/**
 * Rate limiting of a device's ring pairs by its SLAs: when may the next request go? Token buckets without a clock; whoever asks says what
 * time it is. Source for units and maxima: `adf_rl.c`, `adf_4xxx_hw_data.h` and the ABI document `sysfs-driver-qat_rl` of the kernel. How the
 * firmware shares tokens out is not public: the buckets are our choice.
 *
 * R1 A leaf never goes faster than its PIR, nor all leaves of a service together faster than the device can.
 * R2 Up to its CIR a leaf goes whatever the others do. What goes beyond, of any leaf, takes what the device has left, in equal shares.
 * R3 A bucket holds a short burst. A request that is larger goes when the bucket is full, and what comes next waits the longer.
 * R4 The ring pairs of a leaf have equal shares of it.
 * R5 A ring pair in no SLA, or in one for another service, is not limited, and takes nothing from those that are.
 */
import type { Sla } from "../mstate/Block.ts"
import { Service } from "./Message.ts"
import { Turns } from "./Turns.ts"

/** Services as SLAs number them. GEN4 has no SLA for decompression: that counts as compression. */
export const SlaService = { asymmetric: 0, symmetric: 1, compression: 2 } as const

/** The SLA service that a request of this service type counts for; undefined for one that no SLA limits. */
export const slaServiceOf = (serviceType: number): number | undefined => {
  switch (serviceType) {
    case Service.publicKey:
      return SlaService.asymmetric
    case Service.symmetric:
      return SlaService.symmetric
    case Service.compression:
      return SlaService.compression
    default:
      return undefined
  }
}

/** What 1000 permille are, per second, by SLA service: operations for asymmetric, bytes for the others. */
export type Maxima = readonly [asymmetric: number, symmetric: number, compression: number]

const bytesPerMegabit = 125_000

/** 173,750 operations, 95,000 Mbit and 45,000 Mbit a second. */
export const gen4Maxima: Maxima = [173_750, 95_000 * bytesPerMegabit, 45_000 * bytesPerMegabit]

/** CIR and PIR count in thousandths of the maximum. */
const scale = 1000
const microsPerSecond = 1_000_000
/** A bucket holds what comes in so many microseconds: 2 % of a second, and longer than timers are late. */
const burstMicros = 20_000
/** When to ask again where nothing ever comes in, in microseconds: the SLA may have changed by then. */
const idleMicros = microsPerSecond

/** Tokens: bytes, or operations. */
class Bucket {
  /** Per microsecond. */
  #rate: number
  #level: number
  /** When `#level` was right, in microseconds. */
  #at: number

  constructor(perSecond: number, now: number) {
    this.#rate = perSecond / microsPerSecond
    this.#level = this.#burst
    this.#at = now
  }

  get #burst(): number {
    return this.#rate * burstMicros
  }

  /** Fills up to `now`. A clock that goes back adds nothing. */
  fill(now: number): void {
    if (now <= this.#at) return
    this.#level = Math.min(this.#burst, this.#level + (now - this.#at) * this.#rate)
    this.#at = now
  }

  /** A new rate from `now` on. Tokens that are there stay, as far as the new bucket holds them; debts too. */
  become(perSecond: number, now: number): void {
    this.fill(now)
    this.#rate = perSecond / microsPerSecond
    this.#level = Math.min(this.#burst, this.#level)
  }

  /** Whole microseconds until a request of `cost` may go, as it looks now; 0 if it may at once. */
  wait(cost: number): number {
    if (this.#rate === 0) return idleMicros
    const missing = Math.min(cost, this.#burst) - this.#level
    return missing <= 0 ? 0 : Math.max(1, Math.ceil(missing / this.#rate))
  }

  take(cost: number): void {
    this.#level -= cost
  }
}

interface Leaf {
  readonly service: number
  /** Its lowest ring pair, which is in no other leaf. */
  readonly party: number
  readonly peak: Bucket
  readonly committed: Bucket
  /** Of its ring pairs. */
  readonly turns: Turns
}

/** All of the device that works for one service. */
interface Device {
  readonly bucket: Bucket
  /** Of its leaves, as far as they go beyond their CIR. */
  readonly turns: Turns
}

const keyOf = ({ ringPairMask, service }: Sla): string => `${service}/${ringPairMask}`

/** Numbers of the bits that are set. */
const banksOf = (mask: bigint): ReadonlyArray<number> => {
  const banks: Array<number> = []
  for (let [rest, bank] = [mask, 0]; rest !== 0n; rest >>= 1n, bank++) if ((rest & 1n) !== 0n) banks.push(bank)
  return banks
}

/**
 * The buckets of one device. They are not part of any recorded state: after a restart they are full. `maxima` stands for the speed of the
 * device; an emulated one that is to show its limits may be given less than the real one.
 */
export class RateLimiter {
  readonly #maxima: Maxima
  #slas: ReadonlyArray<Sla> = []
  #leaves: ReadonlyMap<string, Leaf> = new Map()
  #leafOf: ReadonlyMap<number, Leaf> = new Map()
  readonly #devices: Array<Device | undefined> = []

  constructor(maxima: Maxima = gen4Maxima) {
    this.#maxima = maxima
  }

  /**
   * Lets the next request of ring pair `bank` (a number of the whole device) go, if the SLAs allow: then undefined, and it is counted.
   * Otherwise the time to ask again, later than `now`; sooner is of use only if the SLAs change. `service` as SLAs number it, `bytes` of
   * input, times in whole microseconds of any clock that does not go back. `slas` are compared by identity.
   */
  take(slas: ReadonlyArray<Sla>, bank: number, service: number, bytes: number, now: number): number | undefined {
    if (slas !== this.#slas) this.#adopt(slas, now)
    const leaf = this.#leafOf.get(bank)
    if (leaf === undefined || leaf.service !== service) return undefined
    const device = this.#device(service, now)
    const { committed, party, peak, turns } = leaf
    for (const bucket of [peak, committed, device.bucket]) bucket.fill(now)
    const cost = service === SlaService.asymmetric ? 1 : bytes
    const promised = committed.wait(cost)
    const left = promised === 0 ? 0 : Math.max(device.bucket.wait(cost), device.turns.before(party, now))
    const capped = peak.wait(cost)
    const own = Math.max(capped, turns.before(bank, now))
    const wait = Math.max(own, Math.min(promised, left))
    if (wait > 0) {
      turns.wait(bank, now + wait)
      if (own === 0) device.turns.wait(party, now + wait)
      else if (capped > 0) device.turns.leave(party)
      return now + wait
    }
    turns.served(bank, cost)
    peak.take(cost)
    // Promised work goes on the device's account too, into debt if need be: what goes beyond the promises then waits.
    device.bucket.take(cost)
    if (promised === 0) {
      committed.take(cost)
      device.turns.leave(party)
    } else device.turns.served(party, cost)
    return undefined
  }

  #device(service: number, now: number): Device {
    const device = this.#devices[service] ?? { bucket: new Bucket(this.#maxima[service] ?? 0, now), turns: new Turns() }
    this.#devices[service] = device
    return device
  }

  /** Takes over a new set of SLAs. A leaf with the ring pairs and the service of an old one keeps its buckets, whatever its rates. */
  #adopt(slas: ReadonlyArray<Sla>, now: number): void {
    const promised = [0, 0, 0]
    for (const { cir, service } of slas) promised[service] = (promised[service] ?? 0) + cir
    const leaves = new Map<string, Leaf>()
    const leafOf = new Map<number, Leaf>()
    for (const sla of slas) {
      const maximum = this.#maxima[sla.service]
      if (maximum === undefined) continue
      // Promises of more than the device has (no kernel makes them) are kept in part, each alike.
      const share = maximum / Math.max(scale, promised[sla.service] ?? 0)
      const leaf = this.#leaf(sla, sla.cir * share, (Math.max(sla.cir, sla.pir) * maximum) / scale, now)
      leaves.set(keyOf(sla), leaf)
      for (const bank of banksOf(sla.ringPairMask)) leafOf.set(bank, leaf)
    }
    this.#slas = slas
    this.#leaves = leaves
    this.#leafOf = leafOf
  }

  /** The leaf of `sla`, with these rates per second from `now` on. */
  #leaf(sla: Sla, committed: number, peak: number, now: number): Leaf {
    const known = this.#leaves.get(keyOf(sla))
    if (known === undefined) {
      return {
        service: sla.service,
        party: banksOf(sla.ringPairMask)[0] ?? 0,
        peak: new Bucket(peak, now),
        committed: new Bucket(committed, now),
        turns: new Turns()
      }
    }
    known.peak.become(peak, now)
    known.committed.become(committed, now)
    return known
  }
}
