/** How a batch of register accesses reaches its actor: with one ask, which is one write to the actor's tape. */
import type { accesses, Registers } from "./registers.ts"

/** Every access of the batch is decided, and written when this is done. */
export const accessBatch = (actor: Registers, batch: ReturnType<typeof accesses>) => actor.askAll(batch)
