/**
 * The entries of a spool: whole batches with their links, one behind the other. Layout in `FORMAT.md`, "The spool". Each ends in its seal
 * (checksum and a mark that is never zero): what a crash left unfinished is told from damage.
 */
import { Either } from "effect"
import { crc32 } from "node:zlib"
import { hashBytes } from "../Chain.ts"
import type { BatchContext, PlannedBatch } from "../Envelope.ts"
import { fromUtf8 } from "../internal/utf8.ts"
import type { AppendRequest, DeferredAppend, ExpectedStream, NewRecord } from "../JournalDriver.ts"
import { endMark, frontBytes, integerBytes, none, sealBytes, wordBytes } from "./entryLayout.ts"

/** A batch with its link of the hash chain. */
export interface Sealed {
  readonly batch: PlannedBatch
  readonly hash: Uint8Array
}

/** The place of a batch. */
interface Placed {
  readonly batch: number
  readonly firstSequence: number
}

/** What an entry of a batch says: the append that leads to it where everything stands as it did, and which batch that is. */
export interface SpooledBatch extends Placed {
  readonly hash: Uint8Array
  readonly request: AppendRequest
}

/** What an entry of a command says that stands for its batch. */
export interface SpooledCommand extends Placed, BatchContext {
  readonly behavior: string
  readonly command: { readonly stream: string; readonly schemaVersion: number; readonly bytes: Uint8Array }
  readonly fingerprint: DeferredAppend["fingerprint"]
  /** Streams that it led to events in, their versions before, and how many. */
  readonly streams: ReadonlyArray<{ readonly stream: string; readonly expected: number; readonly count: number }>
}

/** What an entry says. */
export type Spooled = SpooledBatch | SpooledCommand

/** Reads what `EntryWriter` wrote; throws a `RangeError` where it is shorter than it says. */
class EntryReader {
  private readonly bytes: Buffer
  private at: number

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  word(): number {
    const value = this.bytes.readUInt32LE(this.at)
    this.at += wordBytes
    return value
  }

  integer(): number {
    const value = this.bytes.readDoubleLE(this.at)
    this.at += integerBytes
    return value
  }

  raw(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw new RangeError("it is longer than the entry")
    this.at += length
    return Uint8Array.prototype.slice.call(this.bytes, this.at - length, this.at)
  }

  payload(): Uint8Array {
    return this.raw(this.word())
  }

  text(): string {
    return fromUtf8(this.payload())
  }

  optional(): string | null {
    const length = this.word()
    return length === none ? null : fromUtf8(this.raw(length))
  }
}

const decodeCommand = (reader: EntryReader, { batch, firstSequence }: Placed, time: number): SpooledCommand => {
  const [correlation, causation, behavior, fingerprint] = [
    reader.text(),
    reader.optional(),
    reader.text(),
    reader.word()
  ]
  const command = { stream: reader.text(), schemaVersion: reader.word(), bytes: reader.payload() }
  const streams: Array<SpooledCommand["streams"][number]> = []
  for (let left = reader.word(); left > 0; left--) {
    streams.push({ stream: reader.text(), expected: reader.integer(), count: reader.word() })
  }
  return { batch, firstSequence, time, correlation, causation, behavior, fingerprint, command, streams }
}

const decodeEntry = (bytes: Buffer): Spooled => {
  const reader = new EntryReader(bytes, frontBytes)
  const [batch, firstSequence, time] = [reader.integer(), reader.integer(), reader.integer()]
  if (batch < 0) return decodeCommand(reader, { batch: -batch, firstSequence }, time)
  const hash = reader.raw(hashBytes)
  const [correlation, causation, commandStream] = [reader.text(), reader.optional(), reader.optional()]
  const command =
    commandStream === null ? null : { stream: commandStream, schemaVersion: reader.word(), bytes: reader.payload() }
  const streams: Array<ExpectedStream> = []
  const records: Array<NewRecord> = []
  for (let left = reader.word(); left > 0; left--) {
    const [stream, behavior, owner, version] = [reader.text(), reader.text(), reader.optional(), reader.integer()]
    let index = streams.findIndex((each) => each.stream === stream)
    if (index < 0) index = streams.push({ stream, behavior, owner, expected: version - 1 }) - 1
    const [type, schemaVersion, encoding, count] = [reader.text(), reader.word(), reader.word(), reader.word()]
    records.push({ stream: index, type, schemaVersion, encoding, count, payload: reader.payload() })
  }
  const request = { durability: "written", time, correlation, causation, command, streams, records } as const
  return { batch, firstSequence, hash, request }
}

/** What the entries from a place on came to. */
interface SpoolScan {
  readonly entries: ReadonlyArray<Spooled>
  /** Where the last whole entry ends. */
  readonly end: number
  /** Why what follows is damage; undefined if it is nothing, or an entry that was never finished. */
  readonly difference: string | undefined
}

/** What the disk keeps or loses as a whole, at least, when the power goes. */
const sectorBytes = 512

/** Where the entry at `start` ends, by its own account; undefined where that cannot be. */
const endOf = (bytes: Buffer, start: number): number | undefined => {
  if (start + frontBytes > bytes.length) return undefined
  const length = bytes.readUInt32LE(start)
  const isLength = bytes.readInt32LE(start + wordBytes) === ~length && length >= frontBytes + sealBytes
  return isLength ? start + length : undefined
}

/** The whole entry at `start`; Left: why there is none. */
const entryAt = (bytes: Buffer, start: number): Either.Either<readonly [Spooled, number], string> => {
  const end = endOf(bytes, start)
  if (end === undefined || end > bytes.length) return Either.left("its length is not that of an entry")
  const sealed = end - sealBytes
  const sum = crc32(bytes.subarray(start, sealed))
  if (bytes.readUInt32LE(sealed) !== sum || bytes.readUInt32LE(sealed + 4) !== endMark) {
    return Either.left("the entry does not match its checksum")
  }
  return Either.try({
    try: () => [decodeEntry(bytes.subarray(start, sealed)), end] as const,
    catch: (thrown) => `the entry cannot be read: ${String(thrown)}`
  })
}

/** True if what begins at `start` was never written to its end: it is cut off, or zeros from some sector on. */
const isUnfinished = (bytes: Buffer, start: number): boolean => {
  const end = endOf(bytes, start) ?? start + frontBytes
  if (end > bytes.length) return true
  let last = bytes.length
  while (last > start && bytes[last - 1] === 0) last--
  // From here on no sector arrived. The seal holds a byte that is not zero: a whole entry never ends like that.
  const lost = last === start ? start : Math.ceil(last / sectorBytes) * sectorBytes
  return lost <= end - sealBytes
}

/** Reads the entries that begin at `start`, as far as they are whole and each batch follows the one before. */
export const scanEntries = (bytes: Buffer, start: number): SpoolScan => {
  const entries: Array<Spooled> = []
  let end = start
  while (end < bytes.length) {
    const found = entryAt(bytes, end)
    if (Either.isLeft(found)) {
      return { entries, end, difference: isUnfinished(bytes, end) ? undefined : found.left }
    }
    const [entry, next] = found.right
    const before = entries.at(-1)?.batch ?? entry.batch - 1
    if (entry.batch !== before + 1) {
      return { entries, end, difference: `batch ${entry.batch} follows batch ${before}` }
    }
    entries.push(entry)
    end = next
  }
  return { entries, end, difference: undefined }
}
