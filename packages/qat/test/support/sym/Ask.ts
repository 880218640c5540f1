/** What a driver is asked to put into a symmetric request. */
import type { Place } from "../dc/Requests.ts"

/** Whose habits a request has. The kernel knows lists only, and puts digests behind the data. */
export type Driver = "dpdk" | "kernel"

/** Where things are, in every request. */
export interface Ask {
  readonly source: Place
  /** In place if nothing is said. */
  readonly destination?: Place
  /** Both places are lists. */
  readonly scattered?: boolean
  readonly opaque: bigint
  /** Where the content descriptor will lie. */
  readonly descriptorAt: bigint
  readonly driver?: Driver
}

/** Where the digest is: at an address of its own, or behind the hashed bytes. */
export interface Digest {
  /** In bytes. */
  readonly size: number
  readonly at: bigint | "behind"
  /** It is compared with what is there. */
  readonly verify?: boolean
}

/** A piece of source and destination, counted from the start of either. */
export interface Region {
  readonly offset: number
  readonly length: number
}
