/** Spans reach a collector of OpenTelemetry, and nobody where there is none. */
import { assert, it } from "@effect/vitest"
import { tracing } from "@stopcopy/service/tracing"
import { Deferred, Effect, Option } from "effect"
import { createServer } from "node:http"

const collector = (got: (path: string, body: string) => void) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (data: Buffer) => (body += data.toString()))
        request.on("end", () => {
          got(request.url ?? "", body)
          response.end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

it.scopedLive("spans are sent with the name of the process", () =>
  Effect.gen(function* () {
    const received = yield* Deferred.make<readonly [string, string]>()
    const server = yield* collector((path, body) => Deferred.unsafeDone(received, Effect.succeed([path, body])))
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const url = `http://127.0.0.1:${port}/v1/traces`
    yield* Effect.void.pipe(
      Effect.withSpan("a piece of work", { attributes: { migration: "m-1" } }),
      Effect.provide(tracing({ url, name: "a-service", version: "1.2.3" }))
    )
    const [path, body] = yield* Deferred.await(received)
    assert.strictEqual(path, "/v1/traces")
    for (const word of ["a piece of work", "m-1", "a-service", "1.2.3"]) assert.include(body, word)
  }).pipe(Effect.timeout("10 seconds"))
)

it.effect("without a collector there is nobody to send to", () =>
  Effect.gen(function* () {
    const span = yield* Effect.withSpan(Effect.option(Effect.currentSpan), "unseen")
    assert.strictEqual(Option.getOrThrow(span)._tag, "Span")
    assert.isFalse("export" in Option.getOrThrow(span))
  }).pipe(Effect.provide(tracing({ url: undefined, name: "a-service", version: "1" })))
)
