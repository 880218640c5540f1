/** What the kit needs of a process that can pass descriptors. `@stopcopy/vfio-user/transport` has it as `makeKitDescriptors`. */
import type { Effect, Scope } from "effect"
import type { Store } from "./GuestMemory.ts"

/** An eventfd of this process. */
export interface Counter {
  readonly descriptor: number
  /** What was added since it was read last, 0n for nothing. */
  readonly read: () => bigint
}

/** A file in memory. */
export interface SharedMemory extends Store {
  readonly descriptor: number
}

/** Everything is closed with the scope. Descriptors that cannot be made are a defect of the machine. */
export interface KitDescriptors {
  readonly eventfd: Effect.Effect<Counter, never, Scope.Scope>
  /** `size` in bytes, all zero. */
  readonly memory: (size: number) => Effect.Effect<SharedMemory, never, Scope.Scope>
  /** Closes a descriptor that a server passed. */
  readonly close: (descriptor: number) => void
}
