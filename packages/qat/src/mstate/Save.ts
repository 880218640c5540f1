/**
 * Writing a migration block: the bytes a save puts into the device's block, and no others. What a save does not write
 * keeps what the block held before. Source: `qat_common/adf_gen4_vf_mig.c`, `adf_mstate_mgr.c`.
 */
import { miscRegisters } from "../Registers.ts"
import type { Bank, Block, General, Misc, Setup, Sla, State } from "./Block.ts"
import {
  bankRecordBytes,
  blockBytes,
  csrOffsets,
  headerBytes,
  headerField,
  magic,
  preambleBytes,
  preambleField,
  ringEntriesAt,
  ringEntryBytes,
  ringEntryField,
  slaBytes,
  slaField,
  version
} from "./Layout.ts"

const viewOf = (block: Uint8Array): DataView => new DataView(block.buffer, block.byteOffset, block.byteLength)

/** Writes a preamble with these counts; returns where its sections start. */
const preamble = (view: DataView, at: number, sectionCount: number, size: number): number => {
  view.setUint32(at + preambleField.magic, magic, true)
  view.setUint32(at + preambleField.version, version, true)
  view.setUint16(at + preambleField.headerLength, preambleBytes, true)
  view.setUint16(at + preambleField.sectionCount, sectionCount, true)
  view.setUint32(at + preambleField.size, size, true)
  return at + preambleBytes
}

/** Writes a section header, the id padded with zeroes; returns where its body starts. */
const header = (view: DataView, at: number, id: string, size: number, subSections: number): number => {
  view.setBigUint64(at + headerField.id, 0n, true)
  for (let index = 0; index < id.length; index++) view.setUint8(at + headerField.id + index, id.charCodeAt(index))
  view.setUint32(at + headerField.size, size, true)
  view.setUint32(at + headerField.subSections, subSections, true)
  return at + headerBytes
}

const leaf8 = (view: DataView, at: number, id: string, value: number): number => {
  view.setUint8(header(view, at, id, 1, 0), value)
  return at + headerBytes + 1
}

const leaf16 = (view: DataView, at: number, id: string, value: number): number => {
  view.setUint16(header(view, at, id, 2, 0), value, true)
  return at + headerBytes + 2
}

const leaf32 = (view: DataView, at: number, id: string, value: number): number => {
  view.setUint32(header(view, at, id, 4, 0), value, true)
  return at + headerBytes + 4
}

/** Writes the sizes of a section whose body ends at `end`: they are known only then. Returns `end`. */
const close = (view: DataView, at: number, id: string, end: number, subSections: number): number => {
  header(view, at, id, end - at - headerBytes, subSections)
  return end
}

/** Writes the setup part at offset 0 of `block`; returns its size in bytes, always 90. */
export const writeSetup = (block: Uint8Array, setup: Setup): number => {
  const view = viewOf(block)
  const config = preambleBytes
  let at = leaf32(view, config + headerBytes, "gencap", setup.gencap)
  at = leaf16(view, at, "svcmap", setup.svcmap)
  at = leaf32(view, at, "extdc", setup.extdc)
  close(view, config, "CONFIG", at, 3)
  preamble(view, 0, 1, at - preambleBytes)
  return at
}

const writeSla = (view: DataView, at: number, sla: Sla): number => {
  view.setUint32(at + slaField.service, sla.service, true)
  view.setUint32(at + slaField.padding, 0, true)
  view.setBigUint64(at + slaField.ringPairMask, sla.ringPairMask, true)
  view.setUint32(at + slaField.cir, sla.cir, true)
  view.setUint32(at + slaField.pir, sla.pir, true)
  return at + slaBytes
}

const writeGeneral = (view: DataView, at: number, general: General): number => {
  let next = leaf8(view, at + headerBytes, "iovinit", general.init)
  next = leaf8(view, next, "compver", general.compatVersion)
  const sla = next
  next = header(view, sla, "sla", general.slas.length * slaBytes, 0)
  for (const record of general.slas) next = writeSla(view, next, record)
  return close(view, at, "GENER", next, 3)
}

const writeMisc = (view: DataView, at: number, misc: Misc): number => {
  let next = at + headerBytes
  for (const register of miscRegisters) next = leaf32(view, next, register.leaf, misc[register.name])
  return close(view, at, "MISCBAR", next, miscRegisters.length)
}

const writeBank = (view: DataView, at: number, bank: Bank): void => {
  for (let index = 0; index < csrOffsets.length; index++) {
    view.setUint32(at + (csrOffsets[index] ?? 0), bank.csrs[index] ?? 0, true)
  }
  for (const [slot, ring] of bank.rings.entries()) {
    const entry = at + ringEntriesAt + slot * ringEntryBytes
    view.setBigUint64(entry + ringEntryField.base, ring.base, true)
    view.setUint32(entry + ringEntryField.config, ring.config, true)
    view.setUint32(entry + ringEntryField.head, ring.head, true)
    view.setUint32(entry + ringEntryField.tail, ring.tail, true)
  }
}

const writeBanks = (view: DataView, at: number, banks: State["banks"]): number => {
  let next = at + headerBytes
  for (const [index, bank] of banks.entries()) {
    const section = next
    const record = header(view, section + headerBytes, "mregs", bankRecordBytes, 0)
    writeBank(view, record, bank)
    next = close(view, section, `bnk${index.toString(16)}`, record + bankRecordBytes, 1)
  }
  return close(view, at, "ETRBAR", next, banks.length)
}

/** Writes the state part at offset `at` of `block`; returns the offset of the first byte after it. */
export const writeState = (block: Uint8Array, at: number, state: State): number => {
  const view = viewOf(block)
  let next = writeGeneral(view, at + preambleBytes, state.general)
  next = writeMisc(view, next, state.misc)
  next = writeBanks(view, next, state.banks)
  preamble(view, at, 3, next - at - preambleBytes)
  return next
}

/**
 * What a save leaves behind when the PF's mailbox lock cannot be had: a complete GENER, the header of MISCBAR without its
 * sizes, and a preamble that counts no section. Returns the offset of the first byte after it.
 */
export const writeUnfinishedState = (block: Uint8Array, at: number, general: General): number => {
  const view = viewOf(block)
  const misc = writeGeneral(view, preamble(view, at, 0, 0), general)
  return header(view, misc, "MISCBAR", 0, 0)
}

/** A whole block in fresh zeroed memory. Total for every value of the schema. */
export const encode = (block: Block): Uint8Array => {
  const bytes = new Uint8Array(blockBytes)
  writeState(bytes, writeSetup(bytes, block.setup), block.state)
  return bytes
}
