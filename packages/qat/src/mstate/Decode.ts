/**
 * Reading a complete block into its values: strict, every saved leaf must be there with its size. A load is more lenient
 * (`Load.ts`); this is for people, tests and tools. Source: `qat_common/adf_gen4_vf_mig.c`.
 */
import { EINVAL, type Refusal } from "@stopcopy/errno"
import { Either } from "effect"
import { miscRegisters } from "../Registers.ts"
import { refusal } from "../Refusals.ts"
import type { Bank, Block, General, Misc, Ring, Setup, Sla, State } from "./Block.ts"
import {
  bankRecordBytes,
  bankRecordUsedBytes,
  csrOffsets,
  ringEntriesAt,
  ringEntryBytes,
  ringEntryField,
  slaBytes,
  slaField,
  slaLimit
} from "./Layout.ts"
import { setupPart, statePart, viewOf } from "./Parts.ts"
import { inside, lookup, type Section, type Window } from "./Window.ts"

/** The section `id` of exactly `size` bytes. */
export const leafOf = (window: Window, id: string, size: number): Either.Either<Section, Refusal> =>
  Either.flatMap(lookup(window, id), (section) =>
    section.size === size ? Either.right(section) : Either.left(wrongSize(section, id, `${size} bytes`))
  )

/** The refusal for a leaf of the wrong size. */
export const wrongSize = (section: Section, id: string, wanted: string): Refusal =>
  refusal({
    code: `mstate.${id}.size`,
    rule: "a leaf must have its size",
    where: section.path,
    source: `${section.size} bytes`,
    destination: wanted,
    remedy: "save again on the source; the block is corrupt or of another format"
  })

/**
 * One decoding. It goes on after the first refusal, over `nothing`, so that values are read without a question each; only
 * the first refusal counts.
 */
interface Reading {
  refused: Refusal | undefined
}

/** Stands in for a section that is not there: no sections inside, and zeroes for every field that is read. */
const nothing: Section = {
  view: new DataView(new ArrayBuffer(bankRecordBytes)),
  path: "",
  body: 0,
  size: 0,
  subSections: 0
}

const orNothing = (reading: Reading, found: Either.Either<Section, Refusal>): Section => {
  if (Either.isRight(found)) return found.right
  reading.refused ??= found.left
  return nothing
}

const enter = (reading: Reading, window: Window, id: string): Window => inside(orNothing(reading, lookup(window, id)))

const u32 = (reading: Reading, window: Window, id: string): number => {
  const { view, body } = orNothing(reading, leafOf(window, id, 4))
  return view.getUint32(body, true)
}

const u16 = (reading: Reading, window: Window, id: string): number => {
  const { view, body } = orNothing(reading, leafOf(window, id, 2))
  return view.getUint16(body, true)
}

const u8 = (reading: Reading, window: Window, id: string): number => {
  const { view, body } = orNothing(reading, leafOf(window, id, 1))
  return view.getUint8(body)
}

const readSetup = (reading: Reading, window: Window): Setup => {
  const config = enter(reading, window, "CONFIG")
  return {
    gencap: u32(reading, config, "gencap"),
    svcmap: u16(reading, config, "svcmap"),
    extdc: u32(reading, config, "extdc")
  }
}

/** The SLA record at `at` (bytes). Its padding is ignored. */
export const readSla = (view: DataView, at: number): Sla => ({
  service: view.getUint32(at + slaField.service, true),
  ringPairMask: view.getBigUint64(at + slaField.ringPairMask, true),
  cir: view.getUint32(at + slaField.cir, true),
  pir: view.getUint32(at + slaField.pir, true)
})

/** All whole SLA records of the leaf; trailing bytes of less than a record are ignored. */
export const readSlas = ({ view, body, size }: Section): ReadonlyArray<Sla> => {
  const slas: Array<Sla> = []
  for (let at = body; at + slaBytes <= body + size; at += slaBytes) slas.push(readSla(view, at))
  return slas
}

/** The `sla` leaf as a save writes it: whole records, no more than a VF can have. */
const slaLeaf = (window: Window): Either.Either<Section, Refusal> =>
  Either.flatMap(lookup(window, "sla"), (section) =>
    section.size % slaBytes === 0 && section.size <= slaLimit * slaBytes
      ? Either.right(section)
      : Either.left(wrongSize(section, "sla", `0 to ${slaLimit} records of ${slaBytes} bytes`))
  )

const readGeneral = (reading: Reading, window: Window): General => {
  const general = enter(reading, window, "GENER")
  return {
    init: u8(reading, general, "iovinit"),
    compatVersion: u8(reading, general, "compver"),
    slas: readSlas(orNothing(reading, slaLeaf(general)))
  }
}

const readMisc = (reading: Reading, window: Window): Misc => {
  const bar = enter(reading, window, "MISCBAR")
  const misc = { VINTSOU: 0, VINTMSK: 0, VINTSOUPF2VM: 0, VINTMSKPF2VM: 0, PF2VM: 0, VM2PF: 0 }
  for (const register of miscRegisters) misc[register.name] = u32(reading, bar, register.leaf)
  return misc
}

/** The record of bank `index`; at least the bytes that a load uses are there. */
export const bankRecord = (bar: Window, index: number): Either.Either<Section, Refusal> =>
  Either.flatMap(lookup(bar, `bnk${index.toString(16)}`), (bank) =>
    Either.flatMap(lookup(inside(bank), "mregs"), (record) =>
      record.size >= bankRecordUsedBytes
        ? Either.right(record)
        : Either.left(wrongSize(record, "mregs", `at least ${bankRecordUsedBytes} bytes`))
    )
  )

/** Ring `slot` of a bank record. */
const readRing = ({ view, body }: Section, slot: number): Ring => {
  const entry = body + ringEntriesAt + slot * ringEntryBytes
  return {
    base: view.getBigUint64(entry + ringEntryField.base, true),
    config: view.getUint32(entry + ringEntryField.config, true),
    head: view.getUint32(entry + ringEntryField.head, true),
    tail: view.getUint32(entry + ringEntryField.tail, true)
  }
}

/** The values of a bank record, registers in the order of `csrs`. */
export const readBank = (record: Section): Bank => ({
  csrs: csrOffsets.map((offset) => record.view.getUint32(record.body + offset, true)),
  rings: [readRing(record, 0), readRing(record, 1)]
})

const readState = (reading: Reading, window: Window): State => {
  const general = readGeneral(reading, window)
  const misc = readMisc(reading, window)
  const bar = enter(reading, window, "ETRBAR")
  const bank = (index: number): Bank => readBank(orNothing(reading, bankRecord(bar, index)))
  return { general, misc, banks: [bank(0), bank(1), bank(2), bank(3)] }
}

/** The values of a block. Fails with the first thing that is wrong; never reads outside `bytes`. */
export const decode = (bytes: Uint8Array): Either.Either<Block, EINVAL> => {
  const view = viewOf(bytes)
  const setup = setupPart(view)
  if (Either.isLeft(setup)) return Either.left(new EINVAL({ refusal: setup.left }))
  const state = statePart(view, setup.right.end)
  if (Either.isLeft(state)) return Either.left(new EINVAL({ refusal: state.left }))
  const reading: Reading = { refused: undefined }
  const block = { setup: readSetup(reading, setup.right), state: readState(reading, state.right) }
  return reading.refused === undefined ? Either.right(block) : Either.left(new EINVAL({ refusal: reading.refused }))
}
