/** What survives the end of a coordinator: what an idempotency key stands for, where a reader of events is, migrations that were under way. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { follow, idempotencyHeader } from "@stopcopy/coordinator-api"
import { Chunk, Effect, Exit, Option, Scope, Stream } from "effect"
import { join } from "node:path"
import { folder, hangingDrain, hasEnded, pair, startCoordinator, starting, until } from "./support/world.ts"

const devices = ["pf0/vf0"] as const

/** A coordinator that a test ends before its own end. */
const life = (options: Parameters<typeof startCoordinator>[0]) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const one = yield* Scope.extend(startCoordinator(options), scope)
    return { one, end: Scope.close(scope, Exit.void) }
  })

describe("an idempotency key", () => {
  it.scopedLive("stands for one request, over a restart too", () =>
    Effect.gen(function* () {
      const journal = join(yield* folder, "journal.db")
      const { end, one } = yield* life({ journal })
      yield* pair(one)
      const request = starting("something repeated", { devices })
      const first = yield* one.client.migrations.start(request)
      const again = yield* one.client.migrations.start(request)
      assert.deepStrictEqual(again, first)
      yield* until(one, first.id, hasEnded)
      yield* end

      const later = yield* startCoordinator({ journal })
      const head = yield* later.journal.head()
      assert.deepStrictEqual(yield* later.client.migrations.start(request), first, "as it was answered then")
      const other = yield* Effect.flip(
        later.client.migrations.start({ ...request, payload: { ...request.payload, priority: 6 } })
      )
      assert.deepStrictEqual([other._tag, "code" in other && other.code], ["Conflict", "idempotency.other-body"])
      assert.include(other.message, first.id)
      const elsewhere = yield* Effect.flip(
        later.client.evacuations.start({ headers: request.headers, payload: { host: "alpha", priority: 5 } })
      )
      assert.strictEqual(elsewhere._tag, "Conflict")
      const { migrations } = yield* later.client.migrations.list({ urlParams: { limit: 10 } })
      assert.lengthOf(migrations, 1)
      assert.isAtLeast((yield* later.journal.head()).sequence, head.sequence)
    }).pipe(Effect.timeout("30 seconds"))
  )

  it.scopedLive("of many requests at once begins one migration", () =>
    Effect.gen(function* () {
      const one = yield* startCoordinator()
      yield* pair(one)
      const request = starting("many at once", { devices })
      const all = yield* Effect.all(
        Array.from({ length: 8 }, () => one.client.migrations.start(request)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, 1)
      assert.strictEqual(new Set(all.map((answer) => JSON.stringify(answer))).size, 1)
      const { migrations } = yield* one.client.migrations.list({ urlParams: { limit: 10 } })
      assert.lengthOf(migrations, 1)
      yield* until(one, migrations[0]?.id ?? "", hasEnded)
    }).pipe(Effect.timeout("30 seconds"))
  )

  it.scopedLive("of a refusal records nothing, and the request is judged anew", () =>
    Effect.gen(function* () {
      const one = yield* startCoordinator()
      yield* pair(one)
      yield* one.client.hosts.cordon({ path: { host: "beta" }, payload: { reason: "not now" } })
      const request = starting("refused at first", { devices })
      assert.strictEqual((yield* Effect.flip(one.client.migrations.start(request)))._tag, "Refused")
      yield* one.client.hosts.uncordon({ path: { host: "beta" } })
      const { id } = yield* one.client.migrations.start(request)
      assert.strictEqual((yield* until(one, id, hasEnded)).phase, "completed")
    }).pipe(Effect.timeout("30 seconds"))
  )
})

it.scopedLive("a reader of events goes on behind the last one, over a restart too, and misses none", () =>
  Effect.gen(function* () {
    const journal = join(yield* folder, "journal.db")
    const { end, one } = yield* life({ journal })
    const { port } = new URL(one.url)
    const seen: Array<number> = []
    const reading = yield* follow({ baseUrl: one.url, after: 0, pause: 10, tries: 100 }).pipe(
      Stream.tap(({ sequence }) => Effect.sync(() => seen.push(sequence))),
      Stream.takeUntil(({ type }) => type === "PolicySet"),
      Stream.runLast,
      Effect.provide(FetchHttpClient.layer),
      Effect.fork
    )
    yield* pair(one)
    yield* end
    const listen = { _tag: "Tcp" as const, host: "127.0.0.1", port: Number(port) }
    const later = yield* startCoordinator({ journal, listen })
    yield* later.client.policy.put({ payload: yield* later.client.policy.get() })
    const last = Option.getOrThrow(yield* reading)
    assert.deepStrictEqual(
      seen,
      Array.from({ length: last.sequence }, (_, index) => index + 1)
    )
    const stored = yield* later.journal.events(0).pipe(Stream.take(last.sequence), Stream.runCollect)
    assert.deepStrictEqual([last.type, last.time], [Chunk.unsafeLast(stored).type, Chunk.unsafeLast(stored).time])
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("the events of one migration are those of its correlation, and positions count what was left out", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    yield* pair(one)
    const { id } = yield* one.client.migrations.start(starting("an event story", { devices }))
    yield* until(one, id, hasEnded)
    const some = yield* follow({ baseUrl: one.url, after: 0, migration: id, follow: false }).pipe(
      Stream.runCollect,
      Effect.provide(FetchHttpClient.layer)
    )
    const all = Chunk.toReadonlyArray(some)
    assert.isAbove(all.length, 10)
    assert.isTrue(all.every(({ correlation }) => correlation === id))
    assert.includeMembers(
      all.map(({ type }) => type),
      ["MigrationQueued", "Queued", "Committed", "Ended"]
    )
    const before = (yield* one.journal.head()).sequence
    const response = yield* Effect.promise(() =>
      fetch(`${one.url}/api/v1/events?follow=false&after=0&migration=nobody`)
    )
    const text = yield* Effect.promise(() => response.text())
    const { sequence } = yield* one.journal.head()
    assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
    // Hosts tell of their devices meanwhile.
    const position = Number(/id: (\d+)\nevent: position\n(?![^]*event: position)/.exec(text)?.[1])
    assert.isTrue(position >= before && position <= sequence, `${before}, ${position}, ${sequence}`)
    assert.notInclude(text, "event: event")
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("a migration that was under way is taken up by the next coordinator", () =>
  Effect.gen(function* () {
    const journal = join(yield* folder, "journal.db")
    const { end, one } = yield* life({ journal })
    const { alpha } = yield* pair(one)
    // The first coordinator ends while the source drains, and the drain does not end well.
    const met = yield* hangingDrain(alpha)
    const { id } = yield* one.client.migrations.start(starting("an orphan", { devices }))
    yield* met
    const ending = yield* Effect.fork(end)
    const vf = Option.getOrThrow(Option.fromNullable(alpha.devices.get("pf0/vf0")))
    yield* Effect.orDie(vf.reset)
    yield* ending
    const later = yield* startCoordinator({ journal })
    const ended = yield* until(later, id, hasEnded)
    assert.include(["completed", "failed"], ended.phase)
    assert.strictEqual(ended.inDoubt, false)
    assert.strictEqual(ended.verdict?.guest, ended.phase === "completed" ? "destination" : "source")
    assert.strictEqual(yield* vf.getState, ended.phase === "completed" ? "STOP" : "RUNNING")
  }).pipe(Effect.timeout("40 seconds"))
)

it("the header has the name that HTTP knows", () => {
  assert.strictEqual(idempotencyHeader, "idempotency-key")
})
