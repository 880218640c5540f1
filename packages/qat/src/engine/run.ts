/** Carries out the steps of a request over guest memory: at once as long as the memory is at hand, as an effect otherwise. */
import { Now } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import type { DmaAccess, DmaFault } from "./Dma.ts"
import type { DmaRead, Steps } from "./Steps.ts"

const goOn = <A>(dma: DmaAccess, steps: Steps<A>, from: IteratorResult<DmaRead, A>): Effect.Effect<A, DmaFault> => {
  let next = from
  while (next.done !== true) {
    const bytes = dma.read(next.value.address, next.value.length)
    if (!Now.isNow(bytes)) return Effect.flatMap(bytes, (later) => goOn(dma, steps, steps.next(later)))
    if (Either.isLeft(bytes)) return Either.left(bytes.left)
    next = steps.next(bytes.right)
  }
  return Either.right(next.value)
}

/** What the steps come to; an `Either` where all memory was at hand. Fails with the first read that faults. */
export const run = <A>(dma: DmaAccess, steps: Steps<A>): Effect.Effect<A, DmaFault> => goOn(dma, steps, steps.next())
