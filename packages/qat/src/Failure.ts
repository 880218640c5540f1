/** An errno and its reason as plain data: how a refusal stands in an event. The error classes come back by `toErrno`. */
import { EIO, type Errno, fromNumber, Refusal } from "@stopcopy/errno"
import { Option, Schema } from "effect"

export const Failure = Schema.Struct({
  /** Symbolic name, for readers of the journal. */
  name: Schema.String,
  /** Linux number, positive. */
  errno: Schema.Int,
  refusal: Schema.NullOr(Refusal)
})
export type Failure = typeof Failure.Type

/** The plain form of an error. Total. */
export const fromErrno = (error: Errno): Failure => ({
  name: error._tag,
  errno: error.errno,
  refusal: error.refusal ?? null
})

/**
 * The error of an errno that comes from outside, with why it matters; `EIO` for a number that this project does not use.
 */
export const fromOutside = (errno: number, why: { readonly refusal: Refusal }): Errno =>
  Option.getOrElse(fromNumber(errno, why.refusal), (): Errno => new EIO(why))

/** The error again. A number that this release does not know (a journal of a newer one) reads as `EIO`. */
export const toErrno = (failure: Failure): Errno =>
  Option.getOrElse(fromNumber(failure.errno, failure.refusal ?? undefined), (): Errno =>
    failure.refusal === null ? new EIO({}) : new EIO({ refusal: failure.refusal })
  )
