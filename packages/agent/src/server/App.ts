/** What is served on the one port: the calls at `/rpc`, `/healthz`, `/metrics`, each with the number of the contract. */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Effect, type Scope } from "effect"
import { createHash, timingSafeEqual } from "node:crypto"
import type { HostService } from "../Host.ts"
import * as Prometheus from "../Prometheus.ts"
import { contractHeader, contractVersion } from "../Version.ts"

type Response = HttpServerResponse.HttpServerResponse
type Handle = Effect.Effect<Response, never, HttpServerRequest.HttpServerRequest | Scope.Scope>

const text = (status: number, reason: string): Response => HttpServerResponse.text(`${reason}\n`, { status })

const digestOf = (word: string): Buffer => createHash("sha256").update(word).digest()

/** Whether the header carries the token; takes as long for every wrong one. */
const isAllowed = (request: HttpServerRequest.HttpServerRequest, token: string | undefined): boolean => {
  if (token === undefined) return true
  return timingSafeEqual(digestOf(request.headers["authorization"] ?? ""), digestOf(`Bearer ${token}`))
}

const mismatch = (request: HttpServerRequest.HttpServerRequest): Response | undefined => {
  const theirs = request.headers[contractHeader]
  if (theirs === undefined || theirs === String(contractVersion)) return undefined
  return text(
    409,
    `this host has version ${contractVersion} of the contract and the call has ${theirs}; use the same release`
  )
}

/** Whether the host can say what it has. */
export const health = (host: HostService): Effect.Effect<Response> =>
  Effect.match(host.pfs, {
    onFailure: ({ reason }) =>
      HttpServerResponse.unsafeJson({ status: "failed", host: host.name, reason }, { status: 503 }),
    onSuccess: () => HttpServerResponse.unsafeJson({ status: "ok", host: host.name, contract: contractVersion })
  })

const metrics: Effect.Effect<Response> = Effect.map(Prometheus.text, (body) =>
  HttpServerResponse.text(body, { contentType: Prometheus.contentType })
)

const wrongMethod = (allow: string): Response => HttpServerResponse.setHeader(text(405, `use ${allow}`), "allow", allow)

/** The handler of every request. The token guards everything but the health. */
export const makeApp = (healthy: Effect.Effect<Response>, call: Handle, token: string | undefined): Handle =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request): Handle => {
    const path = request.url.split("?")[0]
    const get = request.method === "GET" || request.method === "HEAD"
    if (path === "/healthz") return get ? healthy : Effect.succeed(wrongMethod("GET"))
    if (path !== "/rpc" && path !== "/metrics")
      return Effect.succeed(text(404, "there are /rpc, /healthz and /metrics"))
    if (!isAllowed(request, token)) return Effect.succeed(text(401, "send the token of this host as Bearer"))
    if (path === "/metrics") return get ? metrics : Effect.succeed(wrongMethod("GET"))
    if (request.method !== "POST") return Effect.succeed(wrongMethod("POST"))
    const refused = mismatch(request)
    return refused === undefined ? call : Effect.succeed(refused)
  }).pipe(Effect.map(HttpServerResponse.setHeader(contractHeader, String(contractVersion))))
