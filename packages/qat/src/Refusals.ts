/** How this package words its refusals: every one is complete, and numbers are shown the way registers are read. */
import type { Refusal } from "@stopcopy/errno"

/** A refusal, all fields given. Kept as a function so that every rule reads the same. */
export const refusal = (fields: Refusal): Refusal => fields

/** The same as the fields of an error, to be written in one line where many stand together. */
export const because = (
  code: string,
  rule: string,
  where: string,
  source: string,
  destination: string,
  remedy: string
): { readonly refusal: Refusal } => ({ refusal: { code, rule, where, source, destination, remedy } })

/** `0x` and lower-case digits: masks, addresses, register values. */
export const hex = (value: number | bigint): string => `0x${value.toString(16)}`
