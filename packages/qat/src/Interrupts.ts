/**
 * Interrupts of a VF as functions of its registers: what is pending follows from the rings, so that a destination derives what the migration block
 * does not carry. Source: `qat_common/adf_gen4_hw_data.h`, `adf_isr.c`, `adf_transport.c` for what drivers do; section 2.5 of the register
 * specification.
 *
 * I1 A flag is the level of its source: it falls when the cause is gone. Writing 1 to it acknowledges, and raises again what still holds.
 * I2 INT_FLAG_EN passes flags on at once, INT_COL_EN when the coalescing timer has run out (at once if it is off).
 * I3 INT_FLAG_AND_COL sets INT_COL_EN and begins anew: 0 masks the bank, the mask arms it again and raises what came meanwhile.
 * I4 One interrupt too many is allowed, a lost one is not.
 */
import { csr, hasLatch, Latch, misc, pokeCsr, pokeLatch, type RegisterFile } from "./RegisterFile.ts"
import { banksPerVf, coalescingEnable, type CsrName, ringsPerBank } from "./Registers.ts"
import { isEmpty, isFull } from "./RingStatus.ts"

/** Source selects, 3 bits a ring (of 4): full rises; full falls, which is no level and never holds. Any other: not empty. */
const fullRises = 3
const fullFalls = 7

const holds = (file: RegisterFile, bank: number, ring: number): boolean => {
  const source = (csr(file, bank, "INT_SRCSEL") >>> (4 * ring)) & 7
  if (source === fullFalls) return false
  return source === fullRises ? isFull(file, bank, ring) : !isEmpty(file, bank, ring)
}

/** INT_FLAG: one bit for each ring whose source holds. */
export const flags = (file: RegisterFile, bank: number): number => {
  let bits = 0
  for (let ring = 0; ring < ringsPerBank; ring++) if (holds(file, bank, ring)) bits |= 1 << ring
  return bits
}

/** Length of the coalescing timer in microseconds, rounded up; 0 if it is off. One unit is 256 clocks of 1 ns. */
export const coalescingMicros = (file: RegisterFile, bank: number): number => {
  const control = csr(file, bank, "INT_COL_CTL")
  return (control & coalescingEnable) === 0 ? 0 : Math.ceil(((control & 0x7fff_ffff) * 256) / 1000)
}

/** Flags that one of these enables passes on; which hold is looked at only if there are any. */
const passed = (file: RegisterFile, bank: number, enables: number): number =>
  enables === 0 ? 0 : flags(file, bank) & enables

const coalesced = (file: RegisterFile, bank: number): number => passed(file, bank, csr(file, bank, "INT_COL_EN"))

/** Whether the bank asks for an interrupt: its bit of VINTSOU. */
export const line = (file: RegisterFile, bank: number): boolean =>
  passed(file, bank, csr(file, bank, "INT_FLAG_EN")) !== 0 ||
  (hasLatch(file, bank, Latch.fired) && coalesced(file, bank) !== 0) ||
  (csr(file, bank, "EXP_STAT") !== 0 && csr(file, bank, "EXP_INT_EN") !== 0)

/** VINTSOU: one bit for each bank that asks for an interrupt. */
export const sources = (file: RegisterFile): number => {
  let bits = 0
  for (let bank = 0; bank < banksPerVf; bank++) if (line(file, bank)) bits |= 1 << bank
  return bits
}

/** Bit of `pending` for a message of the PF. */
export const mailboxBit = 1 << banksPerVf

/** What the VF's interrupt vector is asked for and may deliver: bits 3:0 banks, bit 4 a message of the PF. */
export const pending = (file: RegisterFile): number =>
  (sources(file) & ~misc(file, "VINTMSK")) |
  ((misc(file, "PF2VM") & ~misc(file, "VINTMSKPF2VM") & 1) === 0 ? 0 : mailboxBit)

const start = (file: RegisterFile, bank: number): void =>
  pokeLatch(file, bank, coalescingMicros(file, bank) === 0 ? Latch.fired : Latch.coalescing, true)

/** Lets the timer follow the flags: it stops with the last cause, and starts with the first. Changes `file`. */
export const settle = (file: RegisterFile, bank: number): void => {
  if (coalesced(file, bank) === 0) pokeLatch(file, bank, Latch.coalescing | Latch.fired, false)
  else if (!hasLatch(file, bank, Latch.coalescing | Latch.fired)) start(file, bank)
}

/** A response was placed: one more cause, for which the timer runs again if it does not run. Changes `file`. */
export const placed = (file: RegisterFile, bank: number): void => {
  settle(file, bank)
  if (coalesced(file, bank) !== 0 && !hasLatch(file, bank, Latch.coalescing)) start(file, bank)
}

/** The coalescing timer has run out. Changes `file`. */
export const elapsed = (file: RegisterFile, bank: number): void => {
  if (!hasLatch(file, bank, Latch.coalescing)) return
  pokeLatch(file, bank, Latch.coalescing, false)
  if (coalesced(file, bank) !== 0) pokeLatch(file, bank, Latch.fired, true)
}

/** What a write to an interrupt register brings about, once it is stored. Changes `file`. */
export const afterWrite = (file: RegisterFile, bank: number, name: CsrName, value: number): void => {
  if (name === "INT_FLAG_AND_COL") {
    pokeCsr(file, bank, "INT_COL_EN", value)
    pokeLatch(file, bank, Latch.coalescing | Latch.fired, false)
  }
  if (name === "INT_FLAG" && (value & coalesced(file, bank)) !== 0) {
    pokeLatch(file, bank, Latch.coalescing | Latch.fired, false)
  }
  settle(file, bank)
}

/** Every cause that is there asks at once, as if each timer had run out: what a destination does before it runs. Changes `file`. */
export const derive = (file: RegisterFile): void => {
  for (let bank = 0; bank < banksPerVf; bank++) {
    pokeLatch(file, bank, Latch.coalescing | Latch.fired, false)
    if (coalesced(file, bank) !== 0) pokeLatch(file, bank, Latch.fired, true)
  }
}
