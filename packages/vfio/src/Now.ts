/** Effects that are done already: an `Either` is an effect whose result is there, so nobody needs a fiber to look into it. */
import { Effect, Either } from "effect"

/** True if the effect's result is there. An `Either` that stands for an `Effect<A, E>` holds just these types. */
export const isNow = <A, E>(effect: Effect.Effect<A, E>): effect is Either.Either<A, E> => Either.isEither(effect)

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
