/** How this package words its refusals: every one is complete, and numbers are shown the way registers are read. */
import type { Refusal } from "@stopcopy/errno"

/** A refusal, all fields given. Kept as a function so that every rule reads the same. */
export const refusal = (fields: Refusal): Refusal => fields

/** `0x` and lower-case digits: masks, addresses, register values. */
export const hex = (value: number | bigint): string => `0x${value.toString(16)}`
