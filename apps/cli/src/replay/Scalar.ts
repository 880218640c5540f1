/** Single values of events and states for people: bytes as a count, registers and masks in hexadecimal, states by name. */
import { MigrationStates } from "@stopcopy/vfio"
import { Encoding, Either } from "effect"

/** Fields that hold bytes as base64 text. */
const byteFields: ReadonlySet<string> = new Set(["block", "bytes", "argument", "payload"])

/** The bytes of a field that holds base64 text; none for every other field. */
export const bytesOfField = (name: string, value: unknown): Uint8Array | undefined => {
  if (!byteFields.has(name) || typeof value !== "string") return undefined
  return Either.getOrUndefined(Encoding.decodeBase64(value))
}

/** Names in capitals are registers; the others are masks and ids. */
const hexFields =
  /(^|\.)[A-Z][A-Z0-9_]*$|^(gencap|svcmap|extdc|deviceId|vendor|stoppedBanks|drained|banks|ringPairMask|vm2pf|pf2vm)$/

/** `0x` and lower-case digits. Large integers come as decimal text. */
const hexText = (value: string | number): string => `0x${BigInt(value).toString(16)}`

const isInteger = (value: unknown): value is string | number =>
  Number.isSafeInteger(value) || (typeof value === "string" && /^\d+$/.test(value))

/** A value that is neither a record nor an array. */
export const scalarText = (name: string, value: unknown): string => {
  if (value === null) return "none"
  if (name === "requested" && typeof value === "number") return MigrationStates.describeNumber(value)
  return isInteger(value) && hexFields.test(name) ? hexText(value) : String(value)
}
