/** The `Journal` in a PostgreSQL schema: connecting, recognizing, closing. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer, Redacted } from "effect"
import type { Duration } from "effect"
import { nativeSha256 } from "../internal/nativeSha256.ts"
import { Journal, make } from "../Journal.ts"
import { NoSuchJournal } from "../JournalError.ts"
import type { CommitError, JournalDamaged, NewerFormat, NotAJournal } from "../JournalError.ts"
import { makeJournalId } from "../JournalId.ts"
import { openDatabase } from "./Database.ts"
import type { Database } from "./Database.ts"
import { commitError, damaged } from "./Failures.ts"
import { PostgresJournal } from "./PostgresJournal.ts"
import { column } from "./Retention.ts"
import { statementsOf } from "./Statements.ts"
import { createTables, recognize } from "./Tables.ts"

/** Connections for reads that a journal has at most, besides the one that appends and the one that listens. */
export const defaultConnections = 4

export interface PostgresOptions {
  /**
   * `postgres://user:password@host:port/database`, with `?host=/folder` for a UNIX socket. A connection of its own: through a pooler that
   * gives each transaction another one, nothing is heard of what others append.
   */
  readonly url: string | Redacted.Redacted
  /** The schema that holds the journal and nothing else; made if it is not there, unless `readOnly`. Default `stopcopy`. */
  readonly schema?: string
  /** For replay: nothing is made or changed. Default false. */
  readonly readOnly?: boolean
  /** Connections for all but appends, at most; at least 1. Default `defaultConnections`. */
  readonly connections?: number
  /** How often `live` looks for itself at what others appended. Default: never, the server tells. */
  readonly poll?: Duration.DurationInput
}

/** Why a journal cannot be opened. Each message is one line. */
export type OpenError = NoSuchJournal | NotAJournal | NewerFormat | JournalDamaged | CommitError

/** What messages call it: the URL without who connects, and without parameters but the folder of a socket. */
const nameOf = (url: string, schema: string): string => {
  const [place = "", parameters = ""] = url.split("?", 2)
  const folder = /(?:^|&)host=([^&]*)/.exec(parameters)?.[1]
  const bare = place.replace(/\/\/[^/]*@/, "//")
  return `${bare}${folder === undefined ? "" : `?host=${decodeURIComponent(folder)}`}#${schema}`
}

type Opening = SqlError | NoSuchJournal | NotAJournal | NewerFormat | JournalDamaged

const opened = (
  database: Database,
  name: string,
  { readOnly = false, schema = defaultSchema }: PostgresOptions
): Effect.Effect<PostgresJournal, Opening> =>
  Effect.gen(function* () {
    const found = yield* recognize(database.others.query, name, schema)
    if (found !== "journal" && readOnly) return yield* new NoSuchJournal({ journal: name })
    if (found !== "journal") yield* createTables(database, name, schema, yield* makeJournalId)
    const statements = statementsOf(schema)
    const [meta = {}] = yield* database.others.query(statements.meta)
    const speaker = yield* makeJournalId
    const options = { database, statements, name, readOnly, sha256: nativeSha256, meta, speaker }
    return yield* Effect.mapError(
      column(() => new PostgresJournal(options)),
      (error) => damaged(name, 0, error.message)
    )
  })

const defaultSchema = "stopcopy"

/** Connects for as long as the scope lives. */
const openJournal = Effect.fn("PostgresJournal.open")(function* (options: PostgresOptions) {
  const { connections = defaultConnections, poll, schema = defaultSchema } = options
  const url = Redacted.isRedacted(options.url) ? options.url : Redacted.make(options.url)
  const name = nameOf(Redacted.value(url), schema)
  const journal = yield* openDatabase(url, connections).pipe(
    Effect.flatMap((database) => opened(database, name, options)),
    Effect.catchTag("SqlError", (error) => Effect.fail(commitError(name, error)))
  )
  return yield* make(journal, poll === undefined ? {} : { poll })
})

/** A journal in a PostgreSQL schema. */
export const layerPostgres = (options: PostgresOptions): Layer.Layer<Journal, OpenError> =>
  Layer.scoped(Journal, openJournal(options))
