/** Taking parts of the history out of a journal's tables. Runs inside a transaction of the caller, which makes it durable. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { Anchor, Redaction } from "../JournalDriver.ts"
import { HistoryNeeded } from "../JournalError.ts"
import { BadColumn, bytes, integer, text } from "../Rows.ts"
import type { Query } from "./Database.ts"
import type { Source } from "./Reader.ts"

/** Puts hashes where the payloads and commands were. */
export const redactRows = (
  query: Query,
  { statements }: Source,
  { commands, sequences }: Redaction
): Effect.Effect<void, SqlError> =>
  Effect.zipRight(query(statements.redactRecords, [sequences]), query(statements.redactCommands, [commands]))

/** What is read of a row. */
export const column = <A>(read: () => A): Effect.Effect<A, BadColumn> =>
  Effect.try({
    try: read,
    catch: (thrown) => (thrown instanceof BadColumn ? thrown : new BadColumn(String(thrown)))
  })

/**
 * Makes `batch` the first one; undefined if it is that already, or is not there. Refused while a stream with earlier events has no base
 * event from there on. Appends go on meanwhile: what they add makes no stream need more.
 */
export const removeRows = (
  query: Query,
  { name, statements }: Source,
  batch: number
): Effect.Effect<Anchor | undefined, SqlError | BadColumn | HistoryNeeded> =>
  Effect.gen(function* () {
    const [found] = yield* query(statements.cut, [batch])
    if (found === undefined) return undefined
    const sequence = yield* column(() => integer(found, "first_sequence"))
    const hash = yield* column(() => bytes(found, "hash"))
    const [without] = yield* query(statements.withoutBase, [sequence])
    if (without !== undefined) {
      const stream = yield* column(() => text(without, "name"))
      return yield* new HistoryNeeded({ journal: name, batch, stream })
    }
    yield* query(statements.deleteBatches, [batch])
    yield* query(statements.deleteRecords, [sequence])
    const moved = yield* query(statements.setAnchor, [batch, sequence, hash])
    return moved.length === 0 ? undefined : { batch, sequence, hash }
  })
