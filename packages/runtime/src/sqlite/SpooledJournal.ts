/**
 * A journal in a SQLite file with a spool: *written* is a write to the spool, which the tables take in later, many batches with one transaction. That is
 * before anything becomes *durable*, before anything is read here, when much has come together, and a while after the first batch.
 *
 * S1 A batch is in the spool before it counts, and in the tables before the spool is emptied.
 * S2 While batches wait, a transaction is open that has changed nothing. It keeps everybody else from appending: numbers and links that were given stay right.
 * S3 Where the tables cannot take in what waits, it stays *written*, and is tried again.
 * S4 A command that stands for its batch has its number at once, and its link when it is encoded: before the tables take it in, and before a batch is written
 *    behind it.
 */
import { Either } from "effect"
import type { Durability } from "../Envelope.ts"
import type {
  AppendAnswer,
  AppendRequest,
  Appended,
  DeferredAppend,
  Deferring,
  Head,
  JournalDriver,
  Redaction,
  Snapshot,
  Waiting
} from "../JournalDriver.ts"
import { JournalUnavailable } from "../JournalError.ts"
import type { CommitError, MaintenanceError, ReadError, RefusedAppend } from "../JournalError.ts"
import type { Sealed } from "../spool/entry.ts"
import type { SpoolFile } from "../spool/SpoolFile.ts"
import type { SqliteJournal, Tip } from "./SqliteJournal.ts"

/** Batches, and bytes, after which the tables take in what waits: some milliseconds of work. */
const mostBatches = 256
const mostBytes = 1024 * 1024

export class SpooledJournal implements JournalDriver {
  readonly name: string
  readonly id: string
  readonly synchronous = true
  readonly keepsValues = false
  readonly changes: SqliteJournal["changes"]
  private readonly tables: SqliteJournal
  private readonly file: SpoolFile
  /** What waits, in the order of batches. */
  private sealed: Array<Sealed> = []
  /** Behind those, what is not encoded yet. */
  private deferred: Array<DeferredAppend> = []
  /** The end of the journal, what waits included, while the transaction is open (S2). Its link is that of the last of `sealed`. */
  private tip: Tip | undefined
  /** Where the tables end. */
  private base: Head = { batch: 0, sequence: 0 }
  private told: () => void = () => undefined

  readonly deferring: Deferring

  /** `deciders`: names of the behaviors whose commands can be decided again when the spool is read back. */
  constructor(tables: SqliteJournal, file: SpoolFile, deciders: ReadonlySet<string>) {
    this.deferring = { knows: (behavior) => deciders.has(behavior), defer: (append) => this.defer(append) }
    this.tables = tables
    this.file = file
    this.name = tables.name
    this.id = tables.id
    this.changes = tables.changes
  }

  get anchor(): JournalDriver["anchor"] {
    return this.tables.anchor
  }

  get waiting(): Waiting {
    return { onWaiting: (told) => (this.told = told), settle: this.settle }
  }

  readonly commit = (
    group: ReadonlyArray<AppendRequest>,
    durability: Durability
  ): Either.Either<ReadonlyArray<AppendAnswer>, CommitError> =>
    durability === "written" ? this.spool(group) : this.settled(() => this.tables.commit(group, durability))

  /** The tables take in what waits. */
  private readonly settle = (): Either.Either<void, CommitError> => {
    this.resolve()
    const [first] = this.sealed
    if (first === undefined) return Either.void
    const held = this.hold()
    if (Either.isLeft(held)) return Either.left(held.left)
    const taken = this.tables.takeInHeld(this.sealed)
    this.tip = undefined
    if (Either.isRight(taken)) {
      this.sealed = []
      this.file.clear()
    } else {
      // The failure ended the transaction. Another one begins at once, before somebody else appends; where that fails too, the next call tells.
      this.hold()
    }
    return taken
  }

  readonly sync = () => this.settled(() => this.tables.sync())
  readonly head = () => this.read(() => this.tables.head())
  readonly records = (after: number, limit: number) => this.read(() => this.tables.records(after, limit))
  readonly recordsOf = (stream: string, after: number, limit: number) =>
    this.read(() => this.tables.recordsOf(stream, after, limit))
  readonly runsOf = (stream: string, after: number, limit: number) =>
    this.read(() => this.tables.runsOf(stream, after, limit))
  readonly streams = (family?: string) => this.read(() => this.tables.streams(family))
  readonly batches = (after: number, limit: number) => this.read(() => this.tables.batches(after, limit))
  readonly lastBase = (stream: string, upTo: number) => this.read(() => this.tables.lastBase(stream, upTo))
  readonly snapshot = (stream: string, upTo: number) => this.read(() => this.tables.snapshot(stream, upTo))
  readonly snapshots = (after: number, limit: number) => this.read(() => this.tables.snapshots(after, limit))
  readonly saveSnapshot = (snapshot: Snapshot) => this.settled(() => this.tables.saveSnapshot(snapshot))
  readonly check = () => this.read(() => this.tables.check())
  readonly redact = (redaction: Redaction): Either.Either<void, MaintenanceError> =>
    this.settled(() => this.tables.redact(redaction))
  readonly removeBefore = (batch: number): Either.Either<void, MaintenanceError> =>
    this.settled(() => this.tables.removeBefore(batch))

