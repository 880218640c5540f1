/** What a migration was, in numbers. */
import type { Views } from "@stopcopy/agent"

/**
 * Parts of the blackout, in nanoseconds each: from the start of the drain, with which requests are answered no more, until the guest goes on at the
 * destination. The guest's CPUs stand still from `stop` on.
 */
export interface Blackout {
  readonly drain: number
  readonly stop: number
  readonly transfer: number
  readonly load: number
  readonly epoch: number
  readonly resume: number
}

/** Bytes and chunks of one transfer. */
export interface Transfer {
  readonly bytes: number
  readonly chunks: number
}

/** What a migration was. */
export interface Migrated {
  readonly setup: Transfer
  readonly state: Transfer
  /** Pages of guest memory that were copied while the guest worked, and after it had stopped. */
  readonly pages: { readonly live: number; readonly last: number }
  readonly blackout: Blackout
  /** The epoch that the destination has now. */
  readonly epoch: number
  /** Of both sides, when they were compared. */
  readonly digests: Views.Digests
}
