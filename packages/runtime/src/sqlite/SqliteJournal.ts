/**
 * A journal in one SQLite file, in WAL mode: *written* is a commit at synchronous NORMAL, *durable* one at FULL, which carries
 * everything before it to the disk. One connection writes; other processes may read, and may even write: whoever is late
 * collides on a sequence, looks again, and gets a `VersionConflict` if its stream has moved on.
 */
import { Either } from "effect"
import type { Sha256 } from "../Chain.ts"
import { linkOf } from "../Chain.ts"
import type { Durability, StoredBatch, StreamIdentity } from "../Envelope.ts"
import type { Anchor, AppendRequest, Appended, Head, JournalDriver } from "../JournalDriver.ts"
import { JournalFull, JournalReadOnly, JournalUnavailable } from "../JournalError.ts"
import type { AppendError } from "../JournalError.ts"
import { placeOf, plan } from "../Plan.ts"
import { bytes, integer, text } from "./Rows.ts"
import type { SqliteDatabase } from "./SqliteDriver.ts"
import { SqliteReader } from "./SqliteReader.ts"
import type { SqliteSource } from "./SqliteReader.ts"
import { prepare } from "./Statements.ts"
import type { Statements } from "./Statements.ts"

/** The end of the journal, kept in memory between appends. */
interface Tip extends Head {
  readonly hash: Uint8Array
}

interface SqliteJournalOptions extends SqliteSource {
  readonly database: SqliteDatabase
  readonly readOnly: boolean
  readonly sha256: Sha256
}

export class SqliteJournal implements JournalDriver {
  readonly name: string
  readonly id: string
  readonly anchor: Anchor
  private readonly options: SqliteJournalOptions
  private readonly statements: Statements
  private readonly ids = new Map<string, number>()
  private readonly versions = new Map<string, number>()
  private readonly reader: SqliteReader
  private tip: Tip | undefined
  private synchronous: Durability | undefined
  /** Something may be written that is not durable; true at first, because the last process may have died. */
  private unsynced = true

  /** Over an open database that holds the journal's tables. Throws what the library throws. */
  constructor(options: SqliteJournalOptions) {
    this.options = options
    this.name = options.file
    this.statements = prepare(options.database)
    const meta = this.statements.meta.get() ?? {}
    this.id = text(meta, "id")
    this.anchor = {
      batch: integer(meta, "anchor_batch"),
      sequence: integer(meta, "anchor_sequence"),
      hash: bytes(meta, "anchor_hash")
    }
    this.reader = new SqliteReader(options, this.statements, this.anchor)
    this.head = this.reader.head
    this.records = this.reader.records
    this.recordsOf = this.reader.recordsOf
    this.streams = this.reader.streams
    this.batches = this.reader.batches
  }

  readonly append = (request: AppendRequest): Either.Either<Appended, AppendError> => {
    if (this.options.readOnly) return Either.left(new JournalReadOnly({ journal: this.name }))
    const first = this.tryAppend(request)
    if (first !== "collision") return first
    // Another process appended: what is known of the journal is out of date.
    this.forget()
    const second = this.tryAppend(request)
    return second === "collision" ? Either.left(this.unavailable("another process keeps appending to it")) : second
  }

  readonly head: JournalDriver["head"]
  readonly records: JournalDriver["records"]
  readonly recordsOf: JournalDriver["recordsOf"]
  readonly streams: JournalDriver["streams"]
  readonly batches: JournalDriver["batches"]

  readonly sync = (): Either.Either<void, AppendError> => {
    if (this.options.readOnly || !this.unsynced) return Either.void
    try {
      this.setSynchronous("durable")
      this.statements.touch.run()
      this.unsynced = false
      return Either.void
    } catch (thrown) {
      return Either.left(this.storageError(thrown))
    }
  }

  private tryAppend(request: AppendRequest): Either.Either<Appended, AppendError> | "collision" {
    try {
      const tip = (this.tip ??= this.readTip())
      const planned = plan(request, tip, (stream) => this.versionOf(stream))
      if (Either.isLeft(planned)) return this.isCurrent(tip) ? Either.left(planned.left) : "collision"
      return Either.right(this.commit(planned.right, tip, request.durability))
    } catch (thrown) {
      if (this.options.sqlite.failureOf(thrown)?.kind === "constraint" && this.rolledBack()) return "collision"
      return Either.left(this.storageError(thrown))
    }
  }

