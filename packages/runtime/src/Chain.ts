/**
 * The hash chain over batches: one SHA-256 link per batch, over the link before it and a canonical encoding of the batch in which
 * payloads and commands stand as hashes, so that redaction keeps the chain whole. `FORMAT.md` has the layout.
 */
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js"
import type { Bytes, PlannedBatch, PlannedRecord, StoredBatch, StoredRecord } from "./Envelope.ts"
import { bytesOf } from "./internal/utf8.ts"

/** SHA-256 of bytes, or of the UTF-8 form of a text: 32 bytes, in `into` if that is given and the implementation can. A port, because a native one is several times faster than the portable one. */
export type Sha256 = (bytes: Bytes, into?: Uint8Array) => Uint8Array

/** SHA-256 in plain JavaScript: runs everywhere. */
export const portableSha256: Sha256 = (bytes) => nobleSha256(bytesOf(bytes))

/** Bytes of a link. */
export const hashBytes = 32

/** What stands before the first batch of a journal. */
export const genesis: Uint8Array = new Uint8Array(hashBytes)

/** First string of the encoding: a link can be mistaken for nothing else. */
const domain = "stopcopy/batch/1"

const utf8 = new TextEncoder()

/** Characters of the longest text that is worth trying to write one by one. */
const asciiLength = 64

/** A growing little-endian buffer: numbers of fixed width, strings and optional values with their length in front. */
class Canonical {
  private bytes = new Uint8Array(1024)
  private view = new DataView(this.bytes.buffer)
  private length = 0

  private room(size: number): number {
    const at = this.length
    this.length += size
    if (this.length > this.bytes.byteLength) {
      const grown = new Uint8Array(this.length * 2)
      grown.set(this.bytes.subarray(0, at))
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    return at
  }

  reset(): void {
    this.length = 0
  }

  written(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  u8(value: number): void {
    const at = this.room(1)
    this.view.setUint8(at, value)
  }

  /** A safe integer as a double: exact up to 2^53, one encoding for each, signed times included. */
  integer(value: number): void {
    const at = this.room(8)
    this.view.setFloat64(at, value, true)
  }

  raw(value: Uint8Array): void {
    const at = this.room(value.byteLength)
    this.bytes.set(value, at)
  }

  text(value: string): void {
    if (this.ascii(value)) return
    const at = this.room(4 + value.length * 3)
    const { written } = utf8.encodeInto(value, this.bytes.subarray(at + 4))
    this.view.setUint32(at, written, true)
    this.length = at + 4 + written
  }

  /** Writes a short text of ASCII characters, as names are: a call of the encoder costs several times as much. False for others. */
  private ascii(value: string): boolean {
    const { length } = value
    if (length > asciiLength) return false
    const start = this.length
    let at = this.room(4 + length)
    this.view.setUint32(at, length, true)
    at += 4
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) {
        this.length = start
        return false
      }
      this.bytes[at++] = code
    }
    return true
  }

  /** A byte 0 for none, or a byte 1 and the text. */
  optionalText(value: string | null): void {
    this.u8(value === null ? 0 : 1)
    if (value !== null) this.text(value)
  }
}

/** Of one payload or command, on its way into the encoding of a link. */
const digest = new Uint8Array(hashBytes)

const noHash = new Uint8Array(0)

const record = (out: Canonical, sha256: Sha256, stored: StoredRecord | PlannedRecord): void => {
  out.text(stored.stream)
  out.text(stored.behavior)
  out.optionalText(stored.owner)
  out.integer(stored.version)
  out.integer(stored.count)
  out.text(stored.type)
  out.integer(stored.schemaVersion)
  out.integer(stored.encoding)
  out.raw(stored.payload === null ? (stored.payloadHash ?? noHash) : sha256(stored.payload, digest))
}

/** Reused by every link: a link is computed in one synchronous call. */
const scratch = new Canonical()

/** The link of `batch` after `previous` in the journal `journalId`: 32 bytes. Total. */
export const linkOf = (
  sha256: Sha256,
  journalId: string,
  previous: Uint8Array,
  batch: StoredBatch | PlannedBatch
): Uint8Array => {
  const out = scratch
  out.reset()
  out.text(domain)
  out.text(journalId)
  out.raw(previous)
  out.integer(batch.batch)
  out.integer(batch.firstSequence)
  out.integer(batch.time)
  out.text(batch.correlation)
  out.optionalText(batch.causation)
  out.optionalText(batch.command === null ? null : batch.command.stream)
  if (batch.command !== null) {
    out.integer(batch.command.schemaVersion)
    out.raw(batch.command.bytes === null ? (batch.command.hash ?? noHash) : sha256(batch.command.bytes, digest))
  }
  out.integer(batch.records.length)
  for (const stored of batch.records) record(out, sha256, stored)
  return sha256(out.written())
}
