/** Transactions of one connection: their durability, and what becomes of what SQLite throws. */
import { Either } from "effect"
import type { Durability } from "../Envelope.ts"
import { JournalReadOnly, JournalUnavailable } from "../JournalError.ts"
import type { CommitError, MaintenanceError } from "../JournalError.ts"
import { storageError } from "./Failures.ts"
import type { SqliteDatabase, SqliteDriver, Statement } from "./SqliteDriver.ts"

interface TransactionsOptions {
  readonly sqlite: SqliteDriver
  readonly database: SqliteDatabase
  /** What messages call the journal. */
  readonly name: string
  readonly begin: Statement
  readonly commit: Statement
  /** Called after a failure, when the transaction is rolled back. */
  readonly failed: () => void
}

export class Transactions {
  private readonly options: TransactionsOptions
  private setting: Durability | undefined

  constructor(options: TransactionsOptions) {
    this.options = options
  }

  begin(durability: Durability): void {
    this.setSynchronous(durability)
    this.options.begin.run()
  }

  commit(): void {
    this.options.commit.run()
  }

  /** Ends a transaction that is to change nothing, if SQLite has not done so itself. */
  rollBack(): void {
    if (this.options.database.inTransaction()) this.options.database.exec("ROLLBACK")
  }

  setSynchronous(durability: Durability): void {
    if (this.setting === durability) return
    this.options.database.exec(`PRAGMA synchronous = ${durability === "durable" ? "FULL" : "NORMAL"}`)
    this.setting = durability
  }

  /** What `write` throws ends the transaction, and is an error. */
  writing<A>(write: () => A): Either.Either<A, CommitError> {
    try {
      return Either.right(write())
    } catch (thrown) {
      return Either.left(this.failure(thrown))
    }
  }

  /** One durable transaction that `change` may refuse with an error: then nothing is changed. */
  maintaining(change: () => MaintenanceError | undefined): Either.Either<void, MaintenanceError> {
    const changed = this.writing(() => {
      // What is freed is overwritten, not only marked as free.
      this.options.database.exec("PRAGMA secure_delete = ON")
      this.begin("durable")
      const refused = change()
      if (refused === undefined) this.commit()
      else this.rollBack()
      return refused
    })
    return Either.flatMap(changed, (refused) => (refused === undefined ? Either.void : Either.left(refused)))
  }

  /** Empties SQLite's log. Fails while a reader still needs what is in it. */
  emptyLog(): Either.Either<void, CommitError> {
    return Either.flatMap(
      this.writing(() => this.options.database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"]),
      (busy) =>
        busy === 0
          ? Either.void
          : Either.left(this.unavailable("a reader keeps what was removed in its log: end the reader and do it again"))
    )
  }

  /** True if the thrown value is SQLite's word for a row that is there already. */
  isCollision(thrown: unknown): boolean {
    return this.options.sqlite.failureOf(thrown)?.kind === "constraint"
  }

  failure(thrown: unknown): CommitError {
    this.rollBack()
    this.options.failed()
    return storageError(this.options.sqlite, this.options.name, thrown)
  }

  unavailable(reason: string): JournalUnavailable {
    return new JournalUnavailable({ journal: this.options.name, reason })
  }

  readOnly(): JournalReadOnly {
    return new JournalReadOnly({ journal: this.options.name })
  }
}
