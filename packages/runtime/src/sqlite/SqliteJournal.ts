/**
 * A journal in one SQLite file, in WAL mode: *written* is a commit at synchronous NORMAL, *durable* one at FULL, which carries
 * everything before it to the disk. One connection writes; other processes may read, and may even write: whoever is late
 * collides on a sequence, looks again, and gets a `VersionConflict` if its stream has moved on.
 */
import { Either, Stream } from "effect"
import type { Sha256 } from "../Chain.ts"
import { linkOf } from "../Chain.ts"
import type { Durability, PlannedBatch } from "../Envelope.ts"
import type {
  Anchor,
  AppendAnswer,
  AppendRequest,
  DeferredAppend,
  Head,
  JournalDriver,
  Redaction,
  Snapshot
} from "../JournalDriver.ts"
import type { CommitError, MaintenanceError, RefusedAppend } from "../JournalError.ts"
import { batchOf, placeOf, planGroup, refusalOf } from "../Plan.ts"
import { anchorOf, bytes, integer, text } from "../Rows.ts"
import type { Sealed } from "../spool/entry.ts"
import { BatchRows } from "./BatchRows.ts"
import type { SqliteDatabase, Statement } from "./SqliteDriver.ts"
import { SqliteReader } from "./SqliteReader.ts"
import type { SqliteSource } from "./SqliteReader.ts"
import { redactRows, removeRows } from "./SqliteRetention.ts"
import { prepare } from "./Statements.ts"
import type { SnapshotStatements, Statements } from "./Statements.ts"
import { Transactions } from "./Transactions.ts"

/** The end of the journal, kept in memory between appends. */
export interface Tip extends Head {
  readonly hash: Uint8Array
}

interface SqliteJournalOptions extends SqliteSource {
  readonly database: SqliteDatabase
  /** None for a journal of release 0.1.0 that is only read. */
  readonly snapshots: SnapshotStatements | undefined
  /** None for a journal that is only read. */
  readonly touch: Statement | undefined
  readonly readOnly: boolean
  readonly sha256: Sha256
}