  /** What the tables answer once they have everything. */
  private settled<A, E>(ask: () => Either.Either<A, E>): Either.Either<A, E | CommitError> {
    const settled = this.settle()
    return Either.isLeft(settled) ? Either.left(settled.left) : ask()
  }

  /** What the tables show once they have everything: what they cannot take in must not seem never to have happened. */
  private read<A>(ask: () => Either.Either<A, ReadError>): Either.Either<A, ReadError> {
    const settled = this.settle()
    if (Either.isRight(settled)) return ask()
    return Either.left(new JournalUnavailable({ journal: this.name, reason: settled.left.message }))
  }

  private spool(group: ReadonlyArray<AppendRequest>): Either.Either<ReadonlyArray<AppendAnswer>, CommitError> {
    this.resolve()
    const held = this.hold()
    if (Either.isLeft(held)) return Either.left(held.left)
    const { answers, batches } = this.tables.planHeld(group, held.right)
    const written = batches.length === 0 ? Either.void : this.file.write(batches)
    if (Either.isLeft(written) || batches.length === 0) {
      this.letGo()
      return Either.map(written, () => answers)
    }
    const isFirst = this.waitingBatches === 0
    for (const batch of batches) this.sealed.push(batch)
    this.tip = this.tables.advanceHeld(batches, held.right)
    this.grown(isFirst)
    return Either.right(answers)
  }

  private defer(append: DeferredAppend): Either.Either<Appended, RefusedAppend | CommitError> {
    const held = this.hold()
    if (Either.isLeft(held)) return Either.left(held.left)
    const { hash } = held.right
    const [batch, first] = [held.right.batch + 1, held.right.sequence + 1]
    const refused = this.tables.refusedHeld(append)
    const written: Either.Either<void, RefusedAppend | CommitError> =
      refused === undefined ? this.file.writeDeferred(append, batch, first) : Either.left(refused)
    if (Either.isLeft(written)) {
      this.letGo()
      return Either.left(written.left)
    }
    const isFirst = this.waitingBatches === 0
    const last = first - 1 + append.counts.reduce((sum, count) => sum + count, 0)
    this.deferred.push(append)
    this.tables.deferHeld(append)
    this.tip = { batch, sequence: last, hash }
    this.grown(isFirst)
    return Either.right({ batch, first, last })
  }

  private get waitingBatches(): number {
    return this.sealed.length + this.deferred.length
  }

  /** What was asked for is done: a failure of the tables is told by who needs them next (S3). */
  private grown(isFirst: boolean): void {
    if (isFirst) this.told()
    if (this.waitingBatches >= mostBatches || this.file.bytes >= mostBytes) this.settle()
  }

  /** Encodes what is not encoded yet (S4). */
  private resolve(): void {
    const { deferred, tip } = this
    if (deferred.length === 0 || tip === undefined) return
    let events = 0
    for (const { counts } of deferred) for (const count of counts) events += count
    let at: Tip = { batch: tip.batch - deferred.length, sequence: tip.sequence - events, hash: tip.hash }
    this.deferred = []
    for (const append of deferred) {
      const sealed = this.tables.sealHeld(append, at)
      for (const batch of sealed) this.sealed.push(batch)
      at = this.tables.advanceHeld(sealed, at)
    }
    this.tip = at
  }

  /** Opens the transaction that keeps others from appending, unless it is open; the end of the journal. */
  private hold(): Either.Either<Tip, CommitError> {
    if (this.tip !== undefined) return Either.right(this.tip)
    const held = this.tables.hold()
    if (Either.isLeft(held)) return held
    if (this.sealed.length === 0) this.base = held.right
    else if (held.right.sequence !== this.base.sequence) {
      this.tables.letGo()
      const reason =
        "another process appended while its tables could not take in its spool: open it again, and the spool is taken in behind that"
      return Either.left(new JournalUnavailable({ journal: this.name, reason }))
    }
    const end = this.tables.advanceHeld(this.sealed, held.right)
    this.tip = end
    return Either.right(end)
  }

  /** Lets others append, unless something waits. */
  private letGo(): void {
    if (this.waitingBatches > 0) return
    this.tables.letGo()
    this.tip = undefined
  }
}
