/** How this package words its refusals. */
import type { Refusal } from "@stopcopy/errno"

/** A refusal as the fields of an error, all of it given. */
export const because = (
  code: string,
  rule: string,
  where: string,
  source: string,
  destination: string,
  remedy: string
): { readonly refusal: Refusal } => ({ refusal: { code: `vmm.${code}`, rule, where, source, destination, remedy } })

/** Addresses and register values as people read them. */
export const hex = (value: number | bigint): string => `0x${value.toString(16)}`
