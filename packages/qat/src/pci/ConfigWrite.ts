/**
 * What a write to config space does, register by register. Sources: the PCI Local Bus and PCI Express specifications; section 7 of the vfio-user
 * specification, "PCI config space", for widths and errnos.
 *
 * C1 A write is applied from its first byte on and stops at the first register that refuses its part; what was applied stays.
 * C2 Registers that the list calls read-only are `EINVAL`, read-only parts of capabilities `EPERM`, those of power management `ENOTSUP`; reserved
 *    bits and bits of the hardware are ignored.
 * C3 Function level reset ends the write: nothing behind it is looked at.
 */
import { EINVAL, ENOTSUP, EPERM, type Errno } from "@stopcopy/errno"
import { Either } from "effect"
import { because, hex } from "../Refusals.ts"
import {
  isPowerState,
  configBytes,
  deviceControlAt,
  type Field,
  fieldAt,
  functionReset,
  powerControlAt
} from "./ConfigLayout.ts"

/** What a write comes to. */
interface ConfigWrite {
  /** Bytes that change, in order. */
  readonly changes: ReadonlyArray<{ readonly offset: number; readonly bytes: Uint8Array }>
  readonly resets: boolean
  readonly failure: Errno | undefined
}

const where = ({ name, offset }: Field): string => `config space ${hex(offset)}, ${name}`

const nothingThere = (offset: number): EINVAL =>
  new EINVAL(
    because(
      "config.register",
      "a write goes to a register",
      `config space ${hex(offset)}`,
      "no register",
      "a register of the header or of a capability",
      "write registers one by one"
    )
  )

const outside = (offset: number, length: number): EINVAL =>
  new EINVAL(
    because(
      "config.outside",
      "an access lies in config space",
      "config space",
      `${length} bytes at ${hex(offset)}`,
      `0x0..${hex(configBytes)}`,
      "stay inside config space"
    )
  )

const badWidth = (field: Field, bytes: number): EINVAL =>
  new EINVAL(
    because(
      "config.width",
      "this register is written whole",
      where(field),
      `${bytes} bytes`,
      `${field.bytes} bytes at ${hex(field.offset)}`,
      "write the whole register"
    )
  )

const badValue = (field: Field, value: number): EINVAL =>
  new EINVAL(
    because(
      "config.value",
      "only bits that there are may be set",
      where(field),
      hex(value),
      "bits of the register",
      "clear the other bits"
    )
  )

const readOnly = (field: Field): Errno => {
  const why = because("config.readOnly", "this register is read-only", where(field), "a write", "reads", "leave it out")
  if (field.write === "EPERM") return new EPERM(why)
  return field.write === "ENOTSUP" ? new ENOTSUP(why) : new EINVAL(why)
}

/** The field's value with `piece` put in at `from`. */
const merged = (field: Field, config: Uint8Array, from: number, piece: Uint8Array): number => {
  let value = 0
  for (let index = field.bytes - 1; index >= 0; index--) {
    const at = field.offset + index - from
    const byte = at >= 0 && at < piece.length ? piece[at] : config[field.offset + index]
    value = value * 0x100 + (byte ?? 0)
  }
  return value
}

const current = (field: Field, config: Uint8Array): number => merged(field, config, field.offset, new Uint8Array(0))

const bytesOf = (value: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (value >>> (8 * index)) & 0xff)

/** The register's new value; none if it stays as it is. */
const written = (
  field: Field,
  config: Uint8Array,
  from: number,
  piece: Uint8Array
): Either.Either<number | undefined, Errno> => {
  if (field.whole && piece.length !== field.bytes) return Either.left(badWidth(field, piece.length))
  if (field.write !== "store" && field.write !== "ignore") return Either.left(readOnly(field))
  const asked = merged(field, config, from, piece)
  if (field.accepts?.(asked) === false) return Either.left(badValue(field, asked))
  if (field.write === "ignore" || (field.offset === powerControlAt && !isPowerState(asked))) {
    return Either.right(undefined)
  }
  const before = current(field, config)
  const after = ((before & ~field.mask) | (asked & field.mask)) >>> 0
  return Either.right(after === before ? undefined : after)
}

/** Whether these bytes, written at `from`, ask for a function level reset. */
const asksForReset = (field: Field, from: number, piece: Uint8Array): boolean =>
  field.offset === deviceControlAt && (merged(field, new Uint8Array(0), from, piece) & functionReset) !== 0

/** What writing `bytes` at `offset` comes to. Total: any offset, any length. */
export const writeConfig = (config: Uint8Array, offset: number, bytes: Uint8Array): ConfigWrite => {
  const changes: Array<{ readonly offset: number; readonly bytes: Uint8Array }> = []
  const ended = (failure?: Errno, resets = false): ConfigWrite => ({ changes, resets, failure })
  if (offset < 0 || offset + bytes.length > configBytes) return ended(outside(offset, bytes.length))
  let at = offset
  while (at < offset + bytes.length) {
    const field = fieldAt(at)
    if (field === undefined) return ended(nothingThere(at))
    const end = Math.min(field.offset + field.bytes, offset + bytes.length)
    const piece = bytes.subarray(at - offset, end - offset)
    const value = written(field, config, at, piece)
    if (Either.isLeft(value)) return ended(value.left)
    if (asksForReset(field, at, piece)) return ended(undefined, true)
    if (value.right !== undefined) changes.push({ offset: field.offset, bytes: bytesOf(value.right, field.bytes) })
    at = end
  }
  return ended()
}
