/** The journal in PostgreSQL: a coordinator works on it, one at a time, and the next goes on where it ended. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Exit, Scope } from "effect"
import { Client } from "pg"
import { afterAll } from "vitest"
import { postgres } from "@stopcopy/workbench/postgres"
import { program } from "../support/program.ts"
import { hasEnded, pair, startCoordinator, starting, until } from "../support/world.ts"

const scope = Effect.runSync(Scope.make())
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
const server = await Effect.runPromise(Effect.either(Scope.extend(postgres, scope)))
if (Either.isLeft(server)) console.warn(`a coordinator on PostgreSQL: skipped, ${server.left.reason}`)

/** A database of its own: the lock of a coordinator is one of its database. */
const database = (name: string) =>
  Effect.promise(async () => {
    const { url } = Either.getOrThrow(server)
    const client = new Client(url)
    await client.connect()
    await client.query(`CREATE DATABASE ${name}`)
    await client.end()
    return url.replace("/postgres?", `/${name}?`)
  })

/** Ends the session that holds the lock, as a server does that is restarted. */
const loseLock = (url: string) =>
  Effect.promise(async () => {
    const client = new Client(url)
    await client.connect()
    await client.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    await client.end()
  })

describe.skipIf(Either.isLeft(server))("a journal in PostgreSQL", () => {
  const coordinator = program()

  it.scopedLive("keeps what a coordinator did for the next one", () =>
    Effect.gen(function* () {
      const journal = yield* database("first")
      const request = starting("one in a database", { devices: ["pf0/vf0"] })
      const before = yield* Effect.scoped(
        Effect.gen(function* () {
          const one = yield* startCoordinator({ journal })
          yield* pair(one)
          const { id } = yield* one.client.migrations.start(request)
          return yield* until(one, id, hasEnded)
        })
      )
      assert.strictEqual(before.phase, "completed")
      const { client } = yield* startCoordinator({ journal })
      assert.deepStrictEqual(yield* client.migrations.show({ path: { id: before.id } }), before)
      assert.strictEqual((yield* client.migrations.start(request)).id, before.id)
    }).pipe(Effect.timeout("40 seconds"))
  )

  it.scopedLive("has one coordinator, which ends when it cannot know any more that it is the one", () =>
    Effect.gen(function* () {
      const journal = yield* database("second")
      const args = ["--listen", "127.0.0.1:0", "--journal", journal]
      const first = yield* coordinator.serve(args)
      const second = yield* coordinator.run(["serve", ...args])
      assert.deepStrictEqual([second.code, second.stdout], [1, ""])
      assert.match(second.stderr, /another coordinator works on this journal; end that one, or name another database/)
      assert.notInclude(second.stderr, "stopcopy@")
      yield* loseLock(journal)
      const ended = yield* Effect.promise(() => first.ended)
      assert.strictEqual(ended.code, 1)
      assert.match(ended.stderr, /the session that holds the journal is lost; the process ends/)
    }).pipe(Effect.timeout("60 seconds"))
  )
})
