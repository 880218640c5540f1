/** Reading a journal's tables: records, streams, batches. What a page cannot say is damage, and damage names its batch. */
import { Effect } from "effect"
import type { RecordedRun, SealedBatch, StoredRecord } from "../Envelope.ts"
import type { Head, Place, Snapshot, StreamInfo } from "../JournalDriver.ts"
import type { ReadError } from "../JournalError.ts"
import { BadColumn, batchOf, bytes, contextOf, identityOf, integer, recordOf, runOf, snapshotOf } from "../Rows.ts"
import type { Row } from "../Rows.ts"
import type { Database } from "./Database.ts"
import { damaged, readError } from "./Failures.ts"
import type { Statements } from "./Statements.ts"
import { toStored } from "./StoredText.ts"

/** Record rows fetched at once while batches are put together. */
const batchRecordRows = 1024

export interface Source {
  readonly database: Database
  readonly statements: Statements
  /** What messages call the journal. */
  readonly name: string
}

/** The stream of a record row. One that is not in its table gets a name that no hash agrees with. */
const streamOf = (row: Row) =>
  row["name"] === null
    ? { stream: `row ${integer(row, "stream")} of no stream`, behavior: "", owner: null }
    : identityOf(row)

const recordsIn = (rows: ReadonlyArray<Row>): ReadonlyArray<StoredRecord> =>
  rows.map((row) => recordOf(row, streamOf(row), contextOf(row)))

const infosIn = (rows: ReadonlyArray<Row>): ReadonlyArray<StreamInfo> =>
  rows.map((row) => ({ ...identityOf(row), version: integer(row, "version") }))

/** What of the journal's own row disagrees with its tables. */
const difference = (row: Row): string | undefined => {
  const agree = (what: string, said: unknown, found: unknown) =>
    found === null || said === found ? undefined : `${what} is ${String(found)}, its row says ${String(said)}`
  const link = row["hash"] === null || Buffer.compare(bytes(row, "hash"), bytes(row, "last_hash")) === 0
  return (
    agree("the last batch", row["last_batch"], row["batch"]) ??
    agree("the last event", row["last_sequence"], row["sequence"]) ??
    agree("the last stream", row["last_stream"], row["stream"]) ??
    (link ? undefined : "the last link is not the one that its row says")
  )
}

export class Reader {
  private readonly source: Source

  constructor(source: Source) {
    this.source = source
  }

  readonly head = (): Effect.Effect<Head, ReadError> =>
    this.one(this.source.statements.head, [], (row) => {
      if (row === undefined) throw new BadColumn("the table journal has no row")
      return { batch: integer(row, "last_batch"), sequence: integer(row, "last_sequence") }
    })

  readonly records = (after: number, limit: number): Effect.Effect<ReadonlyArray<StoredRecord>, ReadError> =>
    this.read(this.source.statements.records, [after, limit], recordsIn, after)

  readonly recordsOf = (stream: string, after: number, limit: number) =>
    this.read(this.source.statements.recordsOf, [toStored(stream), after, limit], recordsIn)

  readonly runsOf = (
    stream: string,
    after: number,
    limit: number
  ): Effect.Effect<ReadonlyArray<RecordedRun>, ReadError> =>
    this.read(this.source.statements.runsOf, [toStored(stream), after, limit], (rows) =>
      rows.map((row) => runOf(row, identityOf(row)))
    )

  readonly streams = (family?: string): Effect.Effect<ReadonlyArray<StreamInfo>, ReadError> =>
    family === undefined
      ? this.read(this.source.statements.streams, [], infosIn)
      : this.read(this.source.statements.family, [toStored(family)], infosIn)

  /** A page with an unreadable part is halved until the part is alone: the error then names its batch. */
  readonly batches = (after: number, limit: number): Effect.Effect<ReadonlyArray<SealedBatch>, ReadError> =>
    Effect.catchTag(this.assembled(after, limit), "JournalDamaged", (error) =>
      limit > 1
        ? this.batches(after, Math.floor(limit / 2))
        : Effect.fail(damaged(this.source.name, after, error.difference))
    )

  readonly lastBase = (stream: string, upTo: number): Effect.Effect<Place | undefined, ReadError> =>
    this.one(this.source.statements.lastBase, [toStored(stream), upTo], (row) =>
      row === undefined ? undefined : { version: integer(row, "version"), sequence: integer(row, "sequence") }
    )

