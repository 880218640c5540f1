/**
 * Appending groups. The row of the table `journal` holds the end of the journal; every append moves it, and so holds its lock until it is
 * committed. Hence groups of all processes come one after the other, and sequences have no gaps.
 *
 * W1 First try: the group is planned on what this process knows, and one statement appends it, if the end of the journal is still where that
 *    knowledge ends. Then all of it was right: nobody has appended since.
 * W2 If it is not, or if anything would be refused, the lock is taken first, then what counts is read (in statements of their own: only those
 *    that begin after the lock see what its last holder wrote), then the group is planned and appended.
 * W3 After an error nothing is known any more: the next group reads.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Either } from "effect"
import type { Durability, PlannedBatch } from "../Envelope.ts"
import type { AppendAnswer, AppendRequest } from "../JournalDriver.ts"
import type { RefusedAppend } from "../JournalError.ts"
import { placeOf, planGroup } from "../Plan.ts"
import type { BadColumn } from "../Rows.ts"
import { parametersOf, prepare } from "./Append.ts"
import type { Notice, Prepared, Sealing } from "./Append.ts"
import type { Database, Query } from "./Database.ts"
import { isOvertaken } from "./Failures.ts"
import { Known } from "./Known.ts"
import { column } from "./Retention.ts"
import type { Statements } from "./Statements.ts"
import { toStored } from "./StoredText.ts"

interface WriterOptions extends Sealing {
  readonly database: Database
  readonly statements: Statements
  readonly notice: Notice
}

type Planned = ReadonlyArray<Either.Either<PlannedBatch, RefusedAppend>>

const namesOf = (group: ReadonlyArray<AppendRequest>): ReadonlyArray<string> => [
  ...new Set(group.flatMap(({ streams }) => streams.map(({ stream }) => stream)))
]

const answersOf = (planned: Planned): ReadonlyArray<AppendAnswer> => planned.map((each) => Either.map(each, placeOf))

export class Writer {
  private readonly options: WriterOptions
  private known: Known | undefined

  constructor(options: WriterOptions) {
    this.options = options
  }

  /** Appends a group; an answer for each request. `BadColumn` is damage of the journal's row. */
  append(
    group: ReadonlyArray<AppendRequest>,
    durability: Durability
  ): Effect.Effect<ReadonlyArray<AppendAnswer>, SqlError | BadColumn> {
    return Effect.suspend(() => this.tryKnown(group, namesOf(group), durability)).pipe(
      Effect.flatMap((answers) =>
        answers === undefined ? this.locked(group, namesOf(group), durability) : Effect.succeed(answers)
      ),
      Effect.tapErrorCause(() => Effect.sync(() => this.forget()))
    )
  }

  forget(): void {
    this.known = undefined
  }

  /** W1; undefined if W2 has to decide. */
  private tryKnown(
    group: ReadonlyArray<AppendRequest>,
    names: ReadonlyArray<string>,
    durability: Durability
  ): Effect.Effect<ReadonlyArray<AppendAnswer> | undefined, SqlError | BadColumn> {
    const { database, notice, statements } = this.options
    return Effect.flatMap(this.knowing(names), (known) => {
      const planned = planGroup(group, known.tip, (name) => known.versionOf(name))
      const prepared = planned.every(Either.isRight) ? this.prepared(known, planned) : undefined
      if (prepared?.parts.length !== 1) return Effect.succeed(undefined)
      const [parameters] = parametersOf(prepared, durability, notice)
      const appended = Effect.catchIf(database.appends.query(statements.append, parameters), isOvertaken, () =>
        Effect.succeed([])
      )
      return Effect.map(appended, (moved) => {
        if (moved.length === 0) {
          this.forget()
          return undefined
        }
        this.known = known.after(prepared.batches, prepared.to, prepared.ids)
        return answersOf(planned)
      })
    })
  }

  /** W2. */
  private locked(
    group: ReadonlyArray<AppendRequest>,
    names: ReadonlyArray<string>,
    durability: Durability
  ): Effect.Effect<ReadonlyArray<AppendAnswer>, SqlError | BadColumn> {
    const { database, notice, statements } = this.options
    const appended = database.appends.transaction(durability, (query) =>
      Effect.gen(this, function* () {
        yield* query(statements.lock)
        const known = yield* this.read(query, names)
        const planned = planGroup(group, known.tip, (name) => known.versionOf(name))
        const prepared = this.prepared(known, planned)
        if (prepared.batches.length > 0) {
          for (const parameters of parametersOf(prepared, durability, notice)) {
            yield* query(statements.append, parameters)
          }
        }
        return { known, planned, prepared }
      })
    )
    return Effect.map(appended, ({ known, planned, prepared: { batches, ids, to } }) => {
      this.known = known.after(batches, to, ids)
      return answersOf(planned)
    })
  }

  private prepared(known: Known, planned: Planned): Prepared {
    const batches = planned.filter(Either.isRight).map(({ right }) => right)
    return prepare(known, batches, this.options)
  }

  /** What is known of these streams, read if it is not known. */
  private knowing(names: ReadonlyArray<string>): Effect.Effect<Known, SqlError | BadColumn> {
    const { known } = this
    if (known?.has(names) === true) return Effect.succeed(known)
    return Effect.map(this.read(this.options.database.appends.query, names), (read) => known?.with(read) ?? read)
  }

  private read(query: Query, names: ReadonlyArray<string>): Effect.Effect<Known, SqlError | BadColumn> {
    return Effect.flatMap(query(this.options.statements.known, [names.map(toStored)]), (rows) =>
      column(() => Known.of(rows, names))
    )
  }
}
