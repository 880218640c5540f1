/**
 * Reading a journal's tables: records, streams, batches. What a page cannot say is damage, and damage names its batch.
 */
import { Either } from "effect"
import type { RecordedRun, SealedBatch, StoredRecord, StreamIdentity } from "../Envelope.ts"
import type { Anchor, Head, Place, Snapshot, StreamInfo } from "../JournalDriver.ts"
import { JournalDamaged, JournalUnavailable } from "../JournalError.ts"
import type { ReadError } from "../JournalError.ts"
import { BadColumn, batchOf, contextOf, identityOf, integer, recordOf, runIn, snapshotOf } from "../Rows.ts"
import type { Row } from "../Rows.ts"
import type { SqliteDatabase, SqliteDriver } from "./SqliteDriver.ts"
import type { SnapshotStatements, Statements } from "./Statements.ts"

/** Record rows fetched at once while batches are put together. */
const batchRecordRows = 1024

export interface SqliteSource {
  readonly sqlite: SqliteDriver
  readonly database: SqliteDatabase
  readonly snapshots: SnapshotStatements | undefined
  readonly file: string
}

export class SqliteReader {
  private readonly source: SqliteSource
  private readonly statements: Statements
  private readonly anchor: () => Anchor
  private readonly identities = new Map<number, StreamIdentity>()

  constructor(source: SqliteSource, statements: Statements, anchor: () => Anchor) {
    this.source = source
    this.statements = statements
    this.anchor = anchor
  }

  readonly head = (): Either.Either<Head, ReadError> =>
    this.reading(() => {
      const row = this.statements.head.get()
      if (row === undefined) return { batch: this.anchor().batch - 1, sequence: this.anchor().sequence - 1 }
      return { batch: integer(row, "batch"), sequence: integer(row, "sequence") }
    })

  readonly records = (after: number, limit: number): Either.Either<ReadonlyArray<StoredRecord>, ReadError> =>
    this.reading(() => this.decoded(this.statements.records.all(after, after, limit)), after)

  readonly recordsOf = (stream: string, after: number, limit: number) =>
    this.reading(() => {
      const row = this.statements.streamId.get(stream)
      return row === undefined
        ? []
        : this.decoded(this.statements.recordsOf.all(integer(row, "id"), after, after, limit))
    })

  readonly runsOf = (
    stream: string,
    after: number,
    limit: number
  ): Either.Either<ReadonlyArray<RecordedRun>, ReadError> =>
    this.reading(() => {
      const row = this.statements.streamByName.get(stream)
      if (row === undefined) return []
      const identity = identityOf(row)
      const rows = this.statements.runsOf(integer(row, "id"), after, after, limit)
      return rows.map((each) => runIn(each, identity))
    })

  readonly streams = (family?: string): Either.Either<ReadonlyArray<StreamInfo>, ReadError> =>
    this.reading(() => {
      const { family: below, streams } = this.statements
      const rows = family === undefined ? streams.all() : below.all(family, family)
      return rows
        .filter((row) => row["version"] !== null)
        .map((row) => ({ ...identityOf(row), version: integer(row, "version") }))
    })

  /** A page with an unreadable part is halved until the part is alone: the error then names its batch. */
  readonly batches = (after: number, limit: number): Either.Either<ReadonlyArray<SealedBatch>, ReadError> => {
    const page = this.reading(() => this.assembled(after, limit))
    if (Either.isRight(page) || page.left._tag !== "JournalDamaged") return page
    if (limit > 1) return this.batches(after, Math.floor(limit / 2))
    return Either.left(this.damaged(after, page.left.difference))
  }

  readonly lastBase = (stream: string, upTo: number): Either.Either<Place | undefined, ReadError> =>
    this.reading(() => {
      const id = this.statements.streamId.get(stream)
      const row = id === undefined ? undefined : this.statements.lastBase.get(integer(id, "id"), upTo)
      return row === undefined ? undefined : { version: integer(row, "version"), sequence: integer(row, "sequence") }
    })

