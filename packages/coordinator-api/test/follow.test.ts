/** Following events over connections that are lost, silent, refused, or something else altogether. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, it } from "@effect/vitest"
import { follow, type FollowOptions, NotFound } from "@stopcopy/coordinator-api"
import { Chunk, Effect, Schema, Stream } from "effect"
import type { ServerResponse } from "node:http"
import { serveWith } from "./support.ts"

const event = (sequence: number): string => {
  const data = {
    sequence,
    stream: "fleet/main",
    type: "PolicySet",
    time: 0,
    correlation: "c",
    causation: null,
    payload: {}
  }
  return `id: ${sequence}\nevent: event\ndata: ${JSON.stringify(data)}\n\n`
}

const start = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
}

const quick = { pause: 1 } as const
const sequences = (options: FollowOptions, count: number) =>
  follow({ ...quick, ...options }).pipe(
    Stream.map(({ sequence }) => sequence),
    Stream.take(count),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray),
    Effect.provide(FetchHttpClient.layer)
  )

it.scopedLive("a stream that breaks goes on behind the last event", () =>
  Effect.gen(function* () {
    const asked: Array<string | undefined> = []
    const baseUrl = yield* serveWith((request, response) => {
      asked.push(request.headers["last-event-id"]?.toString())
      start(response)
      const after = Number(request.headers["last-event-id"] ?? 0)
      response.write(event(after + 1))
      // Half of the next one: it does not count.
      response.write(event(after + 2).slice(0, 20), () => response.destroy())
    })
    const told: Array<string> = []
    const onConnection: FollowOptions["onConnection"] = (connection) =>
      void told.push(connection._tag === "Open" ? `open behind ${connection.after}` : "lost")
    assert.deepStrictEqual(yield* sequences({ baseUrl, after: 4, onConnection }, 3), [5, 6, 7])
    assert.deepStrictEqual(asked, ["4", "5", "6"])
    assert.deepStrictEqual(told, ["open behind 5", "lost", "open behind 6", "lost", "open behind 7"])
  })
)

it.scopedLive("a position counts as seen, and a silent stream as lost", () =>
  Effect.gen(function* () {
    const asked: Array<string | undefined> = []
    const baseUrl = yield* serveWith((request, response) => {
      const after = request.headers["last-event-id"]?.toString()
      asked.push(after)
      start(response)
      response.write(after === undefined ? "id: 41\nevent: position\ndata: {}\n\n" : event(Number(after) + 1))
    })
    assert.deepStrictEqual(yield* sequences({ baseUrl, silence: "200 millis" }, 1), [42])
    // On a busy machine a connection may be silent before it has said anything: it is made again as the one before it.
    assert.deepStrictEqual([...new Set(asked)], [undefined, "41"])
  })
)

it.scopedLive("an error of the API is not tried again", () =>
  Effect.gen(function* () {
    let calls = 0
    const error = new NotFound({ code: "x.unknown", message: "there is no x", refusals: [] })
    const baseUrl = yield* serveWith((_, response) => {
      calls += 1
      response.writeHead(404).end(JSON.stringify(Schema.encodeSync(NotFound)(error)))
    })
    const failed = yield* Effect.flip(sequences({ baseUrl }, 1))
    assert.deepStrictEqual([failed._tag, failed.message, calls], ["NotFound", "there is no x", 1])
  })
)

it.scopedLive("what is no stream of events fails when all tries are used up, and says where it was", () =>
  Effect.gen(function* () {
    let calls = 0
    const baseUrl = yield* serveWith((_, response) => {
      calls += 1
      start(response)
      response.end("id: 9\nevent: event\ndata: {}\n\n")
    })
    const failed = yield* Effect.flip(sequences({ baseUrl, after: 8, tries: 2 }, 1))
    assert.deepStrictEqual([failed._tag, calls], ["StreamLost", 3])
    assert.match(failed.message, /are lost behind 8: a message that is no event/)
  })
)

it.scopedLive("a stream that is not to be followed ends", () =>
  Effect.gen(function* () {
    const baseUrl = yield* serveWith((request, response) => {
      assert.include(request.url, "follow=false")
      start(response)
      response.end(event(1) + event(2))
    })
    assert.deepStrictEqual(yield* sequences({ baseUrl, follow: false }, 9), [1, 2])
  })
)
