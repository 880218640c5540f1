/**
 * What is known of a journal's end and of its streams. It is right for as long as the end of the journal is `tip`: every append moves the end, and
 * one that goes with an end that is not there any more is refused by the database (`Writer.ts`).
 */
import type { PlannedBatch } from "../Envelope.ts"
import type { Head } from "../JournalDriver.ts"
import { BadColumn, bytes, integer, text } from "../Rows.ts"
import type { Row } from "../Rows.ts"

/** Streams remembered, at most: beyond it all are forgotten and read again when they are needed. */
export const maxKnownStreams = 100_000

/** The last batch with its link, and the highest row id of a stream. */
export interface Tip extends Head {
  readonly hash: Uint8Array
  readonly stream: number
}

/** A stream's row id and version; id 0: it has no row. */
interface KnownStream {
  readonly id: number
  readonly version: number
}

const unknown: KnownStream = { id: 0, version: 0 }

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.byteLength === right.byteLength && left.every((byte, index) => byte === right[index])

const sameTip = (left: Tip, right: Tip): boolean => left.batch === right.batch && sameBytes(left.hash, right.hash)

const tipOf = (row: Row): Tip => ({
  batch: integer(row, "last_batch"),
  sequence: integer(row, "last_sequence"),
  hash: bytes(row, "last_hash"),
  stream: integer(row, "last_stream")
})

export class Known {
  readonly tip: Tip
  private readonly streams: Map<string, KnownStream>

  private constructor(tip: Tip, streams: Map<string, KnownStream>) {
    this.tip = tip
    this.streams = streams
  }

  /** What rows of the statement `known` say about `names`. */
  static of(rows: ReadonlyArray<Row>, names: ReadonlyArray<string>): Known {
    const [first] = rows
    if (first === undefined) throw new BadColumn("the table journal has no row")
    const streams = new Map(names.map((name) => [name, unknown] as const))
    for (const row of rows) {
      if (row["id"] === null) continue
      const version = row["version"] === null ? 0 : integer(row, "version")
      streams.set(text(row, "name"), { id: integer(row, "id"), version })
    }
    return new Known(tipOf(first), streams)
  }

  /** True if nothing more has to be read for these streams. */
  has(names: ReadonlyArray<string>): boolean {
    return names.every((name) => this.streams.has(name))
  }

  versionOf(name: string): number {
    return this.streams.get(name)?.version ?? 0
  }

  idOf(name: string): number {
    return this.streams.get(name)?.id ?? 0
  }

  /** What is known with what was `read` later, if that is of the same end; else only what was read. */
  with(read: Known): Known {
    if (!sameTip(this.tip, read.tip) || this.streams.size + read.streams.size > maxKnownStreams) return read
    for (const [name, stream] of read.streams) this.streams.set(name, stream)
    return this
  }

  /** What is known after `batches` were appended up to `tip`, which gave new streams these ids. */
  after(batches: ReadonlyArray<PlannedBatch>, tip: Tip, ids: ReadonlyMap<string, number>): Known {
    for (const { records } of batches) {
      for (const { count, stream, version } of records) {
        this.streams.set(stream, { id: ids.get(stream) ?? this.idOf(stream), version: version + count - 1 })
      }
    }
    return new Known(tip, this.streams)
  }
}
