/** The stream of a page: what it says of its connection, and what it does where another try changes nothing. */
import { assert, it } from "@effect/vitest"
import { ApiError, InvalidRequest, Unauthorized } from "@stopcopy/coordinator-api"
import { Deferred, Effect, Schema } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Live, type News } from "../../src/live/Live.ts"

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server that answers as a test says, until the scope closes. */
const served = (answer: Answer) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const server = createServer(answer)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
    })
  )

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

const stream = (response: ServerResponse, text: string): void => {
  response.writeHead(200, { "content-type": "text/event-stream" }).write(text)
}

const refuse = (response: ServerResponse, status: number, error: ApiError): void => {
  response.writeHead(status).end(JSON.stringify(Schema.encodeSync(ApiError)(error)))
}

/** A stream that runs until the scope closes; its news, and the token's problem. */
const living = (baseUrl: string) =>
  Effect.gen(function* () {
    const problem = yield* Deferred.make<string>()
    const live = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const onUnauthorized = ({ code }: { readonly code: string }) =>
          void Effect.runSync(Deferred.succeed(problem, code))
        return new Live({ baseUrl, token: undefined, onUnauthorized })
      }),
      (made) => Effect.sync(() => made.stop())
    )
    const news: Array<News> = []
    const until = (wanted: () => boolean) =>
      Effect.async<void>((resume) => {
        const look = () => {
          if (wanted()) resume(Effect.sync(() => leave.forEach((each) => each())))
        }
        const leave = [live.listen(look), live.connection.subscribe(look)]
        look()
      }).pipe(Effect.timeout("10 seconds"))
    live.listen((one) => news.push(one))
    live.start()
    return { live, news, problem, until }
  })

const sequencesOf = (news: ReadonlyArray<News>): ReadonlyArray<number> =>
  news.flatMap((one) => (one._tag === "Events" ? one.events.map(({ sequence }) => sequence) : []))

it.scopedLive("a lost connection is said to be, made again behind the last event, and said to be back", () =>
  Effect.gen(function* () {
    const asked: Array<unknown> = []
    const baseUrl = yield* served(({ headers }, response) => {
      asked.push(headers["last-event-id"])
      stream(response, event(asked.length))
      if (asked.length === 1) setImmediate(() => response.destroy())
    })
    const states: Array<string> = []
    const { live, news, until } = yield* living(baseUrl)
    live.connection.subscribe(() => void states.push(live.connection.get()._tag))
    yield* until(() => sequencesOf(news).includes(2))
    assert.deepStrictEqual(asked, [undefined, "1"])
    assert.deepStrictEqual([states.includes("Lost"), states.at(-1)], [true, "Open"])
    assert.strictEqual(news.filter(({ _tag }) => _tag === "Opened").length, 2)
  })
)

it.scopedLive("a coordinator that knows nothing of the last event is followed from now on", () =>
  Effect.gen(function* () {
    const asked: Array<unknown> = []
    const unknown = new InvalidRequest({ code: "events.position", message: "the last event is 3", refusals: [] })
    const baseUrl = yield* served(({ headers }, response) => {
      asked.push(headers["last-event-id"])
      if (asked.length === 2) return refuse(response, 400, unknown)
      stream(response, event(asked.length === 1 ? 70 : 4))
      if (asked.length === 1) setImmediate(() => response.destroy())
    })
    const { news, until } = yield* living(baseUrl)
    yield* until(() => sequencesOf(news).includes(4))
    assert.deepStrictEqual(asked, [undefined, "70", undefined])
  })
)

it.scopedLive("a token that is not known any more ends it", () =>
  Effect.gen(function* () {
    let calls = 0
    const gone = new Unauthorized({ code: "token.unknown", message: "nobody has this token", refusals: [] })
    const baseUrl = yield* served((_, response) => {
      calls += 1
      refuse(response, 401, gone)
    })
    const { problem } = yield* living(baseUrl)
    assert.strictEqual(yield* Deferred.await(problem), "token.unknown")
    assert.strictEqual(calls, 1)
  })
)
