/**
 * Changes that need no idempotency key, and may have one: who is not sure whether a change arrived sends it again with the same key, and it is not
 * carried out over what somebody else has changed since.
 */
import type { HttpServerRequest } from "@effect/platform"
import {
  type Caller,
  type Conflict,
  IdempotencyHeaders,
  idempotencyHeader,
  InvalidRequest,
  type Unavailable
} from "@stopcopy/coordinator-api"
import { ActorSystem } from "@stopcopy/runtime"
import { Effect, Either, ParseResult, Schema } from "effect"
import { once } from "./once.ts"

type Request = Pick<HttpServerRequest.HttpServerRequest, "headers">

const decode = Schema.decodeUnknownEither(IdempotencyHeaders)

const wrongKey = (error: ParseResult.ParseError): InvalidRequest => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  return new InvalidRequest({
    code: "request.invalid",
    message: `${idempotencyHeader}: ${issue?.message ?? error.message}`,
    refusals: []
  })
}

/** What is asked for. */
interface Change<Payload, PayloadJson, Answer, AnswerJson> {
  readonly request: Request
  /** The endpoint, and what of its path says which thing it changes. */
  readonly endpoint: string
  readonly about: string
  readonly schema: Schema.Schema<Payload, PayloadJson>
  readonly payload: Payload
  readonly answer: Schema.Schema<Answer, AnswerJson>
}

type Keyed = <Payload, PayloadJson, Answer, AnswerJson, E>(
  change: Change<Payload, PayloadJson, Answer, AnswerJson>,
  run: Effect.Effect<Answer, E, Caller>
) => Effect.Effect<Answer, E | Conflict | InvalidRequest | Unavailable, Caller>

/** Carries a change out; with a key once for the key. */
export const makeKeyed: Effect.Effect<Keyed, never, ActorSystem> = Effect.map(
  ActorSystem,
  (system): Keyed =>
    ({ about, answer, endpoint, payload, request, schema }, run) => {
      if (request.headers[idempotencyHeader] === undefined) return run
      const headers = decode(request.headers)
      if (Either.isLeft(headers)) return Effect.fail(wrongKey(headers.left))
      const what = about === "" ? endpoint : `${endpoint} ${about}`
      const key = headers.right[idempotencyHeader]
      return once({ key, endpoint: what, id: () => what, schema, payload, answer, run: () => run }).pipe(
        Effect.provideService(ActorSystem, system)
      )
    }
)

/** Of changes without a body, or without an answer. */
export const Nothing = { schema: Schema.Null, payload: null } as const
