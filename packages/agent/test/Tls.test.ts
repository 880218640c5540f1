/** The contract over TLS: who is believed, who is not and why, what is refused without it, and that nobody holds up the end. */
import { assert, describe, it } from "@effect/vitest"
import { contractHeader, contractVersion, Host } from "@stopcopy/agent"
import { type Address, makeClient, type Trust } from "@stopcopy/agent/client"
import { fingerprintOf, serve, type ServeOptions } from "@stopcopy/agent/server"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { makeAuthority } from "@stopcopy/workbench"
import { Effect, Either, Exit, Scope } from "effect"
import { request } from "node:https"
import { connect } from "node:net"
import { join } from "node:path"
import { folder } from "./support.ts"

const here = { _tag: "Tcp", host: "127.0.0.1", port: 0 } as const

const serving = (options: Partial<ServeOptions>) =>
  Effect.flatMap(makeMemoryHost({ name: "alpha" }), ({ host }) =>
    Effect.provideService(serve({ address: here, grace: "50 millis", ...options }), Host, host)
  )

/** A host with TLS on a port of its own, whose certificate has these names. */
const secured = (names: ReadonlyArray<string> = ["localhost", "127.0.0.1"]) =>
  Effect.gen(function* () {
    const authority = yield* makeAuthority
    const certificate = yield* authority.issue(names)
    const address = yield* serving({ certificate, token: "secret" })
    const fingerprint = Either.getOrThrow(fingerprintOf(certificate))
    return { address, ca: authority.ca, certificate, fingerprint, token: "secret" }
  })

const named = (address: Address, host: string): Address => (address._tag === "Tcp" ? { ...address, host } : address)

const describeBy = (address: Address, token: string, trust?: Trust) =>
  Effect.flatMap(makeClient({ address, token, ...(trust && { trust }) }), (agent) => agent.describe)

