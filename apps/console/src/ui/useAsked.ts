/** Asks the coordinator something that depends on what somebody chooses: the answer to the last choice is the one that counts. */
import { Effect, Fiber } from "effect"
import { useEffect, useState } from "react"
import type { Loaded } from "../live/Resource.ts"
import type { CallError, Problem } from "../session/Problem.ts"

/** Who goes on choosing within this time is asked for later. */
const pause = "150 millis"

interface Asked<A> {
  /** Another key is another question. */
  readonly key: string
  readonly ask: Effect.Effect<A, CallError>
  readonly problem: (error: CallError) => Problem
}

export const useAsked = <A>({ ask, key, problem }: Asked<A>): Loaded<A> => {
  const [answer, setAnswer] = useState<{ readonly key: string; readonly loaded: Loaded<A> }>()
  useEffect(() => {
    const asking = Effect.sleep(pause).pipe(
      Effect.zipRight(ask),
      Effect.match({
        onFailure: (error): Loaded<A> => ({ _tag: "Failed", problem: problem(error) }),
        onSuccess: (value): Loaded<A> => ({ _tag: "Ready", value, problem: undefined })
      }),
      Effect.tap((loaded) => Effect.sync(() => setAnswer({ key, loaded })))
    )
    const fiber = Effect.runFork(asking)
    return () => void Effect.runFork(Fiber.interrupt(fiber))
    // The key says when it is another question; `ask` is a new value with each rendering.
  }, [key])
  return answer?.key === key ? answer.loaded : { _tag: "Loading" }
}
