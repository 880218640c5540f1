/**
 * A journal in one SQLite file, in WAL mode: *written* is a commit at synchronous NORMAL, *durable* one at FULL, which carries
 * everything before it to the disk. One connection writes; other processes may read, and may even write: whoever is late
 * collides on a sequence, looks again, and gets a `VersionConflict` if its stream has moved on.
 */
import { Either, Stream } from "effect"
import type { Sha256 } from "../Chain.ts"
import { linkOf } from "../Chain.ts"
import type { Durability, PlannedBatch, StreamIdentity } from "../Envelope.ts"
import type { Anchor, AppendAnswer, AppendRequest, Head, JournalDriver, Redaction, Snapshot } from "../JournalDriver.ts"
import { JournalReadOnly, JournalUnavailable } from "../JournalError.ts"
import type { CommitError, MaintenanceError } from "../JournalError.ts"
import { placeOf, planGroup } from "../Plan.ts"
import { anchorOf, bytes, integer, text } from "../Rows.ts"
import { storageError } from "./Failures.ts"
import type { SqliteDatabase } from "./SqliteDriver.ts"
import { SqliteReader } from "./SqliteReader.ts"
import type { SqliteSource } from "./SqliteReader.ts"
import { redactRows, removeRows } from "./SqliteRetention.ts"
import { prepare } from "./Statements.ts"
import type { SnapshotStatements, Statements } from "./Statements.ts"

/** The end of the journal, kept in memory between appends. */
interface Tip extends Head {
  readonly hash: Uint8Array
}

interface SqliteJournalOptions extends SqliteSource {
  readonly database: SqliteDatabase
  /** None for a journal of a release without snapshots that is only read. */
  readonly snapshots: SnapshotStatements | undefined
  readonly readOnly: boolean
  readonly sha256: Sha256
}

export class SqliteJournal implements JournalDriver {
  readonly name: string
  readonly id: string
  readonly synchronous = true
  readonly keepsValues = false
  readonly changes = Stream.empty
  anchor: Anchor
  readonly head: SqliteReader["head"]
  readonly records: SqliteReader["records"]
  readonly recordsOf: SqliteReader["recordsOf"]
  readonly runsOf: SqliteReader["runsOf"]
  readonly streams: SqliteReader["streams"]
  readonly batches: SqliteReader["batches"]
  readonly lastBase: SqliteReader["lastBase"]
  readonly snapshot: SqliteReader["snapshot"]
  readonly snapshots: SqliteReader["snapshots"]
  readonly check: SqliteReader["check"]
  private readonly options: SqliteJournalOptions
  private readonly statements: Statements
  private readonly ids = new Map<string, number>()
  private readonly versions = new Map<string, number>()
  private readonly reader: SqliteReader
  private tip: Tip | undefined
  private setting: Durability | undefined
  /** Something may be written that is not durable; true at first, because the last process may have died. */
  private unsynced = true

  /** Over an open database that holds the journal's tables. Throws what the library throws. */
  constructor(options: SqliteJournalOptions) {
    this.options = options
    this.name = options.file
    this.statements = prepare(options.database)
    const meta = this.statements.meta.get() ?? {}
    this.id = text(meta, "id")
    this.anchor = anchorOf(meta)
    this.reader = new SqliteReader(options, this.statements, () => this.anchor)
    const { reader } = this
    this.head = reader.head
    this.records = reader.records
    this.recordsOf = reader.recordsOf
    this.runsOf = reader.runsOf
    this.streams = reader.streams
    this.batches = reader.batches
    this.lastBase = reader.lastBase
    this.snapshot = reader.snapshot
    this.snapshots = reader.snapshots
    this.check = reader.check
  }

  readonly commit = (
    group: ReadonlyArray<AppendRequest>,
    durability: Durability
  ): Either.Either<ReadonlyArray<AppendAnswer>, CommitError> => {
    if (this.options.readOnly) return Either.left(this.readOnly())
    const first = this.tryCommit(group, durability)
    if (first !== "collision") return first
    // Another process appended: what is known of the journal is out of date.
    this.forget()
    const second = this.tryCommit(group, durability)
    return second === "collision" ? Either.left(this.unavailable("another process keeps appending to it")) : second
  }

  readonly sync = (): Either.Either<void, CommitError> =>
    this.options.readOnly || !this.unsynced
      ? Either.void
      : this.writing(() => {
          this.setSynchronous("durable")
          this.statements.touch.run()
          this.unsynced = false
        })

  readonly saveSnapshot = ({ behaviorVersion, sequence, state, stream, versions }: Snapshot) => {
    const { readOnly, snapshots } = this.options
    if (readOnly || snapshots === undefined) return Either.left(this.readOnly())
    return this.writing(() => {
      this.setSynchronous("written")
      this.statements.begin.run()
      snapshots.insert.run(stream, sequence, behaviorVersion, JSON.stringify(versions), state)
      snapshots.thin.run(stream, stream)
      this.statements.commit.run()
      this.unsynced = true
    })
  }

