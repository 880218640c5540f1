/** `/healthz`: the process answers. `/readyz`: it can do what it is there for. `/metrics`: for who may read. */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Prometheus } from "@stopcopy/agent"
import { Unauthorized } from "@stopcopy/coordinator-api"
import { Journal } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import { refresh } from "../metrics/fleet.ts"
import { Closing } from "./Closing.ts"
import { answer } from "./refusals.ts"
import type { Tokens } from "./Tokens.ts"

const json = (status: number, body: object) =>
  HttpServerResponse.unsafeJson(body, { status, headers: { "cache-control": "no-store" } })

export const health = Effect.succeed(json(200, { status: "ok" }))

/** Not ready: it is going down, or the journal cannot be read. */
export const readiness = Effect.gen(function* () {
  const [closing, journal] = [yield* Closing, yield* Journal]
  if (closing.isBegun()) return json(503, { status: "closing", reason: "the service is going down" })
  const head = yield* Effect.either(journal.head())
  return Either.isLeft(head)
    ? json(503, { status: "failed", reason: head.left.message })
    : json(200, { status: "ready", sequence: head.right.sequence })
})

const unauthorized = new Unauthorized({
  code: "token.missing",
  message: "metrics are for who may read; send a token as 'Authorization: Bearer TOKEN'",
  refusals: []
})

/** Everything that this process has measured, as Prometheus reads it. What cannot be had just now is as it was. */
export const metrics = (tokens: Tokens) =>
  Effect.gen(function* () {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const secret = (headers["authorization"] ?? "").replace(/^Bearer /, "")
    if (tokens.holder(secret) === undefined) return answer(unauthorized)
    yield* Effect.catchAll(refresh, (error) => Effect.logWarning(`metrics are as they were: ${error.message}`))
    return HttpServerResponse.text(yield* Prometheus.text, { contentType: Prometheus.contentType })
  })
