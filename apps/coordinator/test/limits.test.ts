/** What a client can hold of the service has bounds, and who goes past one is told. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { request } from "node:http"
import { startCoordinator } from "./support/world.ts"

/** A body whose length nobody tells before: it is sent in chunks. */
const chunked = (url: string, bytes: number): Effect.Effect<readonly [number, string], Error> =>
  Effect.async((resume) => {
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" }
    const call = request(`${url}/api/v1/hosts`, { method: "POST", headers, agent: false }, (response) => {
      let text = ""
      response.on("data", (data: Buffer) => (text += data.toString()))
      response.on("end", () => resume(Effect.succeed([response.statusCode ?? 0, text])))
    })
    call.on("error", (error) => resume(Effect.fail(error)))
    for (let sent = 0; sent < bytes; sent += 8192) call.write("x".repeat(8192))
    call.end()
  })

it.scopedLive("a body in chunks is not read: nobody says how long it is", () =>
  Effect.gen(function* () {
    const { url } = yield* startCoordinator()
    const [status, text] = yield* chunked(url, 8192)
    assert.deepStrictEqual([status, /"code":"([^"]+)"/.exec(text)?.[1]], [400, "request.length"])
  }).pipe(Effect.timeout("20 seconds"))
)

it.scopedLive("so many streams of events may be open, and one more when one is closed", () =>
  Effect.gen(function* () {
    const { url } = yield* startCoordinator({ connections: 200 })
    const open = Effect.promise(async () => {
      const ending = new AbortController()
      const response = await fetch(`${url}/api/v1/events`, { signal: ending.signal })
      const reader = response.body?.getReader()
      if (response.status === 200) await reader?.read()
      return { status: response.status, end: () => ending.abort() }
    })
    const streams = yield* Effect.all(Array.from({ length: 64 }, () => open))
    assert.isTrue(streams.every(({ status }) => status === 200))
    assert.strictEqual((yield* open).status, 429)
    streams[0]?.end()
    const next = yield* open.pipe(Effect.repeat({ until: ({ status }) => status !== 429 }))
    assert.strictEqual(next.status, 200)
    for (const { end } of [...streams, next]) end()
  }).pipe(Effect.timeout("20 seconds"))
)
