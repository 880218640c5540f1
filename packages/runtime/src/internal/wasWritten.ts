/** The one place where bytes become a typed value without a schema. */

/**
 * Says that `value` is an `A`. Proof, which the caller must have: its bytes were verified against the hash chain, so they are the bytes that an
 * encoder of this behavior version wrote; and for a schema that changes nothing, those are the JSON text of an `A`.
 */
export const wasWritten = <A>(value: unknown): value is A => value !== undefined
