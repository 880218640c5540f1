/**
 * The calls of the contract over HTTP: one POST with newline-delimited JSON for each call, answered with the same. It differs from the
 * protocol of `@effect/rpc` in that answers are bounded: a stream waits while its reader does not read.
 */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { RpcSerialization, RpcServer } from "@effect/rpc"
import type { FromServerEncoded, RequestEncoded } from "@effect/rpc/RpcMessage"
import { type Chunk, Effect, Either, Mailbox, type Scope, Schema, Stream } from "effect"
import { type BodyTooLong, bodyOf } from "./body.ts"

/** How many messages of an answer wait for a slow reader; its stream stands still until it takes them. */
export const answerLimit = 16

const Request = Schema.Struct({
  _tag: Schema.Literal("Request"),
  id: Schema.String,
  tag: Schema.String,
  payload: Schema.optional(Schema.Unknown),
  headers: Schema.Array(Schema.Tuple(Schema.String, Schema.String)),
  traceId: Schema.optional(Schema.String),
  spanId: Schema.optional(Schema.String),
  sampled: Schema.optional(Schema.Boolean)
})

const requestOf = Schema.decodeUnknownEither(Schema.Tuple(Request))

/** The one call in a body; Left: why there is none. */
const parse = (body: Uint8Array): Either.Either<RequestEncoded, string> =>
  Either.try({ try: () => RpcSerialization.ndjson.unsafeMake().decode(body), catch: String }).pipe(
    Either.flatMap((messages) => Either.mapLeft(requestOf(messages), ({ message }) => message)),
    Either.map(([{ headers, payload, ...rest }]) => ({
      ...rest,
      payload,
      headers: headers.map(([name, value]): [string, string] => [name, value])
    }))
  )

type Write = (client: number, message: RequestEncoded | { readonly _tag: "Eof" }) => Effect.Effect<void>
type Answer = Mailbox.Mailbox<Uint8Array>

const refusal = (status: number, reason: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`${reason}\n`, { status })

const joined = (parts: Chunk.Chunk<Uint8Array>): Uint8Array => Buffer.concat([...parts])

const { contentType } = RpcSerialization.ndjson

/** The answer as it comes: at once if it is complete already, otherwise as a stream. */
const respond = (answer: Answer): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.map(answer.takeAll, ([first, done]) => {
    if (done) return HttpServerResponse.uint8Array(joined(first), { contentType })
    const rest = Stream.concat(Stream.fromChunk(first), Mailbox.toStream(answer))
    return HttpServerResponse.stream(rest, { contentType })
  })

/** The protocol for `RpcServer`, and the handler of the endpoint. */
export const makeEndpoint = (bodyLimit: number) =>
  Effect.gen(function* () {
    const disconnects = yield* Mailbox.make<number>()
    const answers = new Map<number, Answer>()
    const encoder = RpcSerialization.ndjson.unsafeMake()
    let last = 0
    let write: Write = () => Effect.void

    const send = (client: number, message: FromServerEncoded): Effect.Effect<void> => {
      const answer = answers.get(client)
      const text = answer === undefined ? undefined : encoder.encode(message)
      return answer === undefined || text === undefined ? Effect.void : Effect.asVoid(answer.offer(Buffer.from(text)))
    }

    const protocol = yield* RpcServer.Protocol.make((written) => {
      write = written
      return Effect.succeed({
        disconnects,
        send,
        end: (client) => answers.get(client)?.end ?? Effect.void,
        clientIds: Effect.sync(() => new Set(answers.keys())),
        initialMessage: Effect.succeedNone,
        supportsAck: false,
        supportsTransferables: false,
        supportsSpanPropagation: true
      })
    })

    /** One POST is one client of the protocol; when it goes, what it waits for is interrupted. */
    const connect: Effect.Effect<{ readonly id: number; readonly answer: Answer }, never, Scope.Scope> =
      Effect.acquireRelease(
        Effect.map(Mailbox.make<Uint8Array>(answerLimit), (answer) => {
          const id = ++last
          answers.set(id, answer)
          return { id, answer }
        }),
        ({ answer, id }) =>
          Effect.zipRight(
            Effect.sync(() => answers.delete(id) && disconnects.unsafeOffer(id)),
            answer.shutdown
          )
      )

    const handle = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const body = yield* bodyOf(request, bodyLimit)
      const call = parse(body)
      if (Either.isLeft(call)) return refusal(400, `not a call of the contract: ${call.left}`)
      const { answer, id } = yield* connect
      yield* write(id, call.right)
      yield* write(id, { _tag: "Eof" })
      return yield* respond(answer)
    }).pipe(
      Effect.catchTags({
        BodyTooLong: (error: BodyTooLong) => Effect.succeed(refusal(413, error.message)),
        RequestError: (error) => Effect.succeed(refusal(400, error.message))
      }),
      Effect.interruptible
    )
    return { protocol, handle }
  })
