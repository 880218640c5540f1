/**
 * The status registers of a bank as functions of its rings: empty, nearly empty, nearly full, full. Derived, never
 * stored, so that a source and a destination with the same pointers always agree. Source: `qat_common/
 * adf_transport_access_macros.h` for sizes and watermarks; the rule for head = tail is ours and passes the restore order
 * of `adf_bank_state.c`: re-writing the TX head makes equality mean empty, re-writing the RX tail makes it mean full.
 */

import { type RegisterFile, ringRegister, tailLast } from "./RegisterFile.ts"
import { ringsPerBank } from "./Registers.ts"

/** Watermark codes with a known meaning, in bytes; every other code counts as 0. */
const watermarkBytes: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [8, 512]
])
/** Size codes a ring can have: 128 bytes to 4 MiB. */
const smallestSizeCode = 1
const largestSizeCode = 16

/** Size of a ring in bytes from RING_CONFIG bits 4:0; 0 for a ring that is not configured. */
export const ringBytes = (config: number): number => {
  const code = config & 0x1f
  return code < smallestSizeCode || code > largestSizeCode ? 0 : 1 << (code + 6)
}

interface RingStatus {
  readonly empty: boolean
  readonly nearlyEmpty: boolean
  readonly nearlyFull: boolean
  readonly full: boolean
}

/**
 * Status of one ring. `tailLast`: the latest pointer write to the ring was a tail write, which decides what head = tail
 * means. A ring that is not configured is empty.
 */
export const ringStatus = (config: number, head: number, tail: number, tailLast: boolean): RingStatus => {
  const size = ringBytes(config)
  if (size === 0) return { empty: true, nearlyEmpty: true, nearlyFull: false, full: false }
  const full = head === tail && tailLast
  const used = full ? size : (tail - head) & (size - 1)
  const nearlyEmptyBytes = watermarkBytes.get((config >>> 5) & 0x1f) ?? 0
  const nearlyFullBytes = watermarkBytes.get((config >>> 10) & 0x1f) ?? 0
  return {
    empty: head === tail && !tailLast,
    nearlyEmpty: used <= nearlyEmptyBytes,
    nearlyFull: used >= size - nearlyFullBytes,
    full
  }
}

/** Status of a ring of a bank. */
export const statusOf = (file: RegisterFile, bank: number, ring: number): RingStatus =>
  ringStatus(
    ringRegister(file, bank, ring, "CONFIG"),
    ringRegister(file, bank, ring, "HEAD"),
    ringRegister(file, bank, ring, "TAIL"),
    tailLast(file, bank, ring)
  )

/** The same for two statuses that every register access asks for: as functions, which make nothing. */
export const isFull = (file: RegisterFile, bank: number, ring: number): boolean =>
  tailLast(file, bank, ring) && meets(file, bank, ring)

export const isEmpty = (file: RegisterFile, bank: number, ring: number): boolean =>
  ringBytes(ringRegister(file, bank, ring, "CONFIG")) === 0 ||
  (!tailLast(file, bank, ring) && ringRegister(file, bank, ring, "HEAD") === ringRegister(file, bank, ring, "TAIL"))

/** Head and tail of a ring that is configured meet. */
const meets = (file: RegisterFile, bank: number, ring: number): boolean =>
  ringBytes(ringRegister(file, bank, ring, "CONFIG")) !== 0 &&
  ringRegister(file, bank, ring, "HEAD") === ringRegister(file, bank, ring, "TAIL")

/** A status register of a bank: one bit for each ring that has the status. */
export const bitPerRing = (file: RegisterFile, bank: number, status: keyof RingStatus): number => {
  let bits = 0
  for (let ring = 0; ring < ringsPerBank; ring++) if (statusOf(file, bank, ring)[status]) bits |= 1 << ring
  return bits
}
