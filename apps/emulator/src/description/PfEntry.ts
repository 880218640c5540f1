/**
 * A PF as somebody describes it, in a file or by flags, before it is known whether a device can be like that. Every field that is left out has the value of
 * a usual device.
 */
import { Schema } from "effect"

/** The longest name of a PF: it is part of the path of a socket, which has at most 107 bytes. */
const nameLimit = 48
const mostVfs = 16

const said = (value: unknown): string => (typeof value === "string" ? `'${value}'` : JSON.stringify(value))

const PfName = Schema.String.pipe(
  Schema.pattern(new RegExp(`^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,${nameLimit - 1}}$`), {
    message: ({ actual }) =>
      `a name has 1 to ${nameLimit} letters, digits and _.:@-, and begins with one of the first two, not ${said(actual)}`
  })
)

const number = (what: string, least: number, most: number) =>
  Schema.Int.pipe(Schema.between(least, most)).annotations({
    message: ({ actual }) => ({
      message: `${what} is a whole number from ${least} to ${most}, not ${said(actual)}`,
      override: true
    })
  })

const maskText = /^(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})$/

/** A mask of 32 bits: a number, or text such as `0x4010000`. */
const Mask = Schema.transform(
  Schema.Union(Schema.Number, Schema.String.pipe(Schema.pattern(maskText))).annotations({
    message: ({ actual }) => ({
      message: `a mask is a number or '0x' and up to 8 digits, not ${said(actual)}`,
      override: true
    })
  }),
  number("a mask", 0, 0xffff_ffff),
  { strict: true, decode: Number, encode: (mask) => mask }
)

const services = ["sym", "asym", "dc"] as const
export type SlaService = (typeof services)[number]

/** A promise to one VF, of permille of what the device can do for a service. */
export const SlaEntry = Schema.Struct({
  vf: number("the number of a VF", 0, mostVfs - 1),
  service: Schema.Literal(...services).annotations({
    message: ({ actual }) => ({ message: `an SLA is of ${services.join(", ")}, not ${said(actual)}`, override: true })
  }),
  /** Committed and peak rate. */
  cir: number("a committed rate in permille", 0, 1000),
  pir: number("a peak rate in permille", 0, 1000)
})
export type SlaEntry = typeof SlaEntry.Type

const oneOf = <const Names extends readonly [string, ...ReadonlyArray<string>]>(what: string, names: Names) =>
  Schema.Literal(...names).annotations({
    message: ({ actual }) => ({ message: `${what} is ${names.join(", ")}, not ${said(actual)}`, override: true })
  })

export const PfEntry = Schema.Struct({
  name: PfName,
  type: oneOf("a device type", ["4xxx", "401xx", "402xx"]),
  vfs: number("a number of VFs", 1, mostVfs),
  /** As the driver's `cfg_services` has them: `sym;dc`. */
  services: Schema.optionalWith(Schema.String, { default: () => "sym;dc" }),
  /** Slices that are fused off (FUSECTL1). */
  fuses: Schema.optionalWith(Mask, { default: () => 0 }),
  /** Bits of the capability mask that it offers. Left out: all that the engine does for its services. */
  capabilities: Schema.optionalWith(Mask, { exact: true }),
  /** The driver without its quirks, or exactly. */
  mode: Schema.optionalWith(oneOf("a mode", ["safe", "kernel"]), { default: () => "safe" as const }),
  /** Whether a fatal error resets the device by itself. */
  autoReset: Schema.optionalWith(Schema.Boolean, { default: () => true }),
  slas: Schema.optionalWith(Schema.Array(SlaEntry), { default: () => [] })
})
export type PfEntry = typeof PfEntry.Type
