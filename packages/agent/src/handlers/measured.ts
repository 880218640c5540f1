/** What a host measures of its calls: how many, how they ended, how long they took. Shown at `/metrics`. */
import { Cause, Duration, Effect, Exit, Metric, MetricBoundaries, Option } from "effect"

const calls = Metric.counter("stopcopy_agent_calls_total", {
  description: "Calls of the agent's contract that ended, by call and by outcome: ok, or the tag of the error",
  incremental: true
})

/** 1 ms to 16 s: a call without a drain takes few milliseconds, a drain at most 5 seconds. */
const seconds = Metric.histogram(
  "stopcopy_agent_call_seconds",
  MetricBoundaries.exponential({ start: 0.001, factor: 4, count: 8 }),
  "How long calls of the agent's contract took, in seconds"
)

const outcomeOf = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string => {
  if (Exit.isSuccess(exit)) return "ok"
  const failure = Cause.failureOption(exit.cause)
  if (Option.isSome(failure)) return failure.value._tag
  return Cause.isInterruptedOnly(exit.cause) ? "interrupted" : "defect"
}

/** Measures a call by its name. */
export const measured = <A, E extends { readonly _tag: string }, R>(
  call: string,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.timed(Effect.exit(effect)), ([took, exit]) =>
    Metric.increment(calls).pipe(
      Effect.tagMetrics("outcome", outcomeOf(exit)),
      Effect.zipRight(Metric.update(seconds, Duration.toSeconds(took))),
      Effect.tagMetrics("call", call),
      Effect.zipRight(exit)
    )
  )
