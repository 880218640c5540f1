/** The client: what it says when nobody answers, in time, or in this language. */
import { assert, describe, it } from "@effect/vitest"
import { contractHeader, Host } from "@stopcopy/agent"
import { makeClient } from "@stopcopy/agent/client"
import { serve } from "@stopcopy/agent/server"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { Effect, Scope, Stream } from "effect"
import { createServer, type RequestListener } from "node:http"
import { join } from "node:path"
import { born, folder, serveHost, vf } from "./support.ts"

/** A server that is no agent of this contract. */
const stranger = (listener: RequestListener) =>
  Effect.gen(function* () {
    const path = join(yield* folder, "stranger.sock")
    const server = createServer(listener)
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(path, () => resume(Effect.void))
      }),
      () => Effect.sync(() => server.close().closeAllConnections())
    )
    return { _tag: "Unix", path } as const
  })

describe("a client", () => {
  it.scopedLive("says that nobody answers, and where", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "nobody.sock")
      const error = yield* Effect.flip((yield* makeClient({ address: { _tag: "Unix", path } })).describe)
      assert.strictEqual(error._tag, "AgentUnreachable")
      assert.include(error.message, `Describe: no answer from unix:${path}`)
      assert.include(error.message, "ENOENT")
    })
  )

  it.scopedLive("says so when the answer is another program's, or of another contract", () =>
    Effect.gen(function* () {
      const page = yield* stranger((_, response) => response.end("<html>"))
      const foreign = yield* Effect.flip((yield* makeClient({ address: page })).describe)
      assert.include(foreign, { _tag: "CallRefused", status: 200, reason: "no agent of this contract answers there" })
      const newer = yield* stranger((_, response) => response.writeHead(409, { [contractHeader]: "99" }).end("no"))
      const agent = yield* makeClient({ address: newer })
      const mismatch = yield* Effect.flip(agent.describe)
      assert.include(mismatch, { _tag: "ContractMismatch", host: "99", own: 1 })
      assert.include(mismatch.message, "use the same release on both sides")
      assert.include(yield* Effect.flip(Stream.runDrain(agent.watch({ devices: [] }))), { _tag: "ContractMismatch" })
    })
  )

  it.scopedLive("gives up after its timeout, and the call goes on at the host", () =>
    Effect.gen(function* () {
      const { address, agent, device } = yield* serveHost({ name: "alpha" })
      const target = { device: vf, message: "Drain" }
      yield* agent.inject({ kind: { _tag: "HangDrain" }, target, nth: 1, count: 1 })
      const hasty = yield* makeClient({ address, timeout: "100 millis" })
      const error = yield* Effect.flip(hasty.setState({ device: vf, epoch: born, to: "STOP" }))
      assert.include(error, { _tag: "CallTimedOut", call: "SetState", millis: 100 })
      yield* device.hanging.await
      yield* agent.reset({ device: vf, epoch: born })
    })
  )

  it.scopedLive("takes no answer without end", () =>
    Effect.gen(function* () {
      let sent = 0
      const address = yield* stranger((_, response) => {
        response.writeHead(200, { [contractHeader]: "1", "content-type": "application/ndjson" })
        const more = (): void => {
          if (response.destroyed) return
          sent += 4096
          response.write("x".repeat(4096), more)
        }
        more()
      })
      const error = yield* Effect.flip((yield* makeClient({ address, answerBytes: 65_536 })).describe)
      assert.strictEqual(error._tag, "CallBroken")
      assert.include(error.message, "longer than any that this program takes")
      assert.isAbove(sent, 65_536)
    })
  )

  it.scopedLive("says that the connection was lost in the middle of a call", () =>
    Effect.gen(function* () {
      const address = yield* stranger((request) => request.socket.destroy())
      const error = yield* Effect.flip((yield* makeClient({ address })).describe)
      assert.strictEqual(error._tag, "AgentUnreachable")
    })
  )

  it.scopedLive("finds the host again after that was started anew", () =>
    Effect.gen(function* () {
      const { host } = yield* makeMemoryHost({ name: "alpha" })
      const address = { _tag: "Unix", path: join(yield* folder, "agent.sock") } as const
      const serving = Effect.provideService(serve({ address }), Host, host)
      const agent = yield* makeClient({ address })
      for (const _ of [1, 2]) {
        const scope = yield* Scope.make()
        yield* Effect.acquireUseRelease(
          Scope.extend(serving, scope),
          () => agent.describe,
          (_served, exit) => Scope.close(scope, exit)
        )
        assert.strictEqual((yield* Effect.flip(agent.describe))._tag, "AgentUnreachable")
      }
    })
  )
})
