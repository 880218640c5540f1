/** The header of a tape: whose it is. Layout in `FORMAT.md`, "Tapes". Bytes to data and back; the checksum is looked at first. */
import { Either } from "effect"
import { fromUtf8, toUtf8 } from "../internal/utf8.ts"
import { maxTapeEntryBytes } from "../Tape.ts"
import type { TapeIdentity } from "../Tape.ts"
import { crc32, crcStep } from "./crc32.ts"
import { endMark, sealBytes } from "./entry.ts"

/** What the header of a tape says. */
export interface TapeHeader extends TapeIdentity {
  /** Id of the journal that takes the tape in. */
  readonly journalId: string
}

/** A header that was read, and where the entries begin. */
interface ReadHeader {
  readonly header: TapeHeader
  readonly bytes: number
}

/** Number of the format, bumped by the rule in `FORMAT.md`. */
export const tapeFormat = 1

/** `stpctape` in ASCII, as two little endian words. */
const magic = [0x63707473, 0x65706174] as const

const formatOffset = 8
const lengthOffset = 12
const entryBytesOffset = 16
const schemaVersionOffset = 20
/** Lengths of the four texts in bytes, u32 each, and then the texts. */
const textsOffset = 24
const fixedBytes = 40
const texts = 4

/** Bytes of a header, at most: four names of `maxNameLength` characters, three bytes each at most. */
const maxHeaderBytes = 16_384

/** The header as bytes. */
export const encodeHeader = ({
  behavior,
  entryBytes,
  journalId,
  schemaVersion,
  stream,
  type
}: TapeHeader): Uint8Array => {
  const names = [journalId, stream, behavior, type].map(toUtf8)
  const used = names.reduce((sum, { byteLength }) => sum + byteLength, fixedBytes)
  const sealed = Math.ceil(used / crcStep) * crcStep
  const bytes = new Uint8Array(sealed + sealBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic[0], true)
  view.setUint32(4, magic[1], true)
  view.setUint32(formatOffset, tapeFormat, true)
  view.setUint32(lengthOffset, bytes.byteLength, true)
  view.setUint32(entryBytesOffset, entryBytes, true)
  view.setUint32(schemaVersionOffset, schemaVersion, true)
  let offset = fixedBytes
  for (const [index, name] of names.entries()) {
    view.setUint32(textsOffset + 4 * index, name.byteLength, true)
    bytes.set(name, offset)
    offset += name.byteLength
  }
  view.setInt32(sealed, crc32(view, 0, sealed), true)
  view.setUint32(sealed + 4, endMark, true)
  return bytes
}

/** Length of a header with a good checksum; a reason otherwise. */
const soundLength = (view: DataView): Either.Either<number, string> => {
  if (view.byteLength < fixedBytes) return Either.left(`its header is cut off after ${view.byteLength} bytes`)
  if (view.getUint32(0, true) !== magic[0] || view.getUint32(4, true) !== magic[1])
    return Either.left("it does not begin as a tape does")
  const length = view.getUint32(lengthOffset, true)
  const sealed = length - sealBytes
  if (length > maxHeaderBytes || length > view.byteLength || sealed < fixedBytes || sealed % crcStep !== 0)
    return Either.left(`its header cannot have ${length} bytes`)
  const sound = view.getInt32(sealed, true) === crc32(view, 0, sealed) && view.getUint32(sealed + 4, true) === endMark
  return sound ? Either.right(length) : Either.left("its header does not match its checksum")
}

const textsOf = (bytes: Uint8Array, view: DataView, end: number): ReadonlyArray<string> | undefined => {
  const lengths = Array.from({ length: texts }, (_, index) => view.getUint32(textsOffset + 4 * index, true))
  if (lengths.reduce((sum, length) => sum + length, fixedBytes) > end) return undefined
  let offset = fixedBytes
  return lengths.map((length) => {
    offset += length
    return fromUtf8(bytes.subarray(offset - length, offset))
  })
}

/** Reads the header of a tape: a reason where it is damaged, the number of its format where that is a later one. */
export const decodeHeader = (bytes: Uint8Array): Either.Either<ReadHeader, string | number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const sound = soundLength(view)
  if (Either.isLeft(sound)) return Either.left(sound.left)
  const format = view.getUint32(formatOffset, true)
  if (format > tapeFormat) return Either.left(format)
  const entryBytes = view.getUint32(entryBytesOffset, true)
  const [journalId, stream, behavior, type] = textsOf(bytes, view, sound.right - sealBytes) ?? []
  if (journalId === undefined || stream === undefined || behavior === undefined || type === undefined)
    return Either.left("the names in its header are longer than it")
  if (entryBytes < 1 || entryBytes > maxTapeEntryBytes)
    return Either.left(`its entries cannot have ${entryBytes} bytes`)
  const schemaVersion = view.getUint32(schemaVersionOffset, true)
  return Either.right({
    header: { journalId, stream, behavior, schemaVersion, type, entryBytes },
    bytes: sound.right
  })
}