  /** False if another process appended since `tip` was read: a conflict is judged by what is in the journal now. */
  private isCurrent(tip: Tip): boolean {
    const row = this.statements.head.get()
    return row === undefined || integer(row, "sequence") === tip.sequence
  }

  private commit(batch: StoredBatch, tip: Tip, durability: Durability): Appended {
    const { begin, commit } = this.statements
    const hash = linkOf(this.options.sha256, this.id, tip.hash, batch)
    this.setSynchronous(durability)
    begin.run()
    const ids = this.insert(batch, hash)
    commit.run()
    // Only now is it true: what is kept in memory follows the commit.
    for (const { count, stream, version } of batch.records) this.versions.set(stream, version + count - 1)
    for (const [stream, id] of ids) this.ids.set(stream, id)
    const place = placeOf(batch)
    this.tip = { batch: place.batch, sequence: place.last, hash }
    this.unsynced = durability === "written"
    return place
  }

  /** Inserts a batch; the row ids of the streams it touches. */
  private insert(batch: StoredBatch, hash: Uint8Array): ReadonlyMap<string, number> {
    const { insertBatch, insertRecord } = this.statements
    const { command } = batch
    insertBatch.run(
      batch.batch,
      batch.firstSequence,
      batch.time,
      batch.correlation,
      batch.causation,
      command === null ? null : command.stream,
      command === null ? null : command.schemaVersion,
      command === null ? null : command.bytes,
      hash
    )
    const ids = new Map<string, number>()
    for (const each of batch.records) {
      const stream = ids.get(each.stream) ?? this.idFor(each)
      ids.set(each.stream, stream)
      const { count, encoding, payload, schemaVersion, sequence, type, version } = each
      insertRecord.run(sequence, count, batch.batch, stream, version, type, schemaVersion, encoding, payload)
    }
    return ids
  }

  /** The row id of a stream, inserted if the stream is new. */
  private idFor({ behavior, owner, stream }: StreamIdentity): number {
    return this.idOf(stream) ?? this.statements.insertStream.run(stream, behavior, owner)
  }

  private idOf(stream: string): number | undefined {
    const known = this.ids.get(stream)
    if (known !== undefined) return known
    const row = this.statements.streamId.get(stream)
    return row === undefined ? undefined : integer(row, "id")
  }

  private versionOf(stream: string): number {
    const known = this.versions.get(stream)
    if (known !== undefined) return known
    const id = this.idOf(stream)
    const row = id === undefined ? undefined : this.statements.version.get(id)
    return row === undefined ? 0 : integer(row, "version")
  }

  private readTip(): Tip {
    const row = this.statements.head.get()
    const last = this.statements.lastHash.get()
    if (row === undefined || last === undefined) {
      return { batch: this.anchor.batch - 1, sequence: this.anchor.sequence - 1, hash: this.anchor.hash }
    }
    return { batch: integer(row, "batch"), sequence: integer(row, "sequence"), hash: bytes(last, "hash") }
  }

  private forget(): void {
    this.tip = undefined
    this.versions.clear()
    this.ids.clear()
    this.reader.forget()
  }

  private setSynchronous(durability: Durability): void {
    if (this.synchronous === durability) return
    this.options.database.exec(`PRAGMA synchronous = ${durability === "durable" ? "FULL" : "NORMAL"}`)
    this.synchronous = durability
  }

  private unavailable(reason: string): JournalUnavailable {
    return new JournalUnavailable({ journal: this.name, reason })
  }

  /** Ends a failed transaction, if SQLite has not done so itself. */
  private rolledBack(): boolean {
    if (this.options.database.inTransaction()) this.options.database.exec("ROLLBACK")
    return true
  }

  private storageError(thrown: unknown): AppendError {
    this.rolledBack()
    this.forget()
    const failure = this.options.sqlite.failureOf(thrown)
    if (failure === undefined) throw thrown
    return failure.kind === "full" ? new JournalFull({ journal: this.name }) : this.unavailable(failure.reason)
  }
}
