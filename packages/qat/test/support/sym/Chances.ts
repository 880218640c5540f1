/** Choices at random, from a seed: settings of buffers, regions, keys, data. */
import { dataOf } from "../dc/Data.ts"
import { randomFrom } from "../Fuzz.ts"
import type { Driver, Region } from "./Requests.ts"
import type { Setting } from "./Laid.ts"

/** The longest source, in bytes. */
export const longest = 700

export class Chances {
  readonly below: (limit: number) => number

  constructor(seed: number) {
    this.below = randomFrom(seed)
  }

  get coin(): boolean {
    return this.below(2) === 0
  }

  one<A>(first: A, ...others: ReadonlyArray<A>): A {
    return others[this.below(others.length + 1)] ?? first
  }

  bytes(length: number): Uint8Array {
    return dataOf("random", length, 1 + this.below(0x7fff_ffff))
  }

  get key(): Uint8Array {
    return this.bytes(this.one(16, 24, 32))
  }

  /** Where it lies, and whose it is. The kernel has lists only. */
  get setting(): Setting {
    const driver: Driver = this.one<Driver>("dpdk", "kernel")
    const cuts = () => Array.from({ length: this.below(6) }, () => this.one(0, 1, 7, 16, 64, this.below(300)))
    const inPlace = this.coin
    return driver === "dpdk" && this.coin
      ? { inPlace, driver }
      : { inPlace, driver, cuts: { source: cuts(), destination: cuts() } }
  }

  /** A region in `length` bytes, of a multiple of `unit` bytes. */
  region(length: number, unit: number): Region {
    const size = unit * this.below(Math.floor(length / unit) + 1)
    return { offset: this.below(length - size + 1), length: size }
  }

  /** A changed copy of `bytes`. */
  spoiled(bytes: Uint8Array): Uint8Array {
    const at = this.below(bytes.length)
    const change = 1 << this.below(8)
    return bytes.map((byte, index) => (index === at ? byte ^ change : byte))
  }
}
