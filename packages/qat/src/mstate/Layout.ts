/**
 * Where things stand in the 4096-byte migration block. Little endian, no alignment padding: many fields sit at odd
 * addresses. Source: `qat_common/adf_mstate_mgr.h`, `adf_mstate_mgr.c`, `adf_gen4_vf_mig.c`, `adf_bank_state.h`.
 *
 * A setup part (preamble, CONFIG) at 0, the state part (preamble, GENER, MISCBAR, ETRBAR) right behind it, zeroes to the
 * end. A part is a preamble and sections; a section is a header and either sections or data.
 */

import { csrs } from "../Registers.ts"

/** Size of the block, in bytes; also what MIG_DATA_SIZE reports in every state. */
export const blockBytes = 4096
/** Sizes of a part's preamble and of a section's header, in bytes. */
export const preambleBytes = 16
export const headerBytes = 16
/** First word of both parts. */
export const magic = 0xadf5caea
/** The only version written; 0 is accepted too. */
export const version = 1
/** Offset of the state part in every block that this format writes, in bytes. */
export const setupBytes = 90

/** Fields of a preamble: offset in bytes from its start. */
export const preambleField = { magic: 0, version: 4, headerLength: 8, sectionCount: 10, size: 12 } as const
/** Fields of a section header: offset in bytes from its start. The id takes 8 bytes, NUL-terminated. */
export const headerField = { id: 0, size: 8, subSections: 12 } as const
export const idBytes = 8

/** Size of an SLA record in bytes, and the offsets of its fields. */
export const slaBytes = 24
export const slaField = { service: 0, padding: 4, ringPairMask: 8, cir: 16, pir: 20 } as const
/** A ring pair can be in one SLA only, so a VF has at most one for each of its four banks. */
export const slaLimit = 4

/** Size of a bank record in bytes, and how much of it a load reads: what is shorter is refused. */
export const bankRecordBytes = 472
export const bankRecordUsedBytes = 136
/** Ring entries of a bank record: where they start, and their size, in bytes. Sixteen slots, two in use. */
export const ringEntriesAt = 88
export const ringEntryBytes = 24
export const ringEntrySlots = 16
export const ringEntryField = { base: 0, config: 8, head: 12, tail: 16, reserved: 20 } as const

/**
 * Fields of a bank record: offset in bytes, and the register it is saved from. A field without a register is reserved: a
 * save leaves its bytes alone.
 */
export const bankFields = [
  { name: "ringstat0", offset: 0, csr: "STAT" },
  { name: "ringstat1", offset: 4, csr: undefined },
  { name: "ringuostat", offset: 8, csr: "UO_STAT" },
  { name: "ringestat", offset: 12, csr: "E_STAT" },
  { name: "ringnestat", offset: 16, csr: "NE_STAT" },
  { name: "ringnfstat", offset: 20, csr: "NF_STAT" },
  { name: "ringfstat", offset: 24, csr: "F_STAT" },
  { name: "ringcstat0", offset: 28, csr: "C_STAT" },
  { name: "ringcstat1", offset: 32, csr: undefined },
  { name: "ringcstat2", offset: 36, csr: undefined },
  { name: "ringcstat3", offset: 40, csr: undefined },
  { name: "iaintflagen", offset: 44, csr: "INT_FLAG_EN" },
  { name: "iaintflagreg", offset: 48, csr: "INT_FLAG" },
  { name: "iaintflagsrcsel0", offset: 52, csr: "INT_SRCSEL" },
  { name: "iaintflagsrcsel1", offset: 56, csr: undefined },
  { name: "iaintcolen", offset: 60, csr: "INT_COL_EN" },
  { name: "iaintcolctl", offset: 64, csr: "INT_COL_CTL" },
  { name: "iaintflagandcolen", offset: 68, csr: "INT_FLAG_AND_COL" },
  { name: "ringexpstat", offset: 72, csr: "EXP_STAT" },
  { name: "ringexpintenable", offset: 76, csr: "EXP_INT_EN" },
  { name: "ringsrvarben", offset: 80, csr: "RING_SRV_ARB_EN" },
  { name: "reserved", offset: 84, csr: undefined }
] as const

/** Offset in a bank record of each register of `csrs`, in their order: bytes. */
export const csrOffsets: ReadonlyArray<number> = csrs.flatMap(({ name }) =>
  bankFields.filter(({ csr }) => csr === name).map(({ offset }) => offset)
)
