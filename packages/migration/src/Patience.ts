/** How long the interpreter waits and how often it tries. A call that failed may have been carried out: every step may be repeated. */
import { Duration, Effect, type Exit, Fiber, Schedule } from "effect"

export interface Patience {
  /** How long one call may take. A change of state drains first: at most 5 seconds. */
  readonly call: Duration.DurationInput
  /** How often a call is tried before the step counts as failed. */
  readonly tries: number
  /** The pause before the second try; it doubles with each. */
  readonly pause: Duration.DurationInput
  /** The pause before a step in doubt is tried again, and before a forecast is made again. */
  readonly again: Duration.DurationInput
  /** Bytes of migration data asked for at a time: what is held in memory for each device. */
  readonly chunk: number
  /** How many devices of a group are called at the same time. */
  readonly together: number
}

export const defaultPatience: Patience = {
  call: "30 seconds",
  tries: 5,
  pause: "100 millis",
  again: "1 second",
  chunk: 64 * 1024,
  together: 16
}

/** No answer within the limit of a call. Whether it was carried out is unknown. */
interface NoAnswer {
  readonly _tag: "NoAnswer"
  readonly message: string
}

/** Failures of a moment: the identical call may succeed, and does no harm. */
const passing: ReadonlySet<string> = new Set([
  ...(["NoAnswer", "AgentUnreachable", "CallTimedOut", "CallBroken", "HostBusy", "HostFailed"] as const),
  ...(["EBUSY", "EAGAIN"] as const)
])

/**
 * A call that is awaited to its end once it was begun, also by a step that is not wanted any more: what comes after it must not overtake it. Tried
 * again where the failure may pass.
 */
export const patiently = <A, E extends { readonly _tag: string }>(
  { call: limit, pause, tries }: Patience,
  call: Effect.Effect<A, E>
): Effect.Effect<A, E | NoAnswer> => {
  const message = `no answer within ${Duration.toMillis(limit)} ms`
  const bounded = Effect.timeoutFail(call, {
    duration: limit,
    onTimeout: (): NoAnswer => ({ _tag: "NoAnswer", message })
  })
  const whole = bounded.pipe(
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await),
    Effect.flatMap((exit): Exit.Exit<A, E | NoAnswer> => exit),
    Effect.uninterruptible
  )
  const schedule = Schedule.intersect(Schedule.exponential(pause), Schedule.recurs(tries - 1))
  return Effect.retry(whole, { schedule, while: ({ _tag }) => passing.has(_tag) })
}
