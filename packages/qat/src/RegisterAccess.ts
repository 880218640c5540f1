/**
 * What reads and writes of a VF's registers do, in each register model. Source: `qat_common/adf_gen4_hw_csr_data.h`; section 2 of the register
 * specification, and section 1.4 of the firmware specification for what a write to RING_CONFIG does.
 */
import * as Interrupts from "./Interrupts.ts"
import {
  csr,
  Latch,
  hasLatch,
  misc,
  movePointer,
  pokeCsr,
  pokeMisc,
  pokeRing,
  type RegisterFile,
  type RegisterModel,
  ringRegister
} from "./RegisterFile.ts"
import {
  banksPerVf,
  bankStride,
  type CsrName,
  csrs,
  type MiscName,
  miscRegisters,
  receive,
  type RingRegisterName,
  ringRegisters,
  ringsPerBank,
  transmit
} from "./Registers.ts"
import { bitPerRing, isFull, ringBytes } from "./RingStatus.ts"

/** What a read of a bank register gives. STAT and C_STAT of a device are 0; so are UO_STAT and EXP_STAT in the `derived` model. */
export const readCsr = (file: RegisterFile, model: RegisterModel, bank: number, name: CsrName): number => {
  if (model === "memory") return csr(file, bank, name)
  switch (name) {
    case "E_STAT":
      return bitPerRing(file, bank, "empty")
    case "NE_STAT":
      return bitPerRing(file, bank, "nearlyEmpty")
    case "NF_STAT":
      return bitPerRing(file, bank, "nearlyFull")
    case "F_STAT":
      return bitPerRing(file, bank, "full")
    case "STAT":
    case "C_STAT":
      return 0
    case "UO_STAT":
    case "EXP_STAT":
      return model === "device" ? csr(file, bank, name) : 0
    case "INT_FLAG":
      return model === "device" ? Interrupts.flags(file, bank) : csr(file, bank, name)
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
  if (name !== "INT_FLAG") pokeCsr(file, bank, name, value)
  else if (model === "derived") pokeCsr(file, bank, name, csr(file, bank, name) & ~value)
  if (model === "device") Interrupts.afterWrite(file, bank, name, value)
}

/** Least distance of two messages in a ring, in bytes: an asymmetric request, a response. */
const messageBytes = [64, 32] as const

/**
 * Whether software moves a pointer where no driver may: a request tail past the head, a response head past the tail, or either outside its
 * ring or inside a message.
 */
const misses = (file: RegisterFile, bank: number, ring: number, name: "HEAD" | "TAIL", value: number): boolean => {
  const size = ringBytes(ringRegister(file, bank, ring, "CONFIG"))
  if (size === 0) return false
  if (value >= size || value % (messageBytes[ring] ?? 1) !== 0) return true
  const [head, tail] = [ringRegister(file, bank, ring, "HEAD"), ringRegister(file, bank, ring, "TAIL")]
  const used = isFull(file, bank, ring) ? size : (tail - head) & (size - 1)
  const moved = (value - (name === "TAIL" ? tail : head)) & (size - 1)
  return name === "TAIL" ? used + moved > size : moved > used
}

/** The pointers that software owns: the engine moves the others, and of software only a restore does. */
const isSoftwares = (ring: number, name: RingRegisterName): name is "HEAD" | "TAIL" =>
  (ring === transmit && name === "TAIL") || (ring === receive && name === "HEAD")

/** Overrun and underrun are found while a bank works: the pointer jumps of a restore, into a stopped bank, are none. */
const noteMiss = (file: RegisterFile, bank: number, ring: number, name: RingRegisterName, value: number): void => {
  if (!isSoftwares(ring, name)) return
  if ((csr(file, bank, "RING_SRV_ARB_EN") & 1) === 0 || hasLatch(file, bank, Latch.drained | Latch.draining)) return
  if (!misses(file, bank, ring, name, value)) return
  pokeCsr(file, bank, "UO_STAT", csr(file, bank, "UO_STAT") | (1 << ring))
  pokeCsr(file, bank, "EXP_STAT", csr(file, bank, "EXP_STAT") | (1 << ring))
}

/**
 * A write to a ring register; the latch of the last pointer write follows. In the `device` model a write to CONFIG sets head and tail to 0: drivers
 * begin a ring that they make anew at 0 and never write the pointers themselves. Changes `file`.
 */
export const writeRing = (
  file: RegisterFile,
  model: RegisterModel,
  bank: number,
  ring: number,
  name: RingRegisterName,
  value: number
): void => {
  if (model === "device") noteMiss(file, bank, ring, name, value)
  if (name === "HEAD" || name === "TAIL") movePointer(file, bank, ring, name, value)
  else pokeRing(file, bank, ring, name, value)
  if (model !== "device") return
  if (name === "CONFIG") {
    movePointer(file, bank, ring, "TAIL", 0)
    movePointer(file, bank, ring, "HEAD", 0)
  }
  Interrupts.settle(file, bank)
}

/** What a read of an interrupt or mailbox register gives: a device's interrupt sources follow from the banks and the mailbox. */
export const readMisc = (file: RegisterFile, model: RegisterModel, name: MiscName): number => {
  if (model !== "device") return misc(file, name)
  if (name === "VINTSOU") return Interrupts.sources(file)
  return name === "VINTSOUPF2VM" ? misc(file, "PF2VM") & 1 : misc(file, name)
}

/** What an offset in BAR0 names, if it names a register. */
export type Bar0Register =
  | { readonly kind: "csr"; readonly bank: number; readonly name: CsrName }
  | { readonly kind: "ring"; readonly bank: number; readonly ring: number; readonly name: RingRegisterName }

/** Every register of BAR0 by its offset in 32-bit words: looked up on every access of a guest. */
const registersOfBar0: ReadonlyArray<Bar0Register | undefined> = (() => {
  const table = new Array<Bar0Register | undefined>((banksPerVf * bankStride) / 4).fill(undefined)
  for (let bank = 0; bank < banksPerVf; bank++) {
    const at = (offset: number): number => (bank * bankStride + offset) / 4
    for (const { name, offset } of csrs) table[at(offset)] = { kind: "csr", bank, name }
    for (const { name, offset } of ringRegisters) {
      for (let ring = 0; ring < ringsPerBank; ring++) table[at(offset + 4 * ring)] = { kind: "ring", bank, ring, name }
    }
  }
  return table
})()

/** The register at a BAR0 offset (bytes); none where the device has no register. */
export const atBar0 = (offset: number): Bar0Register | undefined => registersOfBar0[offset / 4]

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
  else writeRing(file, model, register.bank, register.ring, register.name, value)
}

const miscAtOffset: ReadonlyMap<number, MiscName> = new Map(miscRegisters.map((fact) => [fact.vfOffset, fact.name]))

/** A 32-bit read at a BAR2 offset. Offsets without a register read 0. Changes nothing. */
export const readBar2 = (file: RegisterFile, model: RegisterModel, offset: number): number => {
  const name = miscAtOffset.get(offset)
  return name === undefined ? 0 : readMisc(file, model, name)
}

/**
 * A 32-bit write at a BAR2 offset. Offsets without a register ignore it, and so do the interrupt sources of a device. What a
 * message means is the PF's business (`pfvf`). Changes `file`.
 */
export const writeBar2 = (file: RegisterFile, model: RegisterModel, offset: number, value: number): void => {
  const name = miscAtOffset.get(offset)
  if (name === undefined || (model === "device" && (name === "VINTSOU" || name === "VINTSOUPF2VM"))) return
  pokeMisc(file, name, value)
}
