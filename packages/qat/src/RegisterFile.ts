/**
 * All registers of one VF in one array of 114 32-bit words: a copy is one allocation, and a turn changes a copy.
 * Per bank 27 words: the 16 registers of `csrs` in order, 5 words for each of the two rings, one word of latches that no
 * guest sees; then the 6 interrupt and mailbox registers. What reads and writes do is in `RegisterAccess.ts`.
 */
import { Schema } from "effect"
import {
  banksPerVf,
  csrIndex,
  type CsrName,
  csrs,
  type MiscName,
  miscIndex,
  miscRegisters,
  ringIndex,
  type RingRegisterName,
  ringRegisters,
  ringsPerBank
} from "./Registers.ts"

/**
 * `memory`: every register is plain memory (the reference vectors). `derived`: status registers follow head, tail and configuration,
 * writes to them are ignored, INT_FLAG is write-1-to-clear. `device`: as `derived`, and what stands behind the registers is there
 * too: rings that are worked on, interrupts, exceptions, a mailbox with a PF behind it.
 */
export const RegisterModel = Schema.Literal("memory", "derived", "device")
export type RegisterModel = typeof RegisterModel.Type

const ringWords = ringRegisters.length
const latchWord = csrs.length + ringsPerBank * ringWords
const bankWords = latchWord + 1
const miscWord = banksPerVf * bankWords
/** Length of a register file, in 32-bit words. */
export const registerWords = miscWord + miscRegisters.length

/** Latch bit r: the last pointer write to ring r was to its tail. */
const tailLastLatch = (ring: number): number => 1 << ring
/**
 * Further latches. `drained` is RPRESETSTS bit 0: the bank stays stopped until released. `draining` is RPRESETCTL bit 2: nothing is fetched,
 * what was fetched ends. `coalescing`: the timer of the bank's interrupt runs. `fired`: it has run out, and the cause is still there.
 */
export const Latch = { drained: 0x100, draining: 0x200, coalescing: 0x400, fired: 0x800 } as const

export type RegisterFile = Uint32Array<ArrayBuffer>

/** Every register 0, as after a function-level reset; in the `derived` model every ring is then empty. */
export const reset = (): RegisterFile => new Uint32Array(registerWords)

const word = (file: RegisterFile, index: number): number => file[index] ?? 0

const csrWord = (bank: number, name: CsrName): number => bank * bankWords + csrIndex[name]
const ringWord = (bank: number, ring: number, name: RingRegisterName): number =>
  bank * bankWords + csrs.length + ring * ringWords + ringIndex[name]

/** The stored word of a bank's register, whatever the model. */
export const csr = (file: RegisterFile, bank: number, name: CsrName): number => word(file, csrWord(bank, name))
export const ringRegister = (file: RegisterFile, bank: number, ring: number, name: RingRegisterName): number =>
  word(file, ringWord(bank, ring, name))
export const misc = (file: RegisterFile, name: MiscName): number => word(file, miscWord + miscIndex[name])
/** The 64-bit base address of a ring. */
export const ringBase = (file: RegisterFile, bank: number, ring: number): bigint =>
  (BigInt(ringRegister(file, bank, ring, "UBASE")) << 32n) | BigInt(ringRegister(file, bank, ring, "LBASE"))
const latchOf = (bank: number): number => bank * bankWords + latchWord
/** Whether any of these latches (bits of `Latch`) of a bank is set. */
export const hasLatch = (file: RegisterFile, bank: number, latches: number): boolean =>
  (word(file, latchOf(bank)) & latches) !== 0
export const isDrained = (file: RegisterFile, bank: number): boolean => hasLatch(file, bank, Latch.drained)
/** Whether the latest pointer write to a ring was to its tail: what head = tail means. */
export const tailLast = (file: RegisterFile, bank: number, ring: number): boolean =>
  hasLatch(file, bank, tailLastLatch(ring))

/** Store without side effects: for building a file from a recorded configuration. Changes `file`. */
export const pokeCsr = (file: RegisterFile, bank: number, name: CsrName, value: number): void => {
  file[csrWord(bank, name)] = value
}
export const pokeRing = (
  file: RegisterFile,
  bank: number,
  ring: number,
  name: RingRegisterName,
  value: number
): void => {
  file[ringWord(bank, ring, name)] = value
}
/** Interrupt and mailbox registers have no side effects in storage: the PF acts on them (`pfvf`). Changes `file`. */
export const pokeMisc = (file: RegisterFile, name: MiscName, value: number): void => {
  file[miscWord + miscIndex[name]] = value
}
/** Sets or clears latches (bits of `Latch`) of a bank. Changes `file`. */
export const pokeLatch = (file: RegisterFile, bank: number, latches: number, on: boolean): void => {
  const at = latchOf(bank)
  file[at] = on ? word(file, at) | latches : word(file, at) & ~latches
}
/** RPRESETCTL drain done, or RPRESETSTS written with 1. Changes `file`. */
export const pokeDrained = (file: RegisterFile, bank: number, drained: boolean): void =>
  pokeLatch(file, bank, Latch.drained, drained)
/** A pointer of a ring moves: the latch of the latest pointer write follows. Changes `file`. */
export const movePointer = (
  file: RegisterFile,
  bank: number,
  ring: number,
  name: "HEAD" | "TAIL",
  value: number
): void => {
  pokeRing(file, bank, ring, name, value)
  pokeLatch(file, bank, tailLastLatch(ring), name === "TAIL")
}
/** All registers and latches of a bank are 0, as after its reset. Changes `file`. */
export const clearBank = (file: RegisterFile, bank: number): void => {
  file.fill(0, bank * bankWords, (bank + 1) * bankWords)
}