  readonly snapshot = (stream: string, upTo: number): Either.Either<Snapshot | undefined, ReadError> =>
    this.reading(() => {
      const row = this.source.snapshots?.latest.get(stream, upTo)
      return row === undefined ? undefined : snapshotOf(row)
    })

  readonly snapshots = (after: number, limit: number): Either.Either<ReadonlyArray<Snapshot>, ReadError> =>
    this.reading(() => (this.source.snapshots?.after.all(after, limit) ?? []).map(snapshotOf))

  /** SQLite's own check of every page and index. */
  readonly check = (): Either.Either<string | undefined, ReadError> =>
    this.reading(() => {
      const said = this.source.database.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"]
      return said === "ok" ? undefined : String(said).replaceAll(/\s+/g, " ")
    })

  /** Forgets what it remembers of streams. */
  forget(): void {
    this.identities.clear()
  }

  private decoded(rows: ReadonlyArray<Row>): ReadonlyArray<StoredRecord> {
    return rows.map((row) => recordOf(row, this.identityOf(row), contextOf(row)))
  }

  /** The stream of a record row. One that is not in its table gets a name that no hash agrees with. */
  private identityOf(row: Row): StreamIdentity {
    const id = integer(row, "stream")
    const known = this.identities.get(id)
    if (known !== undefined) return known
    const found = this.statements.streamById.get(id)
    if (found === undefined) return { stream: `row ${id} of no stream`, behavior: "", owner: null }
    const identity = identityOf(found)
    this.identities.set(id, identity)
    return identity
  }

  /** Batches with the records that name them, in the order of sequences. */
  private assembled(after: number, limit: number): ReadonlyArray<SealedBatch> {
    const rows = this.statements.batches.all(after, limit)
    const last = rows.at(-1)
    if (last === undefined) return []
    const before = this.statements.batchBefore.get(after)
    const records = this.rowsUpTo(integer(last, "id"), before === undefined ? 0 : integer(before, "first_sequence"))
    return rows.map((row) => {
      const context = contextOf(row)
      const own = records.get(integer(row, "id")) ?? []
      return batchOf(
        row,
        own.map((each) => recordOf(each, this.identityOf(each), context))
      )
    })
  }

  /** Record rows from `sequence` on, by the batch they name, until all up to `lastBatch` are there. */
  private rowsUpTo(lastBatch: number, sequence: number): ReadonlyMap<number, ReadonlyArray<Row>> {
    const byBatch = new Map<number, Array<Row>>()
    for (let from = sequence; ;) {
      const rows = this.statements.batchRecords.all(from, batchRecordRows)
      for (const row of rows) {
        const batch = integer(row, "batch")
        const known = byBatch.get(batch)
        if (known === undefined) byBatch.set(batch, [row])
        else known.push(row)
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < batchRecordRows || integer(last, "batch") > lastBatch) return byBatch
      from = integer(last, "sequence") + 1
    }
  }

  private reading<A>(read: () => A, after = 0): Either.Either<A, ReadError> {
    try {
      return Either.right(read())
    } catch (thrown) {
      if (thrown instanceof BadColumn) return Either.left(this.damaged(this.batchAt(after), thrown.message))
      const failure = this.source.sqlite.failureOf(thrown)
      if (failure?.kind === "corrupt" || failure?.kind === "notADatabase") {
        return Either.left(this.damaged(this.batchAt(after), failure.reason))
      }
      return Either.left(
        new JournalUnavailable({ journal: this.source.file, reason: failure?.reason ?? String(thrown) })
      )
    }
  }

  /** The batch of the event `sequence`, as far as that can still be read; else 0. */
  private batchAt(sequence: number): number {
    try {
      const row = this.statements.batchRecords.get(sequence, 1)
      return row === undefined ? 0 : integer(row, "batch")
    } catch {
      return 0
    }
  }

  private damaged(lastGood: number, difference: string): JournalDamaged {
    return new JournalDamaged({ journal: this.source.file, batch: lastGood + 1, lastGood, difference })
  }
}
