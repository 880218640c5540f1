/**
 * Accesses of a guest to a BAR, as a VMM forwards them: registers are 32 bits wide, an access of 8 bytes is two of them in ascending order, everything
 * else is refused. Little endian. Source: section 2 of the register specification.
 */
import { EINVAL, type Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import type { QatVfioPci } from "./QatVfioPci.ts"
import { because, hex } from "./Refusals.ts"
import { barBytes } from "./Registers.ts"

const refused = (bar: 0 | 2, offset: number, length: number): EINVAL =>
  new EINVAL(
    because(
      "region.access",
      "a BAR is accessed by 4 or 8 bytes at a multiple of 4, inside it",
      `BAR${bar}`,
      `${length} bytes at ${hex(offset)}`,
      `4 or 8 bytes within 0x0..${hex(barBytes[bar])}`,
      "access registers one or two at a time"
    )
  )

/** Offsets of the registers that an access touches, in ascending order. `EINVAL` for one that no register access is. */
export const registersOf = (
  bar: 0 | 2,
  offset: number,
  length: number
): Either.Either<ReadonlyArray<number>, EINVAL> => {
  const wide = length === 4 || length === 8
  const inside = Number.isInteger(offset) && offset >= 0 && offset % 4 === 0 && offset + length <= barBytes[bar]
  if (!wide || !inside) return Either.left(refused(bar, offset, length))
  return Either.right(length === 4 ? [offset] : [offset, offset + 4])
}

/** Reads `length` bytes at `offset`. Leaves no event. `EINVAL`. */
export const read = (
  driver: QatVfioPci,
  bar: 0 | 2,
  offset: number,
  length: number
): Effect.Effect<Uint8Array, EINVAL> =>
  Effect.gen(function* () {
    const offsets = yield* registersOf(bar, offset, length)
    const view = new DataView(new ArrayBuffer(length))
    for (const [index, each] of offsets.entries()) {
      view.setUint32(4 * index, yield* driver.readRegister(bar, each), true)
    }
    return new Uint8Array(view.buffer)
  })

/** Writes `bytes` at `offset`. `EINVAL`, and what the driver's register write fails with. */
export const write = (
  driver: QatVfioPci,
  bar: 0 | 2,
  offset: number,
  bytes: Uint8Array
): Effect.Effect<void, Errno | JournalError> =>
  Effect.gen(function* () {
    const offsets = yield* registersOf(bar, offset, bytes.length)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (const [index, each] of offsets.entries()) {
      yield* driver.writeRegister(bar, each, view.getUint32(4 * index, true))
    }
  })