describe("a host with a certificate", () => {
  it.scopedLive("is called by whoever trusts its authority, by each of its names", () =>
    Effect.gen(function* () {
      const { address, ca, token } = yield* secured()
      assert.isTrue(address._tag === "Tcp" && address.secure)
      for (const host of ["127.0.0.1", "localhost"]) {
        const { host: name } = yield* describeBy(named(address, host), token, { ca })
        assert.strictEqual(name, "alpha")
      }
    })
  )

  it.scopedLive("is called by whoever knows its fingerprint, whatever the name and the authority", () =>
    Effect.gen(function* () {
      const { address, fingerprint, token } = yield* secured(["elsewhere.example"])
      for (const text of [fingerprint, fingerprint.replaceAll(":", "").toLowerCase()]) {
        const agent = yield* makeClient({ address, token, trust: { fingerprint: text } })
        assert.strictEqual((yield* agent.describe).host, "alpha")
        assert.strictEqual((yield* agent.describe).host, "alpha")
      }
    })
  )

  it.scopedLive("is not believed by default, with another authority, by another name, with another fingerprint", () =>
    Effect.gen(function* () {
      const { address, ca, fingerprint, token } = yield* secured(["elsewhere.example"])
      const other = (yield* makeAuthority).ca
      const wrong = fingerprint.startsWith("00") ? `11${fingerprint.slice(2)}` : `00${fingerprint.slice(2)}`
      const cases: ReadonlyArray<readonly [trust: Trust | undefined, reason: RegExp]> = [
        [undefined, /unable to verify the first certificate|unable to get local issuer/],
        [{ ca: other }, /unable to verify the first certificate|certificate signature failure/],
        [{ ca }, /does not match certificate's altnames/],
        [{ fingerprint: wrong }, new RegExp(`has the fingerprint ${fingerprint}`)]
      ]
      for (const [trust, reason] of cases) {
        const error = yield* Effect.flip(describeBy(address, token, trust))
        assert.strictEqual(error._tag, "AgentNotTrusted", error.message)
        assert.match(error.message, reason)
        assert.include(error.message, "name its authority or its fingerprint")
      }
    })
  )

  it.scopedLive("gives nothing without the token", () =>
    Effect.gen(function* () {
      const { address, ca } = yield* secured()
      const error = yield* Effect.flip(describeBy(address, "wrong", { ca }))
      assert.include(error, { _tag: "CallRefused", status: 401 })
      assert.include(yield* Effect.flip(describeBy(address, "", { ca })), { _tag: "CallRefused", status: 401 })
    })
  )

  it.scopedLive("does not answer who speaks without TLS, and one without TLS none who speaks it", () =>
    Effect.gen(function* () {
      const { address, ca, token } = yield* secured()
      const plain = { _tag: "Tcp", host: "127.0.0.1", port: address._tag === "Tcp" ? address.port : 0 } as const
      const unanswered = yield* Effect.flip(describeBy(plain, token))
      assert.strictEqual(unanswered._tag, "AgentUnreachable")
      assert.include(unanswered.message, "is the host running there, and is it https://?")
      assert.strictEqual((yield* describeBy(address, token, { ca })).host, "alpha")
      const open = yield* serving({ token })
      const port = open._tag === "Tcp" ? open.port : 0
      const unspoken = yield* Effect.flip(describeBy({ ...plain, port, secure: true }, token, { ca }))
      assert.strictEqual(unspoken._tag, "AgentUnreachable")
      assert.include(unspoken.message, "does it speak TLS, or is it http://?")
    })
  )

  it.scopedLive("shows its health to every tool", () =>
    Effect.gen(function* () {
      const { address, ca } = yield* secured()
      const port = address._tag === "Tcp" ? address.port : 0
      const header = yield* Effect.async<unknown>((resume) => {
        request({ host: "127.0.0.1", port, path: "/healthz", ca, agent: false }, (response) => {
          response.resume().on("end", () => resume(Effect.succeed(response.headers[contractHeader])))
        }).end()
      })
      assert.strictEqual(header, String(contractVersion))
    })
  )

  it.scopedLive("ends while somebody holds a connection without a word", () =>
    Effect.gen(function* () {
      const certificate = yield* (yield* makeAuthority).issue(["127.0.0.1"])
      for (const options of [{ certificate }, {}]) {
        const scope = yield* Scope.make()
        const address = yield* Scope.extend(serving(options), scope)
        const socket = connect(address._tag === "Tcp" ? address.port : 0, "127.0.0.1")
        const ended = Effect.async<void>((resume) => void socket.once("close", () => resume(Effect.void)))
        yield* Effect.async<void>((resume) => void socket.once("connect", () => resume(Effect.void)))
        socket.on("error", () => undefined)
        yield* Effect.all([Scope.close(scope, Exit.void), ended], { concurrency: "unbounded" })
        assert.isTrue(socket.destroyed)
      }
    })
  )
})

describe("what is refused", () => {
  const refused = (options: Partial<ServeOptions>) =>
    Effect.map(Effect.flip(serving(options)), ({ message }) => message)
  const everywhere = { _tag: "Tcp", host: "0.0.0.0", port: 0 } as const

  it.scopedLive("an address that others reach without TLS, unless it is said", () =>
    Effect.gen(function* () {
      assert.include(yield* refused({ address: everywhere, token: "secret" }), "give a certificate with its key")
      const open = yield* serving({ address: everywhere, token: "secret", insecure: true })
      assert.isTrue(open._tag === "Tcp" && open.port > 0)
      const certificate = yield* (yield* makeAuthority).issue(["127.0.0.1"])
      assert.include(yield* refused({ address: everywhere, certificate }), "there is no token")
      const secure = yield* serving({ address: everywhere, certificate, token: "secret" })
      assert.isTrue(secure._tag === "Tcp" && secure.secure)
    })
  )

  it.scopedLive("a token that would cross to another machine without TLS, unless it is said", () =>
    Effect.gen(function* () {
      const address = { _tag: "Tcp", host: "192.0.2.1", port: 7710 } as const
      const error = yield* Effect.flip(makeClient({ address, token: "secret" }))
      assert.strictEqual(error._tag, "TokenExposed")
      assert.include(error.message, "http://192.0.2.1:7710 is another machine")
      yield* makeClient({ address, token: "secret", insecure: true })
      yield* makeClient({ address: { ...address, secure: true }, token: "secret" })
    })
  )

  it.scopedLive("a certificate that is none, of another key, or of a UNIX socket; TLS without one", () =>
    Effect.gen(function* () {
      const authority = yield* makeAuthority
      const [one, other] = [yield* authority.issue(["a"]), yield* authority.issue(["b"])]
      assert.include(yield* refused({ certificate: { cert: "x", key: one.key } }), "cannot be used")
      assert.include(yield* refused({ certificate: { cert: one.cert, key: other.key } }), "key values mismatch")
      const unix = { _tag: "Unix", path: join(yield* folder, "a.sock") } as const
      assert.include(yield* refused({ address: unix, certificate: one }), "a UNIX socket has no TLS")
      assert.include(yield* refused({ address: { ...here, secure: true } }), "needs a certificate")
    })
  )
})
