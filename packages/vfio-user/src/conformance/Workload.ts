/** Work that a real device can be made to do, for clauses about DMA. A workload knows its device; the kit knows the protocol. */
import type { Effect } from "effect"
import type { Broken, NotApplicable } from "./Verdict.ts"
import type { GuestMemory } from "./GuestMemory.ts"

/** What a workload works with. */
export interface Workbench {
  /** Writes a register of `bytes.length` bytes and waits until the device has it. */
  readonly write: (region: number, offset: number, bytes: Uint8Array) => Effect.Effect<void, Broken>
  /** Reads a register of so many bytes. */
  readonly read: (region: number, offset: number, count: number) => Effect.Effect<Uint8Array, Broken>
  /** The client's memory, all of it mapped for the device. */
  readonly memory: GuestMemory
}

/** A device that was set up. */
export interface Working {
  /** Gives the device one more piece of work. */
  readonly submit: Effect.Effect<void, Broken>
  /** Pieces of work whose results are in memory. Fails if one is wrong. */
  readonly finished: Effect.Effect<number, Broken>
}

export interface Workload {
  /** The device, for people. */
  readonly name: string
  /** Whether it is for a device with these PCI ids. */
  readonly isFor: (vendor: number, device: number) => boolean
  /** Memory that it needs, in bytes, whole pages. */
  readonly memoryBytes: number
  /** Sets the device up from its initial state. Not applicable: this one is not configured for the work. */
  readonly begin: (workbench: Workbench) => Effect.Effect<Working, Broken | NotApplicable>
}
