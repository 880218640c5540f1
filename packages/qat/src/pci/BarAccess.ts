/**
 * Accesses of a user to the BARs of a VF: its registers, and in BAR2 the MSI-X table and its pending bits. Widths are those of `RegionAccess.ts`. Source:
 * section 2 of the register specification; `vfio_pci_core_do_io_rw` of `drivers/vfio/pci/vfio_pci_rdwr.c` for a function that sleeps.
 *
 * Memory Space Enable holds nothing back: a VF has no such bit of its own, and the kernel emulates it (`no_command_memory`).
 */
import { EIO, type Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { type Effect, Either } from "effect"
import type { PciActor } from "../Actors.ts"
import * as Interrupts from "../Interrupts.ts"
import type { QatVfioPci } from "../QatVfioPci.ts"
import { because } from "../Refusals.ts"
import { registersOf } from "../RegionAccess.ts"
import { readBar0, readBar2 } from "../RegisterAccess.ts"
import { barBytes, miscIndex, miscRegisters } from "../Registers.ts"
import type { VfCommand } from "../VfCommand.ts"
import type { Vf } from "../VfState.ts"
import { msixEntryBytes, msixPendingAt, msixPendingBytes, msixTableAt, msixVectors } from "./ConfigLayout.ts"
import { isAwake, isMasked, type Pci, untouched } from "./State.ts"

type Bar = 0 | 2

/** The BAR that a region is, if it is one. */
export const barOf = (region: number): Bar | undefined => (region === 0 || region === 2 ? region : undefined)

const tableEnd = msixTableAt + msixVectors * msixEntryBytes
const inTable = (bar: Bar, offset: number): boolean => bar === 2 && offset >= msixTableAt && offset < tableEnd
const inPending = (bar: Bar, offset: number): boolean =>
  bar === 2 && offset >= msixPendingAt && offset < msixPendingAt + msixPendingBytes

/** Whether the VF's vector is asked for now. */
export const isPending = ({ device, registers }: Vf): boolean =>
  device !== undefined && Interrupts.pending(registers) !== 0

const tableWord = ({ table }: Pci, offset: number): number => {
  const entry = table[Math.floor(offset / msixEntryBytes)] ?? untouched
  return entry[(offset % msixEntryBytes) / 4] ?? 0
}

/** One bit a vector: asked for, and masked. */
const pendingWord = (pci: Pci, vf: Vf, offset: number): number =>
  offset === msixPendingAt && isPending(vf) && isMasked(pci, 0) ? 1 : 0

const readWord = (vf: Vf, pci: Pci, bar: Bar, offset: number): number => {
  if (bar === 0) return readBar0(vf.registers, vf.registerModel, offset)
  if (inTable(bar, offset)) return tableWord(pci, offset - msixTableAt)
  return inPending(bar, offset) ? pendingWord(pci, vf, offset) : readBar2(vf.registers, vf.registerModel, offset)
}

const putWord = (into: Uint8Array, at: number, value: number): void => {
  into[at] = value & 0xff
  into[at + 1] = (value >>> 8) & 0xff
  into[at + 2] = (value >>> 16) & 0xff
  into[at + 3] = value >>> 24
}

const asleep = (bar: Bar): EIO =>
  new EIO(because("pci.asleep", "BARs answer in D0", `BAR${bar}`, "D3hot", "D0", "write D0 to PMCSR first"))

/** A word at a time of what may be read 4 or 8 bytes wide. Allocates nothing unless it refuses. */
export const read = (vf: Vf, pci: Pci, bar: Bar, offset: number, into: Uint8Array): Either.Either<void, Errno> => {
  if (!isAwake(pci)) return Either.left(asleep(bar))
  if (into.length !== 4 || offset % 4 !== 0 || offset < 0 || offset >= barBytes[bar]) {
    const offsets = registersOf(bar, offset, into.length)
    if (Either.isLeft(offsets)) return Either.left(offsets.left)
  }
  for (let at = 0; at < into.length; at += 4) putWord(into, at, readWord(vf, pci, bar, offset + at))
  return Either.void
}

/** A word that is written, and where. */
export interface Word {
  readonly bar: Bar
  readonly offset: number
  readonly value: number
}

/** The words of a write, in ascending order. `EINVAL` for a width or place that no register has, `EIO` while the function sleeps. */
export const wordsOf = (
  pci: Pci,
  bar: Bar,
  offset: number,
  bytes: Uint8Array
): Either.Either<ReadonlyArray<Word>, Errno> => {
  if (!isAwake(pci)) return Either.left(asleep(bar))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Either.map(registersOf(bar, offset, bytes.length), (offsets) =>
    offsets.map((each) => ({ bar, offset: each, value: view.getUint32(each - offset, true) }))
  )
}

/** VM2PF: behind it is the PF, so that writing it is a turn of its own. */
const mailboxAt = miscRegisters[miscIndex.VM2PF].vfOffset

/** The write of a word as a command of the VF; none if it is more than that. */
export const commandOf = ({ bar, offset, value }: Word): VfCommand | undefined =>
  inTable(bar, offset) || inPending(bar, offset) || (bar === 2 && offset === mailboxAt)
    ? undefined
    : { _tag: "WriteRegister", bar, offset, value }

/** The write of 4 bytes as a command of the VF; none if it is more than that, or no word of the BAR. The function must be awake. */
export const commandAt = (bar: Bar, offset: number, bytes: Uint8Array): VfCommand | undefined => {
  if (offset % 4 !== 0 || offset < 0 || offset >= barBytes[bar]) return undefined
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes
  return commandOf({ bar, offset, value: (first | (second << 8) | (third << 16) | (fourth << 24)) >>> 0 })
}

/** Writes one word: into the MSI-X table, nowhere for pending bits, else to the register. */
export const writeWord = (
  driver: QatVfioPci,
  pci: PciActor,
  { bar, offset, value }: Word
): Effect.Effect<void, Errno | JournalError> => {
  if (inTable(bar, offset)) return pci.ask({ _tag: "WriteTable", offset: offset - msixTableAt, value })
  return inPending(bar, offset) ? Either.void : driver.writeRegister(bar, offset, value)
}
