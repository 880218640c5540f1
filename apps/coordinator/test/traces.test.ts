/** Traces across processes: what the coordinator does for a migration, and what the agent of a host does for it, are one trace at a collector. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, it } from "@effect/vitest"
import { makeClient } from "@stopcopy/coordinator-api"
import { bundleApp, bundleMillis, started } from "@stopcopy/workbench"
import { Effect, Schema, type Scope } from "effect"
import { rm } from "node:fs/promises"
import { createServer } from "node:http"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { program } from "./support/program.ts"
import { folder, hasEnded, starting, until } from "./support/world.ts"

const coordinator = program()
let emulator = ""
beforeAll(async () => {
  emulator = await bundleApp("emulator")
}, bundleMillis)
afterAll(() => rm(emulator, { recursive: true, force: true }))

const Value = Schema.Struct({ stringValue: Schema.optional(Schema.String) })
const Span = Schema.Struct({ traceId: Schema.String, name: Schema.String })
const Export = Schema.parseJson(
  Schema.Struct({
    resourceSpans: Schema.Array(
      Schema.Struct({
        resource: Schema.Struct({ attributes: Schema.Array(Schema.Struct({ key: Schema.String, value: Value })) }),
        scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) }))
      })
    )
  })
)

interface Seen {
  readonly service: string | undefined
  readonly traceId: string
  readonly name: string
}

/** Everything that was exported to a collector on a port of its own. */
const collector: Effect.Effect<{ readonly url: string; readonly seen: ReadonlyArray<Seen> }, never, Scope.Scope> =
  Effect.gen(function* () {
    const seen: Array<Seen> = []
    const take = (body: string): void => {
      for (const { resource, scopeSpans } of Schema.decodeUnknownSync(Export)(body).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue
        for (const { name, traceId } of scopeSpans.flatMap(({ spans }) => spans)) seen.push({ service, traceId, name })
      }
    }
    const server = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const made = createServer((request, response) => {
          let body = ""
          request.on("data", (data: Buffer) => (body += data.toString()))
          request.on("end", () => {
            take(body)
            response.end("{}")
          })
        })
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) =>
        Effect.async<void>((resume) => {
          made.close(() => resume(Effect.void))
          made.closeAllConnections()
        })
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return { url: `http://127.0.0.1:${port}/v1/traces`, seen }
  })

it.scopedLive("a migration between two emulators is one trace of three processes", () =>
  Effect.gen(function* () {
    const { seen, url } = yield* collector
    const host = (name: string) =>
      Effect.gen(function* () {
        const path = yield* folder
        const places = ["--journal", join(path, "j.db"), "--socket-dir", join(path, "s"), "--agent", "127.0.0.1:0"]
        const args = ["serve", "--pf", "a=4xxx:1,services=sym", "--host", name, "--otlp-url", url, ...places]
        const running = yield* started(join(emulator, "main.js"), args)
        yield* running.ready
        return running
      })
    const hosts = { alpha: yield* host("alpha"), beta: yield* host("beta") }
    const journal = join(yield* folder, "journal.db")
    const running = yield* coordinator.serve(["--listen", "127.0.0.1:0", "--journal", journal, "--otlp-url", url])
    const baseUrl = running.said("api")
    const client = yield* Effect.provide(makeClient({ baseUrl }), FetchHttpClient.layer)
    for (const [name, one] of Object.entries(hosts)) {
      yield* client.hosts.register({ payload: { name, address: one.said("agent") } })
    }
    const { id } = yield* client.migrations.start(starting("a traced one", { devices: ["a/vf0"] }))
    const ended = yield* until({ url: baseUrl, client }, id, hasEnded)
    assert.deepStrictEqual([ended.phase, ended.cause], ["completed", null])
    // What has not been sent yet is sent at the end.
    for (const process of [running, hosts.alpha, hosts.beta])
      assert.strictEqual((yield* process.kill("SIGTERM")).code, 0)
    const traceId = seen.find(({ name }) => name === "migration")?.traceId
    assert.isString(traceId)
    const own = seen.filter((span) => span.traceId === traceId)
    assert.deepStrictEqual([...new Set(own.map(({ service }) => service))].toSorted(), [
      "stopcopy-coordinator",
      "stopcopy-emulator"
    ])
    assert.isTrue(own.some(({ name, service }) => service === "stopcopy-emulator" && name.includes("SetState")))
  }).pipe(Effect.timeout("60 seconds"))
)
