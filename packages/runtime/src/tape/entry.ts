/**
 * The entries of a tape: writing a batch of them into memory, and reading back what a file holds. Layout in `FORMAT.md`, "Tapes". Each
 * ends in its seal (checksum and a mark that is never zero): what a power loss left as zeros is told from what was overwritten.
 */
import { crc32, crcStep } from "./crc32.ts"

/** Ends every entry and the header: `tape` in ASCII. */
export const endMark = 0x65706174

/** Bytes of checksum and mark. */
export const sealBytes = 8

const timeOffset = 8
const payloadOffset = 16
const wordValues = 0x1_0000_0000

/** What the disk keeps or loses as a whole, at least, when the power goes. */
const sectorBytes = 512

/** Bytes that one entry takes on the tape. */
export const strideOf = (entryBytes: number): number =>
  payloadOffset + Math.ceil(entryBytes / crcStep) * crcStep + sealBytes

/** Memory for one write, with both faces of it. */
export interface Scratch {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** Memory for writes of up to `size` bytes. */
export const makeScratch = (size: number): Scratch => {
  const bytes = new Uint8Array(size)
  return { bytes, view: new DataView(bytes.buffer) }
}

/** Writes `count` entries of `entryBytes` each into `scratch`, which has room for them. Allocates nothing. */
export const encodeEntries = (
  { bytes, view }: Scratch,
  firstVersion: number,
  time: number,
  entries: Uint8Array,
  count: number,
  entryBytes: number
): void => {
  const stride = strideOf(entryBytes)
  const timeHigh = Math.floor(time / wordValues)
  const timeLow = time >>> 0
  let from = 0
  for (let index = 0, start = 0; index < count; index++, start += stride) {
    const version = firstVersion + index
    const sealed = start + stride - sealBytes
    view.setUint32(start, version >>> 0, true)
    view.setUint32(start + 4, Math.floor(version / wordValues), true)
    view.setUint32(start + timeOffset, timeLow, true)
    view.setUint32(start + timeOffset + 4, timeHigh, true)
    let to = start + payloadOffset
    for (const end = to + entryBytes; to < end; to++, from++) bytes[to] = entries[from] ?? 0
    for (; to < sealed; to++) bytes[to] = 0
    view.setInt32(sealed, crc32(view, start, sealed), true)
    view.setUint32(sealed + 4, endMark, true)
  }
}

/** What is told of the whole entries of a tape, one after the other. `payload` is a view of the tape. */
type OnEntry = (version: number, time: number, payload: Uint8Array) => void

/** What the entries of a tape came to. */
interface Scan {
  /** Where the last whole entry ends. */
  readonly end: number
  /** Its version; 0 if there is none. */
  readonly last: number
  /** Why what follows is damage; undefined if it is nothing, or an entry that was never finished. */
  readonly difference: string | undefined
}

/** True if what begins at `start` was never written to its end: it is cut off, or zeros from some sector on. */
const isUnfinished = (bytes: Uint8Array, start: number, stride: number): boolean => {
  if (start + stride > bytes.byteLength) return true
  let end = bytes.byteLength
  while (end > start && bytes[end - 1] === 0) end--
  // From here on no sector arrived. The seal holds a byte that is not zero: a whole entry never looks like that.
  const lost = end === start ? start : Math.ceil(end / sectorBytes) * sectorBytes
  return lost <= start + stride - sealBytes
}

const integerAt = (view: DataView, offset: number): number =>
  view.getUint32(offset + 4, true) * wordValues + view.getUint32(offset, true)

/** Reads the entries that begin at `start`, as far as they are whole and their versions rise. */
export const scanEntries = (bytes: Uint8Array, start: number, entryBytes: number, onEntry: OnEntry): Scan => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stride = strideOf(entryBytes)
  let last = 0
  let end = start
  for (; end < bytes.byteLength; end += stride) {
    const sealed = end + stride - sealBytes
    const sound =
      end + stride <= bytes.byteLength &&
      view.getUint32(sealed + 4, true) === endMark &&
      view.getInt32(sealed, true) === crc32(view, end, sealed)
    if (!sound) {
      const difference = isUnfinished(bytes, end, stride) ? undefined : "the entry does not match its checksum"
      return { end, last, difference }
    }
    const version = integerAt(view, end)
    if (version <= last) return { end, last, difference: `version ${version} follows version ${last}` }
    last = version
    onEntry(
      version,
      integerAt(view, end + timeOffset),
      bytes.subarray(end + payloadOffset, end + payloadOffset + entryBytes)
    )
  }
  return { end, last, difference: undefined }
}
