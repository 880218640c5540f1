/** How a batch of register accesses reaches its actor: one ask after the other, each written before the next. */
import { Effect } from "effect"
import type { accesses, Registers } from "./registers.ts"

/** Every access of the batch is decided, and written when this is done. */
export const accessBatch = (actor: Registers, batch: ReturnType<typeof accesses>) =>
  Effect.gen(function* () {
    for (const access of batch) yield* actor.ask(access)
  })
