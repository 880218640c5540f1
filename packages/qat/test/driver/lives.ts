/** Lives of a VF: what a guest may write to its registers, at random or by hand. */
import type { Errno } from "@stopcopy/errno"
import { Registers, type QatVfioPci } from "@stopcopy/qat"
import type { JournalError } from "@stopcopy/runtime"
import { Effect, FastCheck as fc } from "effect"

/** One write of a guest; `offset` in bytes of the BAR. */
interface Write {
  readonly bar: 0 | 2
  readonly offset: number
  readonly value: number
}

/** Offset of a bank register in BAR0, in bytes. */
export const csrOffset = (bank: number, name: Registers.CsrName): number =>
  bank * Registers.bankStride + Registers.csrs[Registers.csrIndex[name]].offset
/** Offset of a ring register in BAR0, in bytes. */
export const ringOffset = (bank: number, ring: number, name: Registers.RingRegisterName): number =>
  bank * Registers.bankStride + Registers.ringOffset(name, ring)

const banks = Array.from({ length: Registers.banksPerVf }, (_, bank) => bank)
const bar0 = banks.flatMap((bank) => [
  ...Registers.csrs.map(({ name }) => csrOffset(bank, name)),
  ...Registers.ringRegisters.flatMap(({ name }) => [ringOffset(bank, 0, name), ringOffset(bank, 1, name)])
])
const bar2 = Registers.miscRegisters.map(({ vfOffset }) => vfOffset)

/** Small values make rings of real sizes and pointers that meet; large ones fill every bit. */
const value = fc.oneof(fc.constantFrom(0, 1, 0x40, 0x80, 0x2009, 0x210a, 0xf), fc.integer({ min: 0, max: 0xffff_ffff }))

const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ bar: fc.constant<0>(0), offset: fc.constantFrom(...bar0), value }) },
  { weight: 1, arbitrary: fc.record({ bar: fc.constant<2>(2), offset: fc.constantFrom(...bar2), value }) }
)

/** Any sequence of writes to any register, also those that only the device writes. */
export const life: fc.Arbitrary<ReadonlyArray<Write>> = fc.array(write, { maxLength: 120 })

/** The guest's INIT and COMPAT_VER_REQ (version 4), rings of bank 0 in use, interrupts and coalescing on. */
export const busy: ReadonlyArray<Write> = [
  { bar: 2, offset: 0x100c, value: 0x41b },
  { bar: 2, offset: 0x100c, value: 0x00f },
  { bar: 2, offset: 0x0004, value: 0x1 },
  { bar: 0, offset: ringOffset(0, 0, "CONFIG"), value: 0x2009 },
  { bar: 0, offset: ringOffset(0, 0, "LBASE"), value: 0x1234_4000 },
  { bar: 0, offset: ringOffset(0, 0, "UBASE"), value: 0x1 },
  { bar: 0, offset: ringOffset(0, 1, "CONFIG"), value: 0x210a },
  { bar: 0, offset: ringOffset(0, 1, "TAIL"), value: 0x40 },
  { bar: 0, offset: ringOffset(0, 0, "TAIL"), value: 0x180 },
  { bar: 0, offset: csrOffset(0, "INT_COL_EN"), value: 0x2 },
  { bar: 0, offset: csrOffset(0, "INT_COL_CTL"), value: 0x8000_1000 },
  { bar: 0, offset: csrOffset(0, "INT_FLAG_EN"), value: 0x2 },
  { bar: 0, offset: csrOffset(0, "RING_SRV_ARB_EN"), value: 0x1 }
]

/** Carries out writes in order. */
export const live = (
  driver: QatVfioPci.QatVfioPci,
  writes: ReadonlyArray<Write>
): Effect.Effect<void, Errno | JournalError> =>
  Effect.forEach(writes, ({ bar, offset, value }) => driver.writeRegister(bar, offset, value), { discard: true })
