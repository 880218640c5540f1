/**
 * The registers of a GEN4 VF as data: offsets, access and what a migration does with each. 32 bits, little endian.
 * Source: `qat_common/adf_gen4_hw_csr_data.h`, `adf_gen4_hw_data.h`, `adf_gen4_pfvf.h`, `adf_bank_state.c`; DPDK for BAR2.
 */

/** Banks of one VF; VFs of one PF; rings of one bank. Ring 0 carries requests (TX), ring 1 responses (RX). */
export const banksPerVf = 4
export const vfsPerPf = 16
export const ringsPerBank = 2
export const transmit = 0
export const receive = 1
/** Distance between two banks in BAR0, in bytes. */
export const bankStride = 0x2000
/** Sizes of the VF's BARs in bytes: rings, and interrupts with the mailbox. */
export const barBytes = { 0: banksPerVf * bankStride, 2: 0x2000 } as const
/** Engine clock that coalescing timers count, in Hz. */
export const clockHz = 1_000_000_000

/** `checked`: compared after a load. `steers`: decides how a load goes on. `saved`: carried, never restored. */
export type Migrated = "restored" | "checked" | "steers" | "saved"

interface CsrFact {
  readonly name: string
  /** Offset in the bank, in bytes. */
  readonly offset: number
  readonly writable: boolean
  readonly migrated: Migrated
}

/** The per-bank registers in the order in which a save reads them. */
export const csrs = [
  { name: "STAT", offset: 0x140, writable: false, migrated: "checked" },
  { name: "UO_STAT", offset: 0x148, writable: false, migrated: "saved" },
  { name: "E_STAT", offset: 0x14c, writable: false, migrated: "checked" },
  { name: "NE_STAT", offset: 0x150, writable: false, migrated: "checked" },
  { name: "NF_STAT", offset: 0x154, writable: false, migrated: "checked" },
  { name: "F_STAT", offset: 0x158, writable: false, migrated: "checked" },
  { name: "C_STAT", offset: 0x15c, writable: false, migrated: "checked" },
  { name: "INT_FLAG_EN", offset: 0x16c, writable: true, migrated: "restored" },
  { name: "INT_FLAG", offset: 0x170, writable: true, migrated: "saved" },
  { name: "INT_SRCSEL", offset: 0x174, writable: true, migrated: "restored" },
  { name: "INT_COL_EN", offset: 0x17c, writable: true, migrated: "restored" },
  { name: "INT_COL_CTL", offset: 0x180, writable: true, migrated: "restored" },
  { name: "INT_FLAG_AND_COL", offset: 0x184, writable: true, migrated: "restored" },
  { name: "EXP_STAT", offset: 0x188, writable: false, migrated: "steers" },
  { name: "EXP_INT_EN", offset: 0x18c, writable: true, migrated: "restored" },
  { name: "RING_SRV_ARB_EN", offset: 0x19c, writable: true, migrated: "restored" }
] as const satisfies ReadonlyArray<CsrFact>
export type CsrName = (typeof csrs)[number]["name"]

/** Position of a register in `csrs`: the index at which a bank's register file keeps it. */
export const csrIndex = {
  STAT: 0,
  UO_STAT: 1,
  E_STAT: 2,
  NE_STAT: 3,
  NF_STAT: 4,
  F_STAT: 5,
  C_STAT: 6,
  INT_FLAG_EN: 7,
  INT_FLAG: 8,
  INT_SRCSEL: 9,
  INT_COL_EN: 10,
  INT_COL_CTL: 11,
  INT_FLAG_AND_COL: 12,
  EXP_STAT: 13,
  EXP_INT_EN: 14,
  RING_SRV_ARB_EN: 15
} as const satisfies Record<CsrName, number>

/** Per-ring registers: `offset` of ring 0 in the bank; ring r is 4 r bytes further. All are restored. */
export const ringRegisters = [
  { name: "CONFIG", offset: 0x1000 },
  { name: "LBASE", offset: 0x1040 },
  { name: "UBASE", offset: 0x1080 },
  { name: "HEAD", offset: 0x0c0 },
  { name: "TAIL", offset: 0x100 }
] as const
export type RingRegisterName = (typeof ringRegisters)[number]["name"]

/** Position of a register in `ringRegisters`. */
export const ringIndex = { CONFIG: 0, LBASE: 1, UBASE: 2, HEAD: 3, TAIL: 4 } as const satisfies Record<
  RingRegisterName,
  number
>

/** Offset of a ring register in its bank, in bytes. */
export const ringOffset = (name: RingRegisterName, ring: number): number =>
  ringRegisters[ringIndex[name]].offset + 4 * ring

/**
 * The interrupt and mailbox registers of a VF: `offset` in the block that the PF's PMISC BAR shows (bytes), `vfOffset`
 * in the VF's own BAR2, `leaf` the name in the migration block.
 */
export const miscRegisters = [
  { name: "VINTSOU", offset: 0x00, vfOffset: 0x0000, leaf: "visrc", migrated: "saved" },
  { name: "VINTMSK", offset: 0x04, vfOffset: 0x0004, leaf: "vimsk", migrated: "restored" },
  { name: "VINTSOUPF2VM", offset: 0x08, vfOffset: 0x1000, leaf: "vispv", migrated: "saved" },
  { name: "VINTMSKPF2VM", offset: 0x0c, vfOffset: 0x1004, leaf: "vimpv", migrated: "restored" },
  { name: "PF2VM", offset: 0x10, vfOffset: 0x1008, leaf: "pf2vm", migrated: "restored" },
  { name: "VM2PF", offset: 0x14, vfOffset: 0x100c, leaf: "vm2pf", migrated: "restored" }
] as const
export type MiscName = (typeof miscRegisters)[number]["name"]

/** Position of a register in `miscRegisters`. */
export const miscIndex = {
  VINTSOU: 0,
  VINTMSK: 1,
  VINTSOUPF2VM: 2,
  VINTMSKPF2VM: 3,
  PF2VM: 4,
  VM2PF: 5
} as const satisfies Record<MiscName, number>

/** Bit 31 of INT_COL_CTL: coalescing is on. The PF driver's access function sets it on every write. */
export const coalescingEnable = 0x8000_0000