/** The batches of a plan that are not refused. */
const acceptedOf = (planned: ReturnType<typeof planGroup>): ReadonlyArray<PlannedBatch> =>
  planned.filter(Either.isRight).map(({ right }) => right)

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
  private readonly rows: BatchRows
  private readonly reader: SqliteReader
  private readonly transactions: Transactions
  private tip: Tip | undefined
  /** Something may be written that is not durable; true at first, because the last process may have died. */
  private unsynced = true

  /** Over an open database that holds the journal's tables. Throws what the library throws. */
  constructor(options: SqliteJournalOptions) {
    this.options = options
    this.name = options.file
    this.statements = prepare(options.database)
    this.rows = new BatchRows(this.statements)
    const { begin, commit } = this.statements
    const failed = () => this.forget()
    this.transactions = new Transactions({ ...options, name: options.file, begin, commit, failed })
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
    if (this.options.readOnly) return Either.left(this.transactions.readOnly())
    const first = this.tryCommit(group, durability)
    return first === "collision" ? this.commitLocked(group, durability) : first
  }

  /** Begins a transaction that keeps others from appending, and gives the end of the journal; what is known of it stays right until `letGo` or `takeInHeld`. */
  hold(): Either.Either<Tip, CommitError> {
    return this.transactions.writing(() => {
      this.transactions.begin("written")
      if (this.tip !== undefined && !this.isCurrent(this.tip)) this.forget()
      return (this.tip ??= this.readTip())
    })
  }

  /** Ends the transaction of `hold` without a change. */
  letGo(): void {
    this.transactions.rollBack()
  }

  /** What a group becomes behind `tip`, while it is held: an answer for each request, and the batches of those that are not refused. */
  planHeld(
    group: ReadonlyArray<AppendRequest>,
    tip: Tip
  ): { readonly answers: ReadonlyArray<AppendAnswer>; readonly batches: ReadonlyArray<Sealed> } {
    const planned = this.plan(group, tip)
    return { answers: planned.map((each) => Either.map(each, placeOf)), batches: this.seal(acceptedOf(planned), tip) }
  }

  /** Why an append that is not encoded yet is refused, while the journal is held. */
  refusedHeld(append: DeferredAppend): RefusedAppend | undefined {
    return refusalOf({ ...append, durability: "written", records: [] }, (stream) => this.rows.versionOf(stream))
  }

  /** An append that is not encoded yet is *written* elsewhere: its streams have come on. */
  deferHeld({ counts, streams }: DeferredAppend): void {
    for (const [at, { expected, stream }] of streams.entries()) this.rows.reached(stream, expected + (counts[at] ?? 0))
  }

  /** Encodes a deferred append: the batch that it is behind `tip`. */
  sealHeld(append: DeferredAppend, tip: Tip): ReadonlyArray<Sealed> {
    return this.seal([batchOf(append.encode(), tip)], tip)
  }

  /** Batches of `planHeld` are *written* elsewhere: the end of the journal is behind them. */
  advanceHeld(batches: ReadonlyArray<Sealed>, tip: Tip): Tip {
    this.unsynced = true
    return this.advance(batches, tip)
  }

  /** Inserts those batches into the transaction of `hold`, and commits it. */
  takeInHeld(batches: ReadonlyArray<Sealed>): Either.Either<void, CommitError> {
    return this.transactions.writing(() => this.insert(batches))
  }

  private insert(batches: ReadonlyArray<Sealed>): void {
    for (const { batch, hash } of batches) this.rows.insert(batch, hash)
    this.rows.flush()
    this.transactions.commit()
    // Only now is it true: what is kept in memory follows the commit.
    this.rows.inserted()
  }

  readonly sync = (): Either.Either<void, CommitError> => {
    const { touch } = this.options
    if (touch === undefined || !this.unsynced) return Either.void
    return this.transactions.writing(() => {
      this.transactions.setSynchronous("durable")
      touch.run()
      this.unsynced = false
    })
  }

  readonly saveSnapshot = ({ behaviorVersion, sequence, state, stream, versions }: Snapshot) => {
    const { readOnly, snapshots } = this.options
    if (readOnly || snapshots === undefined) return Either.left(this.transactions.readOnly())
    return this.transactions.writing(() => {
      this.transactions.begin("written")
      snapshots.insert.run(stream, sequence, behaviorVersion, JSON.stringify(versions), state)
      snapshots.thin.run(stream, stream)
      this.transactions.commit()
      this.unsynced = true
    })
  }

  /** Bytes that were redacted are in no file afterwards: pages are overwritten, and the log, which has older ones, is emptied. */
  readonly redact = (redaction: Redaction): Either.Either<void, MaintenanceError> =>
    Either.flatMap(
      this.maintaining(() => redactRows(this.statements, this.options.sha256, redaction)),
      () => this.transactions.emptyLog()
    )

  readonly removeBefore = (batch: number): Either.Either<void, MaintenanceError> => {
    const removed = this.maintaining(() => removeRows(this.statements, this.name, batch))
    if (Either.isRight(removed)) this.anchor = anchorOf(this.statements.meta.get() ?? {})
    return removed
  }

  private maintaining(change: () => MaintenanceError | undefined): Either.Either<void, MaintenanceError> {
    return this.options.readOnly ? Either.left(this.transactions.readOnly()) : this.transactions.maintaining(change)
  }

  /** Plans on what is known in memory, which is right unless another process appended. */
  private tryCommit(
    group: ReadonlyArray<AppendRequest>,
    durability: Durability
  ): Either.Either<ReadonlyArray<AppendAnswer>, CommitError> | "collision" {
    try {
      const tip = (this.tip ??= this.readTip())
      const planned = this.plan(group, tip)
      if (planned.some(Either.isLeft) && !this.isCurrent(tip)) return "collision"
      const batches = acceptedOf(planned)
      if (batches.length > 0) {
        this.transactions.begin(durability)
        this.insertAll(batches, tip, durability)
      }
      return Either.right(planned.map((each) => Either.map(each, placeOf)))
    } catch (thrown) {
      if (this.transactions.isCollision(thrown)) {
        this.transactions.rollBack()
        return "collision"
      }
      return Either.left(this.transactions.failure(thrown))
    }
  }

  /** Another process appended: plans again on what is in the journal, while nobody else can append. */
  private commitLocked(
    group: ReadonlyArray<AppendRequest>,
    durability: Durability
  ): Either.Either<ReadonlyArray<AppendAnswer>, CommitError> {
    this.forget()
    return this.transactions.writing(() => {
      this.transactions.begin(durability)
      const tip = this.readTip()
      const planned = this.plan(group, tip)
      const batches = acceptedOf(planned)
      if (batches.length > 0) this.insertAll(batches, tip, durability)
      else this.transactions.rollBack()
      return planned.map((each) => Either.map(each, placeOf))
    })
  }

  private plan(group: ReadonlyArray<AppendRequest>, tip: Tip) {
    return planGroup(group, tip, (stream) => this.rows.versionOf(stream))
  }

  /** False if another process appended since `tip` was read: a conflict is judged by what is in the journal now. */
  private isCurrent(tip: Tip): boolean {
    const row = this.statements.head.get()
    return row === undefined || integer(row, "sequence") === tip.sequence
  }

  /** Inserts into a transaction that has begun, and commits it. */
  private insertAll(batches: ReadonlyArray<PlannedBatch>, tip: Tip, durability: Durability): void {
    const sealed = this.seal(batches, tip)
    this.insert(sealed)
    this.advance(sealed, tip)
    this.unsynced = durability === "written"
  }

  private seal(batches: ReadonlyArray<PlannedBatch>, tip: Tip): ReadonlyArray<Sealed> {
    let { hash } = tip
    return batches.map((batch) => {
      hash = linkOf(this.options.sha256, this.id, hash, batch)
      return { batch, hash }
    })
  }

  /** The end of the journal with these batches behind `tip`. */
  private advance(batches: ReadonlyArray<Sealed>, tip: Tip): Tip {
    for (const { batch } of batches) this.rows.committed(batch)
    const last = batches.at(-1)
    const end =
      last === undefined ? tip : { batch: last.batch.batch, sequence: placeOf(last.batch).last, hash: last.hash }
    this.tip = end
    return end
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
    this.rows.forget()
    this.reader.forget()
  }
}
