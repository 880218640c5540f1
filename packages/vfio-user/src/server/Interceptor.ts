/**
 * Somebody who stands between a client and the device and misbehaves on purpose: for tests of what clients do about servers that fail, are slow, or say
 * nothing. Used by those who inject faults; a server has none unless it is given one.
 */

/**
 * What becomes of a command instead of its answer. A delayed one goes its way afterwards; those behind it wait. One that loses its answer is done, and its
 * client is not told.
 */
export type Verdict =
  | { readonly _tag: "Fail"; readonly errno: number }
  | { readonly _tag: "Drop" }
  | { readonly _tag: "LoseAnswer" }
  | { readonly _tag: "Delay"; readonly millis: number }

export interface Interceptor {
  /** Whether commands are looked at. While it is false they are as fast as without an interceptor. */
  readonly isArmed: boolean
  /** Asked once for each command, in their order, before anything of it is done. Undefined: it goes its way. */
  readonly judge: (command: number) => Verdict | undefined
}

/** Lets everything go its way. */
export const noInterceptor: Interceptor = { isArmed: false, judge: () => undefined }
