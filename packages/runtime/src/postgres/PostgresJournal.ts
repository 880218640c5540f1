/**
 * A journal in one schema of a PostgreSQL database. *written* is a commit that the server has: it survives the death of this process.
 * *durable* is one whose log, and that of everything before it, is on the server's disk. Any number of processes may append and read.
 */
import { SqlError } from "@effect/sql/SqlError"
import { Effect, Schedule, Stream } from "effect"
import type { Sha256 } from "../Chain.ts"
import type { Durability } from "../Envelope.ts"
import type { Anchor, AppendAnswer, AppendRequest, JournalDriver, Redaction, Snapshot } from "../JournalDriver.ts"
import { JournalReadOnly, JournalUnavailable } from "../JournalError.ts"
import type { CommitError, MaintenanceError } from "../JournalError.ts"
import { BadColumn, anchorOf, text } from "../Rows.ts"
import type { Row } from "../Rows.ts"
import type { Notice } from "./Append.ts"
import { listens } from "./Database.ts"
import { commitError, damaged } from "./Failures.ts"
import { Reader } from "./Reader.ts"
import type { Source } from "./Reader.ts"
import { column, redactRows, removeRows } from "./Retention.ts"
import { toStored } from "./StoredText.ts"
import { Writer } from "./Writer.ts"

/** Milliseconds before listening is tried again after the connection was lost. */
const relistenMillis = 1000

/** Said in the channel of the journal when its first batch is another one; what else is said means that it has grown. */
const removed = "removed"

interface PostgresJournalOptions extends Source {
  readonly readOnly: boolean
  readonly sha256: Sha256
  /** The row of the table `journal`. */
  readonly meta: Row
  /** What this process says when it appends, to know its own words again. */
  readonly speaker: string
}

export class PostgresJournal implements JournalDriver {
  readonly name: string
  readonly id: string
  readonly synchronous = false
  readonly keepsValues = false
  anchor: Anchor
  readonly changes: Stream.Stream<void>
  readonly head: Reader["head"]
  readonly records: Reader["records"]
  readonly recordsOf: Reader["recordsOf"]
  readonly runsOf: Reader["runsOf"]
  readonly streams: Reader["streams"]
  readonly batches: Reader["batches"]
  readonly lastBase: Reader["lastBase"]
  readonly snapshot: Reader["snapshot"]
  readonly snapshots: Reader["snapshots"]
  readonly check: Reader["check"]
  private readonly options: PostgresJournalOptions
  private readonly channel: string
  private readonly writer: Writer

  /** Over tables that are there. Throws `BadColumn` for a row that is not what it must be. */
  constructor(options: PostgresJournalOptions) {
    this.options = options
    this.name = options.name
    this.id = text(options.meta, "id")
    this.anchor = anchorOf(options.meta)
    this.channel = `stopcopy_${this.id}`
    const notice: Notice = { channel: this.channel, payload: options.speaker }
    this.writer = new Writer({ ...options, id: this.id, notice })
    const reader = new Reader(options)
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
    this.changes = this.listening()
  }

  readonly commit = (
    group: ReadonlyArray<AppendRequest>,
    durability: Durability
  ): Effect.Effect<ReadonlyArray<AppendAnswer>, CommitError> =>
    this.writing(
      Effect.catchAll(this.writer.append(group, durability), (error) =>
        Effect.fail(
          error instanceof BadColumn ? new JournalUnavailable({ journal: this.name, reason: error.message }) : error
        )
      )
    )

  readonly sync = (): Effect.Effect<void, CommitError> =>
    this.options.readOnly
      ? Effect.void
      : this.writing(this.options.database.appends.query(this.options.statements.touch))

  readonly saveSnapshot = ({ behaviorVersion, sequence, state, stream, versions }: Snapshot) => {
    const { database, statements } = this.options
    const name = toStored(stream)
    return this.writing(
      database.others.transaction("written", (query) =>
        Effect.gen(function* () {
          yield* query(statements.lockSnapshots, [name])
          yield* query(statements.removeSnapshot, [name, sequence])
          const values = [name, sequence, behaviorVersion, toStored(JSON.stringify(versions)), state]
          yield* query(statements.insertSnapshot, values)
          yield* query(statements.thinSnapshots, [name])
        })
      )
    )
  }

  readonly redact = (redaction: Redaction): Effect.Effect<void, MaintenanceError> =>
    this.writing(
      this.options.database.others.transaction("durable", (query) => redactRows(query, this.options, redaction))
    )

  readonly removeBefore = (batch: number): Effect.Effect<void, MaintenanceError> => {
    const { database, name, statements } = this.options
    const cut = database.others.transaction("durable", (query) =>
      Effect.tap(removeRows(query, this.options, batch), (anchor) =>
        anchor === undefined ? Effect.void : query(statements.notify, [this.channel, removed])
      )
    )
    return this.writing(
      Effect.catchAll(cut, (error) => Effect.fail(error instanceof BadColumn ? damaged(name, 0, error.message) : error))
    ).pipe(
      Effect.map((anchor) => {
        this.anchor = anchor ?? this.anchor
      })
    )
  }

  /** What others append, until the scope of the listener ends. Lost connections are made again: nothing said meanwhile is missed. */
  private listening(): Stream.Stream<void> {
    const { database, name, speaker } = this.options
    return database.listen(this.channel).pipe(
      Stream.filter((said) => said !== speaker),
      Stream.mapEffect((said) => (said === listens || said === removed ? this.readAnchor() : Effect.void)),
      Stream.catchAll((error) =>
        Stream.drain(Stream.fromEffect(Effect.logDebug(`journal ${name} is not listened to: ${error.message}`)))
      ),
      Stream.repeat(Schedule.spaced(relistenMillis))
    )
  }

  private readAnchor(): Effect.Effect<void, SqlError | BadColumn> {
    const { database, statements } = this.options
    return Effect.flatMap(database.others.query(statements.meta), ([row]) =>
      column(() => {
        this.anchor = anchorOf(row ?? {})
      })
    )
  }

  private writing<A, E>(write: Effect.Effect<A, E | SqlError>): Effect.Effect<A, Exclude<E, SqlError> | CommitError> {
    const { name, readOnly } = this.options
    if (readOnly) return Effect.fail(new JournalReadOnly({ journal: name }))
    return Effect.catchIf(write, isSqlError, (error) => Effect.fail(commitError(name, error)))
  }
}

const isSqlError = (error: unknown): error is SqlError => error instanceof SqlError
