/** The incident bundle of a migration: what is in it, what it says is missing, who may have it. */
import { assert, describe, it } from "@effect/vitest"
import { ExportRefused, type HostService } from "@stopcopy/agent"
import { Bundle } from "@stopcopy/debugger"
import { behaviors } from "@stopcopy/debugger/behaviors"
import { Journal, Replay } from "@stopcopy/runtime"
import { Context, Effect, Layer } from "effect"
import { send } from "./support/requests.ts"
import { hasEnded, pair, serveHost, startCoordinator, starting, until } from "./support/world.ts"

const devices = ["pf0/vf0"] as const
const registry = Replay.registry(...behaviors)

/** A migration from alpha to beta that has ended. */
const migrated = (one: Effect.Effect.Success<ReturnType<typeof startCoordinator>>, key: string) =>
  Effect.gen(function* () {
    const { id } = yield* one.client.migrations.start(starting(key, { devices, group: "vm1" }))
    return yield* until(one, id, hasEnded)
  })

/** A host that hands out a journal with one batch under any migration's id. */
const handsOut = (label: string) =>
  Effect.map(Effect.map(Layer.build(Journal.layerMemory), Context.get(Journal)), (journal) => (host: HostService) => ({
    ...host,
    exports: ({
      migration: correlation,
      redact
    }: {
      readonly migration: string
      readonly redact: ReadonlyArray<string>
    }) =>
      journal
        .append({
          durability: "written",
          time: 1000,
          correlation,
          causation: null,
          command: null,
          streams: [{ stream: "door/a", behavior: "door", owner: null, expected: 0 }],
          records: [
            {
              stream: 0,
              type: "Opened",
              schemaVersion: 1,
              encoding: 1,
              count: 1,
              payload: new TextEncoder().encode('{"_tag":"Opened","secret":"xyzzy"}')
            }
          ]
        })
        .pipe(
          Effect.zipRight(Bundle.create([{ label, journal }], { registry, created: 1, correlation, redact })),
          Effect.map(({ bytes }) => bytes),
          Effect.mapError(({ message }) => new ExportRefused({ reason: message }))
        )
  }))

const get = (
  one: { readonly client: Effect.Effect.Success<ReturnType<typeof startCoordinator>>["client"] },
  id: string,
  urlParams = {}
) =>
  Effect.flatMap(one.client.migrations.bundle({ path: { id }, urlParams }), (bytes) =>
    Bundle.open("the answer", new Uint8Array(bytes))
  )

describe("a bundle", () => {
  it.scopedLive(
    "has the coordinator's part, and names hosts that hand nothing out; what is asked for wrongly is told",
    () =>
      Effect.gen(function* () {
        const one = yield* startCoordinator()
        yield* pair(one)
        const { id } = yield* migrated(one, "a bundle of one part")
        const { header, journals } = yield* get(one, id)
        assert.strictEqual(header.correlation, id)
        assert.deepStrictEqual(
          journals.map(({ entry }) => [entry.label, entry.id]),
          [["coordinator", one.journal.id]]
        )
        assert.deepStrictEqual(header.missing, [
          { label: "source", reason: "alpha: nothing is exported: alpha hands nothing out of its journal" },
          { label: "destination", reason: "beta: nothing is exported: beta hands nothing out of its journal" }
        ])
        const streams = yield* Effect.flatMap(Effect.fromNullable(journals[0]), ({ source }) =>
          source.journal.streams()
        )
        assert.includeMembers(
          streams.map(({ stream }) => stream),
          [`migration/${id}`, "fleet/main"]
        )
        const attempt = yield* Effect.flip(get(one, id, { attempt: 7 }))
        assert.include(attempt, { _tag: "NotFound", code: "migration.attempt.unknown" })
        const field = yield* Effect.flip(get(one, id, { redact: ["a..b"] }))
        assert.include(field, { _tag: "InvalidRequest", code: "bundle.redact" })
        const raw = yield* send(one.url, { method: "GET", path: `/api/v1/migrations/${id}/bundle?attempt=0` })
        assert.strictEqual(raw.status, 400)
        const whole = yield* send(one.url, { method: "GET", path: `/api/v1/migrations/${id}/bundle?attempt=1` })
        assert.deepStrictEqual([whole.status, whole.headers.get("content-type")], [200, "application/gzip"])
      }).pipe(Effect.timeout("30 seconds"))
  )

  it.scopedLive(
    "has the parts of both hosts; what is redacted does not leave them, and one that went away is named",
    () =>
      Effect.gen(function* () {
        const one = yield* startCoordinator()
        const alpha = yield* serveHost({ name: "alpha" }, yield* handsOut("alpha"))
        const beta = yield* Effect.scoped(
          Effect.gen(function* () {
            const there = yield* serveHost({ name: "beta" })
            for (const { address, name } of [alpha, there]) {
              yield* one.client.hosts.register({ payload: { name, address } })
            }
            return yield* migrated(one, "a bundle of two parts")
          })
        )
        const { header, journals } = yield* get(one, beta.id, { redact: ["secret"] })
        assert.deepStrictEqual(
          journals.map(({ entry }) => entry.label),
          ["coordinator", "source"]
        )
        assert.deepStrictEqual(header.redacted, ["secret"])
        const view = journals[1]?.source.redactedView?.(1)
        assert.strictEqual(view, '{"_tag":"Opened","secret":"[redacted]"}')
        assert.strictEqual(header.missing?.[0]?.label, "destination")
        assert.match(header.missing?.[0]?.reason ?? "", /^beta: Export: no answer from unix:/)
      }).pipe(Effect.timeout("30 seconds"))
  )
})

describe("what is asked for wrongly", () => {
  it.scopedLive("is told: no such migration, and no token", () =>
    Effect.gen(function* () {
      const tokens = [{ role: "read" as const, name: "viewer", secret: "s3cret-s3cret-s3cret" }]
      const one = yield* startCoordinator({ tokens })
      const unknown = yield* Effect.flip(get(one, "m-none"))
      assert.include(unknown, { _tag: "NotFound", code: "migration.unknown" })
      const path = "/api/v1/migrations/m-none/bundle"
      assert.strictEqual((yield* send(one.url, { method: "GET", path })).status, 401)
    }).pipe(Effect.timeout("30 seconds"))
  )
})
