/**
 * All registers of one VF in one array of 114 32-bit words: a copy is one allocation, and a turn changes a copy.
 * Per bank 27 words: the 16 registers of `csrs` in order, 5 words for each of the two rings, one word of latches that no
 * guest sees; then the 6 interrupt and mailbox registers.
 *
 * Two models. `memory`: every register is plain memory (the reference vectors). `derived`: status registers follow head,
 * tail and configuration, writes to them are ignored, INT_FLAG is write-1-to-clear (the emulated device).
 */
import { Schema } from "effect"
import {
  banksPerVf,
  bankStride,
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
import { ringStatus, type RingStatus } from "./RingStatus.ts"

export const RegisterModel = Schema.Literal("memory", "derived")
export type RegisterModel = typeof RegisterModel.Type

const ringWords = ringRegisters.length
const latchWord = csrs.length + ringsPerBank * ringWords
const bankWords = latchWord + 1
const miscWord = banksPerVf * bankWords
/** Length of a register file, in 32-bit words. */
export const registerWords = miscWord + miscRegisters.length

/** Latch bit r: the last pointer write to ring r was to its tail. */
const tailLastLatch = (ring: number): number => 1 << ring
/** Latch bit 8, RPRESETSTS bit 0: the bank is drained and stays stopped until released. */
const drainedLatch = 0x100

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
export const isDrained = (file: RegisterFile, bank: number): boolean =>
  (word(file, bank * bankWords + latchWord) & drainedLatch) !== 0

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
/** Interrupt and mailbox registers have no side effects in storage: the PF acts on them (see `Pfvf`). Changes `file`. */
export const pokeMisc = (file: RegisterFile, name: MiscName, value: number): void => {
  file[miscWord + miscIndex[name]] = value
}
/** RPRESETCTL drain done, or RPRESETSTS written with 1. Changes `file`. */
export const pokeDrained = (file: RegisterFile, bank: number, drained: boolean): void => {
  const at = bank * bankWords + latchWord
  file[at] = drained ? word(file, at) | drainedLatch : word(file, at) & ~drainedLatch
}

const tailLast = (file: RegisterFile, bank: number, ring: number): boolean =>
  (word(file, bank * bankWords + latchWord) & tailLastLatch(ring)) !== 0

const statusOf = (file: RegisterFile, bank: number, ring: number): RingStatus =>
  ringStatus(
    ringRegister(file, bank, ring, "CONFIG"),
    ringRegister(file, bank, ring, "HEAD"),
    ringRegister(file, bank, ring, "TAIL"),
    tailLast(file, bank, ring)
  )

const bitPerRing = (file: RegisterFile, bank: number, pick: (status: RingStatus) => boolean): number => {
  let bits = 0
  for (let ring = 0; ring < ringsPerBank; ring++) if (pick(statusOf(file, bank, ring))) bits |= 1 << ring
  return bits
}

/** What a read of a bank register gives. STAT, C_STAT, UO_STAT and EXP_STAT of the `derived` model are 0. */
export const readCsr = (file: RegisterFile, model: RegisterModel, bank: number, name: CsrName): number => {
  if (model === "memory") return csr(file, bank, name)
  switch (name) {
    case "E_STAT":
      return bitPerRing(file, bank, (status) => status.empty)
    case "NE_STAT":
      return bitPerRing(file, bank, (status) => status.nearlyEmpty)
    case "NF_STAT":
      return bitPerRing(file, bank, (status) => status.nearlyFull)
    case "F_STAT":
      return bitPerRing(file, bank, (status) => status.full)
    case "STAT":
    case "C_STAT":
    case "UO_STAT":
    case "EXP_STAT":
      return 0
    default:
      return csr(file, bank, name)
  }
}

const writableCsr: ReadonlySet<string> = new Set(csrs.filter((fact) => fact.writable).map((fact) => fact.name))

/** A write to a bank register with its hardware effect. Changes `file`. */
export const writeCsr = (
  file: RegisterFile,
  model: RegisterModel,
  bank: number,
  name: CsrName,
  value: number
): void => {
  if (model === "memory") return pokeCsr(file, bank, name, value)
  if (!writableCsr.has(name)) return
  pokeCsr(file, bank, name, name === "INT_FLAG" ? csr(file, bank, name) & ~value : value)
}

/** A write to a ring register; the latch of the last pointer write follows. Changes `file`. */
export const writeRing = (
  file: RegisterFile,
  bank: number,
  ring: number,
  name: RingRegisterName,
  value: number
): void => {
  pokeRing(file, bank, ring, name, value)
  const latch = bank * bankWords + latchWord
  if (name === "TAIL") file[latch] = word(file, latch) | tailLastLatch(ring)
  if (name === "HEAD") file[latch] = word(file, latch) & ~tailLastLatch(ring)
}

/** What an offset in BAR0 names, if it names a register. */
export type Bar0Register =
  | { readonly kind: "csr"; readonly bank: number; readonly name: CsrName }
  | { readonly kind: "ring"; readonly bank: number; readonly ring: number; readonly name: RingRegisterName }

const csrAtOffset: ReadonlyMap<number, CsrName> = new Map(csrs.map((fact) => [fact.offset, fact.name]))
const ringAtOffset: ReadonlyMap<number, { readonly ring: number; readonly name: RingRegisterName }> = new Map(
  ringRegisters.flatMap((fact) =>
    Array.from({ length: ringsPerBank }, (_, ring) => [fact.offset + 4 * ring, { ring, name: fact.name }] as const)
  )
)

/** The register at a BAR0 offset (bytes); none where the device has no register. */
export const atBar0 = (offset: number): Bar0Register | undefined => {
  const bank = Math.floor(offset / bankStride)
  if (bank < 0 || bank >= banksPerVf) return undefined
  const inBank = offset % bankStride
  const name = csrAtOffset.get(inBank)
  if (name !== undefined) return { kind: "csr", bank, name }
  const ring = ringAtOffset.get(inBank)
  return ring === undefined ? undefined : { kind: "ring", bank, ...ring }
}

/** A 32-bit read at a BAR0 offset. Offsets without a register read 0. Changes nothing. */
export const readBar0 = (file: RegisterFile, model: RegisterModel, offset: number): number => {
  const register = atBar0(offset)
  if (register === undefined) return 0
  return register.kind === "csr"
    ? readCsr(file, model, register.bank, register.name)
    : ringRegister(file, register.bank, register.ring, register.name)
}

/** A 32-bit write at a BAR0 offset. Offsets without a register ignore it. Changes `file`. */
export const writeBar0 = (file: RegisterFile, model: RegisterModel, offset: number, value: number): void => {
  const register = atBar0(offset)
  if (register === undefined) return
  if (register.kind === "csr") writeCsr(file, model, register.bank, register.name, value)
  else writeRing(file, register.bank, register.ring, register.name, value)
}