  readonly redact = (redaction: Redaction): Either.Either<void, MaintenanceError> =>
    this.maintaining(() => redactRows(this.statements, this.options.sha256, redaction))

  readonly removeBefore = (batch: number): Either.Either<void, MaintenanceError> => {
    const removed = this.maintaining(() => removeRows(this.statements, this.name, batch))
    if (Either.isRight(removed)) this.anchor = anchorOf(this.statements.meta.get() ?? {})
    return removed
  }

  /** One durable transaction that `change` may refuse with an error: then nothing is changed. */
  private maintaining(change: () => MaintenanceError | undefined): Either.Either<void, MaintenanceError> {
    if (this.options.readOnly) return Either.left(this.readOnly())
    const changed = this.writing(() => {
      this.setSynchronous("durable")
      this.statements.begin.run()
      const refused = change()
      if (refused === undefined) this.statements.commit.run()
      else this.rollBack()
      return refused
    })
    return Either.flatMap(changed, (refused) => (refused === undefined ? Either.void : Either.left(refused)))
  }

  private tryCommit(
    group: ReadonlyArray<AppendRequest>,
    durability: Durability
  ): Either.Either<ReadonlyArray<AppendAnswer>, CommitError> | "collision" {
    try {
      const tip = (this.tip ??= this.readTip())
      const planned = planGroup(group, tip, (stream) => this.versionOf(stream))
      if (planned.some(Either.isLeft) && !this.isCurrent(tip)) return "collision"
      const batches = planned.filter(Either.isRight).map(({ right }) => right)
      if (batches.length > 0) this.insertAll(batches, tip, durability)
      return Either.right(planned.map((each) => Either.map(each, placeOf)))
    } catch (thrown) {
      if (this.options.sqlite.failureOf(thrown)?.kind === "constraint") {
        this.rollBack()
        return "collision"
      }
      return Either.left(this.failed(thrown))
    }
  }

  /** False if another process appended since `tip` was read: a conflict is judged by what is in the journal now. */
  private isCurrent(tip: Tip): boolean {
    const row = this.statements.head.get()
    return row === undefined || integer(row, "sequence") === tip.sequence
  }

  private insertAll(batches: ReadonlyArray<PlannedBatch>, tip: Tip, durability: Durability): void {
    const ids = new Map<string, number>()
    this.setSynchronous(durability)
    this.statements.begin.run()
    let { hash } = tip
    for (const batch of batches) {
      hash = linkOf(this.options.sha256, this.id, hash, batch)
      this.insert(batch, hash, ids)
    }
    this.statements.commit.run()
    // Only now is it true: what is kept in memory follows the commit.
    for (const [stream, id] of ids) this.ids.set(stream, id)
    let last: Head = tip
    for (const batch of batches) {
      for (const { count, stream, version } of batch.records) this.versions.set(stream, version + count - 1)
      const place = placeOf(batch)
      last = { batch: place.batch, sequence: place.last }
    }
    this.tip = { ...last, hash }
    this.unsynced = durability === "written"
  }

  /** Inserts a batch; the row ids of the streams it touches go into `ids`. */
  private insert(batch: PlannedBatch, hash: Uint8Array, ids: Map<string, number>): void {
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
    for (const each of batch.records) {
      const { count, encoding, payload, schemaVersion, sequence, type, version } = each
      const stream = this.idFor(each, ids)
      insertRecord.run(sequence, count, batch.batch, stream, version, type, schemaVersion, encoding, payload)
    }
  }

  /** The row id of a stream, inserted if the stream is new. */
  private idFor({ behavior, owner, stream }: StreamIdentity, ids: Map<string, number>): number {
    const known = ids.get(stream) ?? this.idOf(stream)
    if (known !== undefined) return known
    const inserted = this.statements.insertStream.run(stream, behavior, owner)
    ids.set(stream, inserted)
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
    if (this.setting === durability) return
    this.options.database.exec(`PRAGMA synchronous = ${durability === "durable" ? "FULL" : "NORMAL"}`)
    this.setting = durability
  }

  private unavailable(reason: string): JournalUnavailable {
    return new JournalUnavailable({ journal: this.name, reason })
  }

  private readOnly(): JournalReadOnly {
    return new JournalReadOnly({ journal: this.name })
  }

  private writing<A>(write: () => A): Either.Either<A, CommitError> {
    try {
      return Either.right(write())
    } catch (thrown) {
      return Either.left(this.failed(thrown))
    }
  }

  /** Ends a failed transaction, if SQLite has not done so itself. */
  private rollBack(): void {
    if (this.options.database.inTransaction()) this.options.database.exec("ROLLBACK")
  }

  private failed(thrown: unknown): CommitError {
    this.rollBack()
    this.forget()
    return storageError(this.options.sqlite, this.name, thrown)
  }
}
