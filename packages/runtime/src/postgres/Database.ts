/**
 * The connections of one journal: a pool for statements and transactions, and one more that listens. A server that goes away is an error
 * of what was under way; whatever comes next connects again.
 */
import { Reactivity } from "@effect/experimental"
import { PgClient } from "@effect/sql-pg"
import type { SqlClient } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import { Effect, Redacted, Stream } from "effect"
import type { Scope } from "effect"
import { Client, Pool, TypeOverrides, escapeIdentifier, types } from "pg"
import type { ClientConfig } from "pg"
import type { Durability } from "../Envelope.ts"
import type { Row } from "../Rows.ts"
import { fromStored } from "./StoredText.ts"

/** Milliseconds to wait for a connection. */
export const connectMillis = 5000

/** Milliseconds to wait for another process that holds the end of the journal. */
export const lockMillis = 5000

/** Milliseconds that a transaction of a process that stopped in the middle may hold the end of the journal. */
export const idleTransactionMillis = 10_000

/** Milliseconds to wait for the server's good-bye when connections are closed. */
const closeMillis = 1000

/** What `listen` says first: from now on nothing is missed. */
export const listens = ""

/** Runs one statement. Throws nothing; numbers come as numbers, text as it was before `toStored`. */
export type Query = (text: string, values?: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<Row>, SqlError>

/** A way to the server with a number of connections of its own; who finds all of them in use waits for a turn. */
interface Lane {
  /** A statement that is a transaction of its own. Each connection plans it once: that is most of the time of a short one. */
  readonly query: Query
  /** A transaction, each statement of which sees what is committed when it begins: kept if `use` succeeds. */
  readonly transaction: <A, E>(
    durability: Durability,
    use: (query: Query) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | SqlError>
}

export interface Database {
  /** One connection: what is appended waits for no reader. */
  readonly appends: Lane
  readonly others: Lane
  /** Payloads of the notifications in a channel, after `listens`. Fails when the connection is lost. */
  readonly listen: (channel: string) => Stream.Stream<string, SqlError>
}

/** `bigint` comes as text. One that no number holds exactly stays text, which no column of ours may be. */
const exactNumber = (text: string): number | string => {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : text
}

const parsers = new TypeOverrides()
parsers.setTypeParser(types.builtins.INT8, exactNumber)
parsers.setTypeParser(types.builtins.TEXT, fromStored)

const configOf = (url: Redacted.Redacted): ClientConfig => ({
  connectionString: Redacted.value(url),
  connectionTimeoutMillis: connectMillis,
  lock_timeout: lockMillis,
  idle_in_transaction_session_timeout: idleTransactionMillis,
  fallback_application_name: "stopcopy",
  keepAlive: true,
  types: parsers
})

const closing = (close: () => Promise<void>): Effect.Effect<void> =>
  Effect.promise(close).pipe(Effect.interruptible, Effect.timeoutOption(closeMillis))

const makePool = (config: ClientConfig, connections: number): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const pool = new Pool({ ...config, max: connections })
      // An idle connection that is lost leaves the pool; who needs one hears of it.
      pool.on("error", () => undefined)
      return pool
    }),
    (pool) => closing(() => pool.end())
  )

/** Names under which connections keep what they have planned. */
const preparing = (pool: Pool): Query => {
  const names = new Map<string, string>()
  const nameOf = (text: string): string => {
    const name = names.get(text) ?? `stopcopy_${names.size}`
    names.set(text, name)
    return name
  }
  return (text, values = []) =>
    Effect.async((resume) => {
      const config = { name: nameOf(text), text, values: [...values] }
      pool.query<Record<string, unknown>>(config, (cause, result) => {
        resume(
          cause ? Effect.fail(new SqlError({ cause, message: "a statement failed" })) : Effect.succeed(result.rows)
        )
      })
    })
}

/** Whatever the database's defaults are. */
const beginning = (durability: Durability): string =>
  `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = ${durability === "durable" ? "on" : "off"}`

const transactionOf =
  (sql: SqlClient): Lane["transaction"] =>
  (durability, use) =>
    Effect.scoped(
      Effect.flatMap(sql.reserve, (connection) => {
        const query: Query = (text, values = []) => connection.execute(text, values, undefined)
        return Effect.uninterruptibleMask((restore) =>
          query(beginning(durability)).pipe(
            Effect.zipRight(restore(use(query))),
            Effect.zipLeft(query("COMMIT")),
            // Where this fails too, the connection is gone and the server has rolled back: the first error says why.
            Effect.tapErrorCause(() => Effect.ignore(query("ROLLBACK")))
          )
        )
      })
    )

const connected = (config: ClientConfig): Effect.Effect<Client, SqlError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const client = new Client(config)
        await client.connect()
        return client
      },
      catch: (cause) => new SqlError({ cause, message: "cannot connect to listen" })
    }),
    (client) => closing(() => client.end())
  )

const listening = (config: ClientConfig, channel: string): Stream.Stream<string, SqlError> =>
  Stream.asyncPush<string, SqlError>((emit) =>
    Effect.gen(function* () {
      const client = yield* connected(config)
      const lost = (cause?: Error) => emit.fail(new SqlError({ cause, message: "the connection that listens is lost" }))
      client.on("error", lost)
      client.on("end", lost)
      client.on("notification", ({ payload }) => emit.single(payload ?? listens))
      yield* Effect.tryPromise({
        try: () => client.query(`LISTEN ${escapeIdentifier(channel)}`),
        catch: (cause) => new SqlError({ cause, message: "cannot listen" })
      })
      emit.single(listens)
    })
  )

/**
 * Lets the event loop go round. A socket that is not there fails at once; without this, those who try again at once would keep everything
 * else from happening, the server's return included.
 */
const breath = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Turns are given here, not by the pool, which would let those fail that wait longer than `connectMillis`. */
const laneOf = (lane: Lane, connections: number): Lane => {
  const turns = Effect.unsafeMakeSemaphore(connections)
  const inTurn = <A, E>(effect: Effect.Effect<A, E>) => Effect.tapError(turns.withPermits(1)(effect), () => breath)
  return {
    query: (text, values) => inTurn(lane.query(text, values)),
    transaction: (durability, use) => inTurn(lane.transaction(durability, use))
  }
}

/** Connections to the server of `url`: one that appends, at most `connections` for all else, one that listens; closed with the scope. */
export const openDatabase = (
  url: Redacted.Redacted,
  connections: number
): Effect.Effect<Database, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const config = configOf(url)
    const pool = yield* makePool(config, connections + 1)
    const sql = yield* PgClient.fromPool({ acquire: Effect.succeed(pool) })
    const lane = { query: preparing(pool), transaction: transactionOf(sql) }
    return {
      appends: laneOf(lane, 1),
      others: laneOf(lane, connections),
      listen: (channel: string) => listening(config, channel)
    }
  }).pipe(Effect.provide(Reactivity.layer))
