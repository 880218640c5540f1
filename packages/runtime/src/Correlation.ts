/**
 * Correlation and causation as part of the fiber: set once at the border, recorded with every batch below it, never passed by
 * hand. Source: `docs/architecture.md`, "Envelope".
 */
import { Effect, FiberRef } from "effect"
import type { Envelope } from "./Envelope.ts"

/** Correlation id of what this fiber does. None: each batch that starts something is its own correlation. */
export const currentCorrelation: FiberRef.FiberRef<string | undefined> = FiberRef.unsafeMake<string | undefined>(
  undefined
)

/** Id of the event that led to what this fiber does (`Envelope.ts`, `causation`). */
export const currentCausation: FiberRef.FiberRef<string | null> = FiberRef.unsafeMake<string | null>(null)

/** Everything that `effect` records belongs to `id`. */
export const withCorrelation =
  (id: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.locally(effect, currentCorrelation, id)

/** What `effect` records was led to by event `sequence` of this process's journal, or of the journal with id `journal`. */
export const withCausation =
  (sequence: number, journal?: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.locally(effect, currentCausation, journal === undefined ? `${sequence}` : `${journal}/${sequence}`)

/** What `effect` records was led to by this event of this process's journal, and belongs to what the event belongs to. */
export const reacting =
  ({ correlation, sequence }: Pick<Envelope, "correlation" | "sequence">) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    effect.pipe(withCorrelation(correlation), withCausation(sequence))

/** The ids that what this fiber records will carry: to be sent along with a call to another process. */
export const currentContext: Effect.Effect<{
  readonly correlation: string | undefined
  readonly causation: string | null
}> = Effect.all({ correlation: FiberRef.get(currentCorrelation), causation: FiberRef.get(currentCausation) })

/** The correlation of a batch recorded outside any: a stream, and the version of an event in it (which one: `FORMAT.md`, "What is stored"). */
export const ownCorrelation = (stream: string, version: number): string => `${stream}@${version}`
