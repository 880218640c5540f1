/** What a migration was, in numbers. */

/** Parts of the downtime, in nanoseconds each: from the start of the drain until the destination is RUNNING; without the guest's own work and without drawing. */
export interface Downtime {
  readonly drain: number
  readonly save: number
  readonly transfer: number
  readonly load: number
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
  readonly downtime: Downtime
}
