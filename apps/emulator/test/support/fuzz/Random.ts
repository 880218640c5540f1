/** Numbers from a seed: the same seed gives the same ones. */
import { Utils } from "effect"

/** A whole number from 0 to `limit` - 1. */
export type Below = (limit: number) => number

export const numbersFrom = (seed: number): Below => {
  const random = new Utils.PCGRandom(seed)
  return (limit) => random.integer(limit)
}

/** One of several. */
export const pick = <A>(below: Below, from: readonly [A, ...ReadonlyArray<A>]): A => from[below(from.length)] ?? from[0]

/** Whether something happens that happens once in so many times. */
export const oneIn = (below: Below, times: number): boolean => below(times) === 0

export const noise = (below: Below, bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, () => below(256))
