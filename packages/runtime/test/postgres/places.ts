/** One server for the tests of a file, places for journals in it, and a way to look at and change what is stored there. */
import { Effect, Either, Exit, Scope } from "effect"
import { Client, TypeOverrides, types } from "pg"
import { afterAll } from "vitest"
import { postgres } from "@stopcopy/workbench/postgres"
import type { Server } from "@stopcopy/workbench/postgres"

/** Where a journal is. */
export interface Place {
  readonly url: string
  readonly schema: string
}

type Row = Readonly<Record<string, unknown>>

/** The server of a test file, stopped after its last test; or why there is none. Called while the file is loaded. */
export const serverOfFile = async (): Promise<Either.Either<Server, string>> => {
  const scope = Effect.runSync(Scope.make())
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const started = await Effect.runPromise(Effect.either(Scope.extend(postgres, scope)))
  return Either.mapLeft(started, ({ reason }) => reason)
}

const numbers = new TypeOverrides()
numbers.setTypeParser(types.builtins.INT8, Number)

/** A connection beside the journal's: gives the rows of a statement, in which `@` stands for the journal's schema. */
export const beside = ({ schema, url }: Place) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const client = new Client({ connectionString: url, types: numbers })
        await client.connect()
        return client
      }),
      (client) => Effect.promise(() => client.end())
    ),
    (client) =>
      (statement: string, ...values: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<Row>> =>
        Effect.promise(async () => {
          const { rows } = await client.query<Record<string, unknown>>(statement.replaceAll("@", `"${schema}"`), [
            ...values
          ])
          return rows
        })
  )

/** Runs statements one after the other. */
export const execute = (place: Place, ...statements: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.scoped(
    Effect.flatMap(beside(place), (query) => Effect.forEach(statements, (each) => query(each), { discard: true }))
  )

/** The place with a setting that its server has for these connections. */
export const withSetting = ({ schema, url }: Place, setting: string): Place => ({
  schema,
  url: `${url}${url.includes("?") ? "&" : "?"}options=${encodeURIComponent(`-c ${setting}`)}`
})

let made = 0

/** A schema that is not there yet. With a server that is not ours it is removed with the scope; ours is removed as a whole. */
export const freshPlace = (server: Either.Either<Server, string>): Effect.Effect<Place, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { control, url } = yield* Effect.orDieWith(server, (reason) => new Error(reason))
    const place = { url, schema: `stopcopy_test_${process.pid}_${made++}` }
    if (control === undefined) yield* Effect.addFinalizer(() => execute(place, "DROP SCHEMA IF EXISTS @ CASCADE"))
    return place
  })
