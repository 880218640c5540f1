/** What a service waits for: to be asked to end, by a signal or, where it was started as a child, by the end of its standard input. */
import { Effect, type Scope } from "effect"
import { endOfInput } from "./endOfInput.ts"
import { endSignal } from "./Signals.ts"

/** Listens until the scope ends. The effect that it gives waits until the process is asked to end, and says how. */
export const endAsked = (untilStdinEnds: boolean): Effect.Effect<Effect.Effect<string>, never, Scope.Scope> =>
  Effect.map(endSignal, (signal) => (untilStdinEnds ? Effect.raceFirst(signal, endOfInput) : signal))
