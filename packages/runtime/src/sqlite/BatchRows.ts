/** Batches as rows: inserting them, and what that needs to know of the streams they touch, kept in memory as far as it is committed. */
import type { PlannedBatch, PlannedRecord, StreamIdentity } from "../Envelope.ts"
import { integer } from "../Rows.ts"
import type { SqlValue, Statement } from "./SqliteDriver.ts"
import { rowsAtOnce } from "./Statements.ts"
import type { Statements } from "./Statements.ts"

/** Values of a row, in the order of the statement's question marks. */
type Values = ReadonlyArray<SqlValue>

/** Streams that are known at a time, at most: a device has a new one for each of its migration files, for ever. */
const mostStreams = 4096

/** Rows of one table on their way: inserted many at once, the rest one by one. */
class Rows {
  private readonly one: Statement
  private readonly many: Statement
  private values: Array<SqlValue> = []
  private waiting = 0

  constructor(one: Statement, many: Statement) {
    this.one = one
    this.many = many
  }

  add(...values: Values): void {
    for (const value of values) this.values.push(value)
    this.waiting++
    if (this.waiting < rowsAtOnce) return
    this.many.run(...this.values)
    this.clear()
  }

  flush(): void {
    const width = this.values.length / this.waiting
    for (let row = 0; row < this.waiting; row++) this.one.run(...this.values.slice(row * width, (row + 1) * width))
    this.clear()
  }

  clear(): void {
    this.values = []
    this.waiting = 0
  }
}

export class BatchRows {
  private readonly statements: Statements
  private readonly ids = new Map<string, number>()
  private readonly versions = new Map<string, number>()
  /** Row ids of streams that the present transaction inserted. */
  private readonly fresh = new Map<string, number>()

  private readonly batches: Rows
  private readonly records: Rows

  constructor(statements: Statements) {
    this.statements = statements
    this.batches = new Rows(statements.insertBatch, statements.insertBatches)
    this.records = new Rows(statements.insertRecord, statements.insertRecords)
  }

  /** Takes a batch up for the transaction that has begun; its rows are inserted with the next `flush` at the latest. */
  insert(
    { batch, causation, command, correlation, firstSequence, records, time }: PlannedBatch,
    hash: Uint8Array
  ): void {
    const stream = command === null ? null : command.stream
    const version = command === null ? null : command.schemaVersion
    const bytes = command === null ? null : command.bytes
    this.batches.add(batch, firstSequence, time, correlation, causation, stream, version, bytes, hash)
    for (const each of records) this.insertRecord(batch, each)
  }

  /** Inserts everything that was taken up. */
  flush(): void {
    this.batches.flush()
    this.records.flush()
  }

  private insertRecord(batch: number, record: PlannedRecord): void {
    const { count, encoding, payload, schemaVersion, sequence, type, version } = record
    this.records.add(sequence, count, batch, this.idFor(record), version, type, schemaVersion, encoding, payload)
  }

  /** The row id of a stream, inserted if the stream is new. */
  private idFor({ behavior, owner, stream }: StreamIdentity): number {
    const known = this.fresh.get(stream) ?? this.idOf(stream)
    if (known !== undefined) return known
    const inserted = this.statements.insertStream.run(stream, behavior, owner)
    this.fresh.set(stream, inserted)
    return inserted
  }

  private idOf(stream: string): number | undefined {
    const known = this.ids.get(stream)
    if (known !== undefined) return known
    const row = this.statements.streamId.get(stream)
    if (row === undefined) return undefined
    const id = integer(row, "id")
    this.ids.set(stream, id)
    return id
  }

  /** Version of a stream in the journal; 0 for one that is not there. */
  versionOf(stream: string): number {
    const known = this.versions.get(stream)
    if (known !== undefined) return known
    const id = this.idOf(stream)
    const row = id === undefined ? undefined : this.statements.version.get(id)
    return row === undefined ? 0 : integer(row, "version")
  }

  /** The transaction is committed, with all that counts so far: the tables know what is forgotten here. */
  inserted(): void {
    for (const [stream, id] of this.fresh) this.ids.set(stream, id)
    this.fresh.clear()
    if (this.ids.size > mostStreams) this.ids.clear()
    if (this.versions.size > mostStreams) this.versions.clear()
  }

  /** This batch counts. */
  committed({ records }: PlannedBatch): void {
    for (const { count, stream, version } of records) this.versions.set(stream, version + count - 1)
  }

  /** A stream has come as far as `version`, in a batch that counts. */
  reached(stream: string, version: number): void {
    this.versions.set(stream, version)
  }

  /** Knows nothing any more: another process appended, or a transaction failed. */
  forget(): void {
    this.fresh.clear()
    this.batches.clear()
    this.records.clear()
    this.versions.clear()
    this.ids.clear()
  }
}
