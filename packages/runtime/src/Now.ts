/** Effects that are done already: synchronous drivers answer with an `Either`, which a turn can look into without a fiber. */
import { Effect, Either } from "effect"

/**
 * True if the effect's result is there. An `Either` that stands for an `Effect<A, E>` holds just these types. Asked several times for a request, so it looks
 * at the tag alone: no other effect has one of these.
 */
export const isNow = <A, E>(effect: Effect.Effect<A, E>): effect is Either.Either<A, E> =>
  "_tag" in effect && (effect._tag === "Right" || effect._tag === "Left")

/** `Effect.map` that keeps what is done already done. */
export const mapNow = <A, B, E>(effect: Effect.Effect<A, E>, map: (value: A) => B): Effect.Effect<B, E> =>
  isNow(effect) ? Either.map(effect, map) : Effect.map(effect, map)

/** `Effect.flatMap` that keeps what is done already done. */
export const flatMapNow = <A, B, E, E2>(
  effect: Effect.Effect<A, E>,
  map: (value: A) => Effect.Effect<B, E2>
): Effect.Effect<B, E | E2> => {
  if (!isNow(effect)) return Effect.flatMap(effect, map)
  return Either.isLeft(effect) ? Either.left(effect.left) : map(effect.right)
}
