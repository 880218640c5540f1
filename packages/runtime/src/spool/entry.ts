/**
 * The entries of a spool: whole batches with their links, one behind the other. Layout in `FORMAT.md`, "The spool". Each ends in its seal
 * (checksum and a mark that is never zero): what a crash left unfinished is told from damage.
 */
import { Either } from "effect"
import { crc32 } from "node:zlib"
import { hashBytes } from "../Chain.ts"
import type { Bytes, PlannedBatch } from "../Envelope.ts"
import { fromUtf8 } from "../internal/utf8.ts"
import type { AppendRequest, ExpectedStream, NewRecord } from "../JournalDriver.ts"

/** Ends every entry and the header of the file: `spol` in ASCII. */
export const endMark = 0x6c6f7073
/** Bytes of checksum and mark. */
export const sealBytes = 8

/** A batch with its link of the hash chain. */
export interface Sealed {
  readonly batch: PlannedBatch
  readonly hash: Uint8Array
}

/** What an entry says: the append that leads to its batch where everything stands as it did, and which batch that is. */
export interface Spooled {
  readonly batch: number
  readonly firstSequence: number
  readonly hash: Uint8Array
  readonly request: AppendRequest
}

/** Length of a text that is not there. */
const none = 0xffff_ffff
/** Sizes in bytes: a word, a number, and what is in front of an entry: its length, and the same with all bits turned. */
const wordBytes = 4
const integerBytes = 8
const frontBytes = 2 * wordBytes

/** Characters of the longest text that is worth trying to write one by one. */
const asciiLength = 48

/** Memory in which entries are prepared; it grows to the largest group so far. */
export class EntryWriter {
  private buffer = Buffer.alloc(16_384)
  private at = 0

  /** What was added since `reset`. */
  get bytes(): Uint8Array {
    return this.buffer
  }

  get length(): number {
    return this.at
  }

  reset(): void {
    this.at = 0
  }

  add({ batch, hash }: Sealed): void {
    const start = this.at
    this.at += this.room(frontBytes)
    this.integer(batch.batch)
    this.integer(batch.firstSequence)
    this.integer(batch.time)
    this.raw(hash)
    this.text(batch.correlation)
    this.optional(batch.causation)
    this.optional(batch.command?.stream ?? null)
    if (batch.command !== null) {
      this.word(batch.command.schemaVersion)
      this.payload(batch.command.bytes)
    }
    this.word(batch.records.length)
    for (const record of batch.records) {
      this.text(record.stream)
      this.text(record.behavior)
      this.optional(record.owner)
      this.integer(record.version)
      this.text(record.type)
      this.word(record.schemaVersion)
      this.word(record.encoding)
      this.word(record.count)
      this.payload(record.payload)
    }
    this.room(sealBytes)
    const length = this.at + sealBytes - start
    this.buffer.writeUInt32LE(length, start)
    this.buffer.writeInt32LE(~length, start + wordBytes)
    this.word(crc32(this.buffer.subarray(start, this.at)))
    this.word(endMark)
  }

  /** Makes room for `bytes` more, and gives that number. */
  private room(bytes: number): number {
    if (this.at + bytes > this.buffer.length) {
      const grown = Buffer.alloc(2 * (this.at + bytes))
      this.buffer.copy(grown, 0, 0, this.at)
      this.buffer = grown
    }
    return bytes
  }

  private word(value: number): void {
    this.room(wordBytes)
    this.at = this.buffer.writeUInt32LE(value, this.at)
  }

  private integer(value: number): void {
    this.room(integerBytes)
    this.at = this.buffer.writeDoubleLE(value, this.at)
  }

  private raw(bytes: Uint8Array): void {
    this.room(bytes.length)
    this.buffer.set(bytes, this.at)
    this.at += bytes.length
  }

  private text(value: string): void {
    this.room(wordBytes + 3 * value.length)
    const start = this.at
    const from = start + wordBytes
    const written = this.ascii(value, from) ? value.length : this.buffer.write(value, from)
    this.buffer.writeUInt32LE(written, start)
    this.at = from + written
  }

  /** Writes a short text of ASCII characters: a call of the encoder costs several times as much. False for others. */
  private ascii(value: string, from: number): boolean {
    if (value.length > asciiLength) return false
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) return false
      this.buffer[from + index] = code
    }
    return true
  }

  private optional(value: string | null): void {
    if (value === null) this.word(none)
    else this.text(value)
  }

  private payload(bytes: Bytes): void {
    if (typeof bytes === "string") return this.text(bytes)
    this.word(bytes.length)
    this.raw(bytes)
  }
}

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

const decodeEntry = (bytes: Buffer): Spooled => {
  const reader = new EntryReader(bytes, frontBytes)
  const [batch, firstSequence, time] = [reader.integer(), reader.integer(), reader.integer()]
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
