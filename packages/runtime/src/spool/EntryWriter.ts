/** Writes the entries of a spool: batches, and commands that stand for theirs. Layout in `FORMAT.md`, "The spool". */
import { crc32 } from "node:zlib"
import type { Bytes } from "../Envelope.ts"
import { textIn } from "../internal/utf8.ts"
import type { DeferredAppend } from "../JournalDriver.ts"
import type { Sealed } from "./entry.ts"
import { endMark, frontBytes, integerBytes, none, sealBytes, wordBytes } from "./entryLayout.ts"

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

  /** A batch with its link. */
  add({ batch, hash }: Sealed): void {
    const start = this.begin()
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
    this.seal(start)
  }

  /** A command that stands for batch `batch`, whose first event is `firstSequence`. */
  addDeferred(append: DeferredAppend, batch: number, firstSequence: number): void {
    const { behavior, causation, command, correlation, counts, fingerprint, streams, time } = append
    const start = this.begin()
    this.integer(-batch)
    this.integer(firstSequence)
    this.integer(time)
    this.text(correlation)
    this.optional(causation)
    this.text(behavior)
    this.word(fingerprint)
    this.text(command.stream)
    this.word(command.schemaVersion)
    this.payload(textIn(command.bytes))
    this.word(streams.length)
    for (let index = 0; index < streams.length; index++) {
      const stream = streams[index]
      if (stream === undefined) continue
      this.text(stream.stream)
      this.integer(stream.expected)
      this.word(counts[index] ?? 0)
    }
    this.seal(start)
  }

  /** Begins an entry: its length comes with its seal. */
  private begin(): number {
    const start = this.at
    this.at += this.room(frontBytes)
    return start
  }

  private seal(start: number): void {
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
