/** One server for the tests of a file, and fresh schemas in it. */
import { Effect, Either, Exit, Scope } from "effect"
import { Client, escapeIdentifier } from "pg"
import { afterAll } from "vitest"
import { postgres } from "./server.ts"
import type { Server } from "./server.ts"

/** The server of a test file, stopped after its last test; or why there is none. Called while the file is loaded. */
export const serverOfFile = async (): Promise<Either.Either<Server, string>> => {
  const scope = Effect.runSync(Scope.make())
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const started = await Effect.runPromise(Effect.either(Scope.extend(postgres, scope)))
  return Either.mapLeft(started, ({ reason }) => reason)
}

/** Runs statements on a connection of its own. */
export const execute = async (url: string, ...statements: ReadonlyArray<string>): Promise<void> => {
  const client = new Client(url)
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

let made = 0

/** The name of a schema that is not there, and is removed with the scope. */
export const freshSchema = (url: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => `stopcopy_test_${process.pid}_${made++}`),
    (schema) => Effect.promise(() => execute(url, `DROP SCHEMA IF EXISTS ${escapeIdentifier(schema)} CASCADE`))
  )
