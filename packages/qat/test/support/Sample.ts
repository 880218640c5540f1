/** A busy VF as values: its registers in the derived model, the block it saves, and the PF that would take it. */
import { type Block, type Compatibility, RegisterAccess, RegisterFile, Registers } from "@stopcopy/qat"
import { snapshotBank, snapshotMisc } from "../../src/Snapshot.ts"

/** The VF of the samples; its ring pairs are 12 to 15 of the device. */
export const vfNumber = 3

const interrupts = [
  ["INT_FLAG_EN", 0x3],
  ["INT_SRCSEL", 0x44],
  ["INT_COL_EN", 0x2],
  ["INT_COL_CTL", 0x8000_27ff],
  ["INT_FLAG_AND_COL", 0x2],
  ["EXP_INT_EN", 0x1],
  ["RING_SRV_ARB_EN", 0x1]
] as const satisfies ReadonlyArray<readonly [Registers.CsrName, number]>

const programBank = (file: RegisterFile.RegisterFile, bank: number): void => {
  for (const ring of [0, 1]) {
    const write = (name: Registers.RingRegisterName, value: number): void =>
      RegisterAccess.writeRing(file, "derived", bank, ring, name, value)
    write("CONFIG", ring === 0 ? 0x8 : 0x2008)
    write("LBASE", 0x4000_0000 + 0x10_0000 * bank + 0x8000 * ring)
    write("UBASE", 0x12 + bank)
    write("HEAD", 0x80 * (bank + 1))
    write("TAIL", ring === 0 ? 0x400 : 0x80 * (bank + 1) + 0x20 * bank)
  }
  for (const [name, value] of interrupts) RegisterAccess.writeCsr(file, "derived", bank, name, value + bank)
}

/** Rings at work in all banks, a message for the PF in the mailbox. */
export const busyRegisters = (): RegisterFile.RegisterFile => {
  const file = RegisterFile.reset()
  for (let bank = 0; bank < Registers.banksPerVf; bank++) programBank(file, bank)
  for (const [index, { name }] of Registers.miscRegisters.entries()) RegisterFile.pokeMisc(file, name, 0x105a + index)
  return file
}

/** SLAs of the sample VF, one for each of its ring pairs; the first mask reaches into another VF. */
const slas: ReadonlyArray<Block.Sla> = [
  { service: 1, ringPairMask: 0x1_1000n, cir: 400, pir: 800 },
  { service: 0, ringPairMask: 0x2000n, cir: 100, pir: 100 },
  { service: 2, ringPairMask: 0x4000n, cir: 0, pir: 1 },
  { service: 3, ringPairMask: 0x8000n, cir: 0xffff_fffe, pir: 0xffff_ffff }
]

/** What the busy VF with the first `count` SLAs (0 to 4) saves. */
export const sampleBlock = (count = 1): Block.Block => {
  const file = busyRegisters()
  const bank = (index: number) => snapshotBank(file, "derived", index)
  return {
    setup: { gencap: 0x0100_0021, svcmap: 0x71c, extdc: 0x3 },
    state: {
      general: { init: 1, compatVersion: 4, slas: slas.slice(0, count) },
      misc: snapshotMisc(file, "derived"),
      banks: [bank(0), bank(1), bank(2), bank(3)]
    }
  }
}

/** A PF that takes every sample block. */
export const samplePf: Compatibility.PfFacts = {
  version: 0,
  gencap: 0x0100_0021,
  svcmap: 0x71c,
  extdc: 0x3,
  rateLimiting: true,
  slas
}
