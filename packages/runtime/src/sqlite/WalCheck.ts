/**
 * Is a write-ahead log what was written? SQLite reads it up to the first frame that is not right and forgets the rest, whether that was cut off
 * or changed; a journal must not forget in silence. Pure. Source: https://www.sqlite.org/walformat.html, sections 2 and 4.
 *
 * Numbers are big-endian. Header, 32 bytes: 0 magic, 4 version, 8 page size, 12 checkpoint sequence, 16 two salts, 24 two checksums of the first
 * 24 bytes. Frame: 0 page number, 4 size of the database in pages if it ends a commit, else 0, 8 the salts, 16 two checksums over
 * all before, then the page. The index (`-shm`), in native order: 16 frames committed, 32 the salts as in the log.
 *
 * C1 A log that ends early, or in zeros, was cut off: no damage. So is a frame that nobody committed.
 * C2 Frames with other salts are left over from before the log was begun anew.
 * C3 Frames without the end of a commit are left over from a commit that was given up, and partly written over since.
 */

/** Bytes of the log's header and of a frame's. */
const headerBytes = 32
const frameHeaderBytes = 24

/** Magic numbers: checksums over little-endian or over big-endian words. */
const magicLittle = 0x377f_0682
const magicBig = 0x377f_0683

/** Bytes that a disk writes at once: of a page torn by a power loss, the end is zero from a multiple of this on. */
const sectorBytes = 512

/** Where a log is not what was written: it was changed, or a power loss left a hole in it. */
export interface WalDamage {
  /** Number of the first bad frame, from 1; 0: the header. */
  readonly frame: number
  /** Its first byte in the log. */
  readonly offset: number
}

/** The log and what its header says of it. */
interface Wal {
  readonly view: DataView
  readonly little: boolean
  readonly pageBytes: number
}

/** Gives the bytes of the `-shm` file if there is one. */
type ReadIndex = () => Uint8Array | undefined

type Sums = readonly [number, number]

/** SQLite's checksum over `length` bytes (a multiple of 8) from `offset`, on top of `sums`. */
const checksum = ({ little, view }: Omit<Wal, "pageBytes">, offset: number, length: number, sums: Sums): Sums => {
  let [first, second] = sums
  for (let at = offset; at < offset + length; at += 8) {
    first = (first + view.getUint32(at, little) + second) >>> 0
    second = (second + view.getUint32(at + 4, little) + first) >>> 0
  }
  return [first, second]
}

const isZero = (view: DataView, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) if (view.getUint8(at) !== 0) return false
  return true
}

const hasSums = (view: DataView, offset: number, [first, second]: Sums): boolean =>
  view.getUint32(offset) === first && view.getUint32(offset + 4) === second

/** The sums up to the end of the frame at `offset` if it belongs to this log and is right. */
const validFrame = (wal: Wal, offset: number, sums: Sums): Sums | undefined => {
  const { pageBytes, view } = wal
  if (saltsAt(view, offset) !== 2) return undefined
  const header = checksum(wal, offset, 8, sums)
  const whole = checksum(wal, offset + frameHeaderBytes, pageBytes, header)
  return hasSums(view, offset + 16, whole) ? whole : undefined
}

/** How many of the two salts of the frame at `offset` are those of the log. */
const saltsAt = (view: DataView, offset: number): number =>
  Number(view.getUint32(offset + 8) === view.getUint32(16)) + Number(view.getUint32(offset + 12) === view.getUint32(20))

/** Frames committed, as the index says; undefined if it is not of this log. */
const committedFrames = (view: DataView, index: Uint8Array | undefined): number | undefined => {
  if (index === undefined || index.byteLength < 40) return undefined
  const shm = new DataView(index.buffer, index.byteOffset, index.byteLength)
  const same = shm.getUint32(32) === view.getUint32(16) && shm.getUint32(36) === view.getUint32(20)
  // The order of the machine: a count of frames is small, read the other way round it is not.
  return same ? Math.min(shm.getUint32(16, true), shm.getUint32(16, false)) : undefined
}

/** True if the first bad frame, number `frame`, at `offset`, is no more than the end of what was written (C1 to C3). */
const isEnd = (wal: Wal, frame: number, offset: number, readIndex: ReadIndex): boolean => {
  const { pageBytes, view } = wal
  const size = frameHeaderBytes + pageBytes
  const end = view.byteLength
  if (offset + frameHeaderBytes > end) return true
  for (let later = offset + size; later + frameHeaderBytes <= end; later += size) {
    if (saltsAt(view, later) === 2 && view.getUint32(later + 4) !== 0) return false
  }
  const salts = saltsAt(view, offset)
  // Left over from before are frames with two other salts; one alone was changed.
  if (salts < 2) return salts === 0
  if (offset + size > end) return true
  const lastSector = Math.floor((end - 1) / sectorBytes) * sectorBytes
  if (isZero(view, Math.max(offset + frameHeaderBytes, lastSector), end)) return true
  const committed = committedFrames(view, readIndex())
  // The header of a frame is written before its page: a process may have died in between.
  return committed === undefined ? view.getUint32(offset + 4) === 0 : frame > committed
}

/**
 * The first damage of the log `wal`; undefined if everything up to its end is what was written. Only a log that ends in a bad frame of its own
 * needs the index.
 */
export const walDamage = (wal: Uint8Array, readIndex: ReadIndex): WalDamage | undefined => {
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength)
  if (wal.byteLength < headerBytes || isZero(view, 0, headerBytes)) return undefined
  const magic = view.getUint32(0)
  const parts = { view, little: magic === magicLittle, pageBytes: view.getUint32(8) }
  let sums = checksum(parts, 0, 24, [0, 0])
  if ((magic !== magicLittle && magic !== magicBig) || !hasSums(view, 24, sums)) return { frame: 0, offset: 0 }
  const size = frameHeaderBytes + parts.pageBytes
  let frame = 1
  for (let offset = headerBytes; offset < wal.byteLength; offset += size, frame++) {
    const next = offset + size <= wal.byteLength ? validFrame(parts, offset, sums) : undefined
    if (next === undefined) {
      return isEnd(parts, frame, offset, readIndex) ? undefined : { frame, offset }
    }
    sums = next
  }
  return undefined
}
