/** Who may call: tokens and roles, TLS, names of hosts; and what everybody may see. */
import { assert, describe, it } from "@effect/vitest"
import { makeAuthority } from "@stopcopy/workbench"
import { Effect, Redacted } from "effect"
import { request } from "node:https"
import { type Access, noAccess } from "../src/settings/agentAccess.ts"
import { type Sent, send } from "./support/requests.ts"
import { serveHost, startCoordinator } from "./support/world.ts"

const tokens = [
  { role: "operate", name: "the operator", secret: "secret-of-an-operator" },
  { role: "read", name: "the screen", secret: "secret-of-a-screen" }
] as const

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })
const read: Sent = { method: "GET", path: "/api/v1/hosts" }
const change: Sent = { method: "POST", path: "/api/v1/hosts/nowhere/uncordon" }

const accessFor = (all: Access) => ({ ...noAccess, all })

const codeOf = (json: unknown): unknown =>
  typeof json === "object" && json !== null && "code" in json ? json.code : undefined

describe("tokens", () => {
  it.scopedLive("say who may read and who may operate", () =>
    Effect.gen(function* () {
      const { url } = yield* startCoordinator({ tokens })
      const answer = (sent: Sent, headers: Readonly<Record<string, string>>) =>
        Effect.map(send(url, { ...sent, headers }), ({ json, status }) => [status, codeOf(json)])
      assert.deepStrictEqual(yield* answer(read, {}), [401, "token.missing"])
      assert.deepStrictEqual(yield* answer(read, bearer("secret-of-nobody-here")), [401, "token.unknown"])
      assert.deepStrictEqual(yield* answer(change, {}), [401, "token.missing"])
      const who = yield* send(url, {
        method: "GET",
        path: "/api/v1/caller",
        headers: bearer("secret-of-a-screen")
      })
      assert.deepStrictEqual(who.json, { role: "read", name: "the screen", hasTokens: true })
      assert.deepStrictEqual(yield* answer(read, bearer("secret-of-a-screen")), [200, undefined])
      assert.deepStrictEqual(yield* answer(change, bearer("secret-of-a-screen")), [403, "token.read-only"])
      assert.deepStrictEqual(yield* answer(change, bearer("secret-of-an-operator")), [404, "fleet.host.unknown"])
      assert.deepStrictEqual(yield* answer({ method: "GET", path: "/api/v1/events?follow=false" }, {}), [
        401,
        "token.missing"
      ])
      const wrongBody: Sent = { method: "POST", path: "/api/v1/hosts", body: "{" }
      assert.deepStrictEqual(yield* answer(wrongBody, {}), [401, "token.missing"])
    }).pipe(Effect.timeout("20 seconds"))
  )

  it.scopedLive("are needed for metrics, and not for health and documents", () =>
    Effect.gen(function* () {
      const { url } = yield* startCoordinator({ tokens })
      const statuses = (headers: Readonly<Record<string, string>>) =>
        Effect.forEach(["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"], (path) =>
          Effect.map(send(url, { method: "GET", path, headers }), ({ status }) => status)
        )
      assert.deepStrictEqual(yield* statuses({}), [200, 200, 401, 200, 200])
      assert.deepStrictEqual(yield* statuses(bearer("secret-of-a-screen")), [200, 200, 200, 200, 200])
    }).pipe(Effect.timeout("20 seconds"))
  )
})

it.scopedLive("without tokens a page of another site reaches nothing, though it may name this machine", () =>
  Effect.gen(function* () {
    const { url } = yield* startCoordinator()
    const { port } = new URL(url)
    const asHost = (host: string) =>
      Effect.async<number>((resume) => {
        void import("node:http").then(({ request: ask }) => {
          const call = ask(
            { host: "127.0.0.1", port, path: read.path, headers: { host }, agent: false },
            (response) => {
              response.resume()
              resume(Effect.succeed(response.statusCode ?? 0))
            }
          )
          call.end()
        })
      })
    assert.strictEqual(yield* asHost(`localhost:${port}`), 200)
    assert.strictEqual(yield* asHost("[::1]:1"), 200)
    assert.strictEqual(yield* asHost("evil.example"), 403)
    assert.strictEqual(yield* asHost("127.0.0.1.evil.example"), 403)
  }).pipe(Effect.timeout("20 seconds"))
)

it.scopedLive("a certificate makes it HTTPS", () =>
  Effect.gen(function* () {
    const { ca, issue } = yield* makeAuthority
    const { url } = yield* startCoordinator({ tls: yield* issue(["127.0.0.1"]) })
    assert.match(url, /^https:\/\/127\.0\.0\.1:/)
    const status = yield* Effect.async<number, Error>((resume) => {
      const call = request(`${url}/readyz`, { ca, agent: false }, (response) => {
        response.resume()
        resume(Effect.succeed(response.statusCode ?? 0))
      })
      call.on("error", (error) => resume(Effect.fail(error)))
      call.end()
    })
    assert.strictEqual(status, 200)
  }).pipe(Effect.timeout("20 seconds"))
)

it.scopedLive("agents over TLS are believed by their authority, and get the token that they ask for", () =>
  Effect.gen(function* () {
    const { ca, issue } = yield* makeAuthority
    const token = "what-agents-ask-for"
    const address = { _tag: "Tcp", host: "127.0.0.1", port: 0, secure: true } as const
    const certificate = yield* issue(["127.0.0.1"])
    const host = yield* serveHost({ name: "alpha" }, undefined, { address, certificate, token })
    assert.match(host.address, /^https:/)
    const payload = { name: "alpha", address: host.address }
    const doubting = yield* startCoordinator({ agents: accessFor({ token: Redacted.make(token) }) })
    const distrust = yield* Effect.flip(doubting.client.hosts.register({ payload }))
    assert.deepStrictEqual([distrust._tag, "code" in distrust && distrust.code], ["Unavailable", "host.unreachable"])
    const stranger = yield* startCoordinator({ agents: accessFor({ trust: { ca } }) })
    assert.match((yield* Effect.flip(stranger.client.hosts.register({ payload }))).message, /401/)
    const one = yield* startCoordinator({ agents: accessFor({ token: Redacted.make(token), trust: { ca } }) })
    assert.strictEqual((yield* one.client.hosts.register({ payload })).health.state, "reachable")
    const exposed = yield* Effect.flip(
      one.client.hosts.register({ payload: { name: "beta", address: "http://agent.example:7710" } })
    )
    assert.match(exposed.message, /token/)
  }).pipe(Effect.timeout("20 seconds"))
)
