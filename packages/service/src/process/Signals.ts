/** The signals by which a process is asked to end. The second one ends it at once. */
import { Effect, type Scope } from "effect"
import { constants } from "node:os"

const signals = ["SIGTERM", "SIGINT"] as const
type Signal = (typeof signals)[number]

/** What a shell says of a process that a signal has ended. */
const codeOf = (signal: Signal): number => 128 + constants.signals[signal]

/** Listens until the scope ends. The effect that it gives waits for the first signal. */
export const endSignal: Effect.Effect<Effect.Effect<Signal>, never, Scope.Scope> = Effect.gen(function* () {
  const asked = Effect.unsafeMakeLatch(false)
  let first: Signal | undefined
  const hear = (signal: Signal) => (): void => {
    if (first !== undefined) process.exit(codeOf(signal))
    first = signal
    asked.unsafeOpen()
  }
  for (const signal of signals) {
    const heard = hear(signal)
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on(signal, heard)),
      () => Effect.sync(() => process.off(signal, heard))
    )
  }
  return Effect.map(asked.await, () => first ?? "SIGTERM")
})
