/**
 * A journal in a PostgreSQL database, for one coordinator at a time: who has it holds a lock of the session in the server. When that session is lost nobody
 * knows who has the lock next, so the process ends at once, as if it had been killed: what is acknowledged is in the database.
 */
import type { Journal } from "@stopcopy/runtime"
import { layerPostgres } from "@stopcopy/runtime/postgres"
import { Failed } from "@stopcopy/service"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { Client } from "pg"

/** "stopcopy" as a number of 64 bits: the key of the lock, the same for every coordinator on the database. */
const lockKey = "8319108849577717881"
/** How long connecting may take, in milliseconds. */
const connectMillis = 10_000

/** The place without who connects. */
const nameOf = (url: string): string => (url.split("?", 1)[0] ?? url).replace(/\/\/[^/]*@/, "//")

const failed = (url: string, thrown: unknown): Failed =>
  new Failed({ message: `${nameOf(url)}: ${thrown instanceof Error ? thrown.message : String(thrown)}` })

const taken = (url: string): Failed =>
  new Failed({
    message: `${nameOf(url)}: another coordinator works on this journal; end that one, or name another database`
  })

const connected = (url: string): Effect.Effect<Client, Failed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const client = new Client({ connectionString: url, connectionTimeoutMillis: connectMillis, keepAlive: true })
        await client.connect()
        return client
      },
      catch: (thrown) => failed(url, thrown)
    }),
    (client) => Effect.promise(() => client.end()).pipe(Effect.interruptible, Effect.timeoutOption("2 seconds"))
  )

/** Holds the lock for as long as the scope lives; `lost` is called if the server's session ends before that. */
const lock = (url: string, lost: () => void): Effect.Effect<void, Failed, Scope.Scope> =>
  Effect.gen(function* () {
    let released = false
    const client = yield* connected(url)
    yield* Effect.addFinalizer(() => Effect.sync(() => (released = true)))
    const end = () => {
      if (!released) lost()
    }
    client.on("error", end)
    client.on("end", end)
    const { rows } = yield* Effect.tryPromise({
      try: () => client.query<{ readonly taken: boolean }>(`SELECT pg_try_advisory_lock(${lockKey}) AS taken`),
      catch: (thrown) => failed(url, thrown)
    })
    if (rows[0]?.taken !== true) return yield* taken(url)
  })

/** Nothing may be carried out any more, and nothing has to be: the next process takes up what the journal says. */
const lost = (url: string): void => {
  process.stderr.write(
    `stopcopy-coordinator: ${nameOf(url)}: the session that holds the journal is lost; the process ends\n`
  )
  process.exit(1)
}

/** The journal, once the lock is held. */
export const layerDatabase = (url: string): Layer.Layer<Journal, { readonly message: string }> =>
  Layer.unwrapScoped(
    Effect.as(
      lock(url, () => lost(url)),
      layerPostgres({ url: Redacted.make(url) })
    )
  )
