/** What a save reads from the registers, in the values of a migration block. Source: `qat_common/adf_bank_state.c`. */
import type { Bank, Misc, Ring } from "./mstate/Block.ts"
import { readCsr, readMisc } from "./RegisterAccess.ts"
import { type RegisterFile, type RegisterModel, ringBase, ringRegister } from "./RegisterFile.ts"
import { csrs } from "./Registers.ts"

const ring = (file: RegisterFile, bank: number, index: number): Ring => ({
  base: ringBase(file, bank, index),
  config: ringRegister(file, bank, index, "CONFIG"),
  head: ringRegister(file, bank, index, "HEAD"),
  tail: ringRegister(file, bank, index, "TAIL")
})

/** The 16 registers and two rings of one bank. */
export const snapshotBank = (file: RegisterFile, model: RegisterModel, bank: number): Bank => ({
  csrs: csrs.map(({ name }) => readCsr(file, model, bank, name)),
  rings: [ring(file, bank, 0), ring(file, bank, 1)]
})

/** The six interrupt and mailbox registers. */
export const snapshotMisc = (file: RegisterFile, model: RegisterModel): Misc => ({
  VINTSOU: readMisc(file, model, "VINTSOU"),
  VINTMSK: readMisc(file, model, "VINTMSK"),
  VINTSOUPF2VM: readMisc(file, model, "VINTSOUPF2VM"),
  VINTMSKPF2VM: readMisc(file, model, "VINTMSKPF2VM"),
  PF2VM: readMisc(file, model, "PF2VM"),
  VM2PF: readMisc(file, model, "VM2PF")
})