  readonly snapshot = (stream: string, upTo: number): Effect.Effect<Snapshot | undefined, ReadError> =>
    this.one(this.source.statements.snapshot, [toStored(stream), upTo], (row) =>
      row === undefined ? undefined : snapshotOf(row)
    )

  readonly snapshots = (after: number, limit: number): Effect.Effect<ReadonlyArray<Snapshot>, ReadError> =>
    this.read(this.source.statements.snapshots, [after, limit], (rows) => rows.map(snapshotOf))

  /** Whether the end of the journal is where its own row says; the pages are the server's to check. */
  readonly check = (): Effect.Effect<string | undefined, ReadError> =>
    this.one(this.source.statements.ends, [], (row) =>
      row === undefined ? "the table journal has no row" : difference(row)
    )

  /** Batches with the records that name them, in the order of sequences. */
  private assembled(after: number, limit: number): Effect.Effect<ReadonlyArray<SealedBatch>, ReadError> {
    const { statements } = this.source
    return Effect.gen(this, function* () {
      const rows = yield* this.read(statements.batches, [after, limit], (found) =>
        found.map((row) => ({ row, id: integer(row, "id") }))
      )
      const last = rows.at(-1)
      if (last === undefined) return []
      const start = yield* this.one(statements.batchBefore, [after], (row) =>
        row === undefined ? 0 : integer(row, "first_sequence")
      )
      const records = yield* this.rowsUpTo(last.id, start)
      return yield* this.decoded(() =>
        rows.map(({ id, row }) => {
          const own = records.get(id) ?? []
          return batchOf(
            row,
            own.map((each) => recordOf(each, streamOf(each), contextOf(row)))
          )
        })
      )
    })
  }

  /** Record rows from `sequence` on, by the batch they name, until all up to `lastBatch` are there. */
  private rowsUpTo(
    lastBatch: number,
    sequence: number
  ): Effect.Effect<ReadonlyMap<number, ReadonlyArray<Row>>, ReadError> {
    const byBatch = new Map<number, Array<Row>>()
    const from = (start: number): Effect.Effect<ReadonlyMap<number, ReadonlyArray<Row>>, ReadError> =>
      Effect.flatMap(
        this.read(this.source.statements.batchRecords, [start, batchRecordRows], (rows) => {
          for (const row of rows) {
            const batch = integer(row, "batch")
            const known = byBatch.get(batch)
            if (known === undefined) byBatch.set(batch, [row])
            else known.push(row)
          }
          const last = rows.at(-1)
          if (last === undefined || rows.length < batchRecordRows || integer(last, "batch") > lastBatch)
            return undefined
          return integer(last, "sequence") + 1
        }),
        (next) => (next === undefined ? Effect.succeed(byBatch) : from(next))
      )
    return from(sequence)
  }

  private one<A>(
    statement: string,
    values: ReadonlyArray<unknown>,
    decode: (row: Row | undefined) => A
  ): Effect.Effect<A, ReadError> {
    return this.read(statement, values, ([row]) => decode(row))
  }

  /** The rows of a statement. `after` is the event after which they begin: it names the batch of what is unreadable. */
  private read<A>(
    statement: string,
    values: ReadonlyArray<unknown>,
    decode: (rows: ReadonlyArray<Row>) => A,
    after = 0
  ): Effect.Effect<A, ReadError> {
    const { database, name } = this.source
    return database.others.query(statement, values).pipe(
      Effect.mapError((error) => readError(name, error, 0)),
      Effect.flatMap((rows) => this.decoded(() => decode(rows))),
      Effect.catchTag("JournalDamaged", (error) =>
        Effect.flatMap(this.batchAt(after), (batch) => Effect.fail(damaged(name, batch, error.difference)))
      )
    )
  }

  private decoded<A>(decode: () => A): Effect.Effect<A, ReadError> {
    return Effect.try({
      try: decode,
      catch: (thrown) => damaged(this.source.name, 0, thrown instanceof Error ? thrown.message : String(thrown))
    })
  }

  /** The batch of the event `sequence`, as far as that can still be read; else 0. */
  private batchAt(sequence: number): Effect.Effect<number> {
    const { database, statements } = this.source
    return Effect.match(database.others.query(statements.batchAt, [sequence]), {
      onFailure: () => 0,
      onSuccess: ([row]) => (typeof row?.["batch"] === "number" ? row["batch"] : 0)
    })
  }
}
