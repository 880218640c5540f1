/** What a host hands out of its journal: in pieces and whole, within the limit, or with the reason why not. */
import { assert, it } from "@effect/vitest"
import { contractHeader, contractVersion, ExportRefused, Host, type HostService } from "@stopcopy/agent"
import { makeClient } from "@stopcopy/agent/client"
import { serve } from "@stopcopy/agent/server"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { Chunk, Effect, Stream } from "effect"
import { createServer } from "node:http"
import { join } from "node:path"
import { exportChunk } from "../src/Export.ts"
import { folder, serveHost } from "./support.ts"

/** A client of a host that hands these bytes out for migration `m1`. */
const exporting = (exports: NonNullable<HostService["exports"]>) =>
  Effect.gen(function* () {
    const { host } = yield* makeMemoryHost({ name: "alpha" })
    const path = join(yield* folder, "agent.sock")
    const served = serve({ address: { _tag: "Unix", path } })
    const address = yield* Effect.provideService(served, Host, { ...host, exports })
    return yield* makeClient({ address })
  })

const asked = { migration: "m1", redact: ["secret"], limit: 4 * exportChunk }

it.scopedLive("every byte comes, in pieces of a bounded length", () =>
  Effect.gen(function* () {
    const bytes = Uint8Array.from({ length: 2 * exportChunk + 5 }, (_, index) => (index * 7) % 251)
    const agent = yield* exporting((request) => {
      assert.deepStrictEqual(request, asked)
      return Effect.succeed(bytes)
    })
    const pieces = Chunk.toReadonlyArray(yield* Stream.runCollect(agent.exported(asked)))
    assert.deepStrictEqual(
      pieces.map(({ length }) => length),
      [exportChunk, exportChunk, 5]
    )
    assert.isTrue(Buffer.from(bytes).equals(Buffer.concat([...pieces])))
  })
)

it.scopedLive("more than was asked for is refused, and so is what the host refuses", () =>
  Effect.gen(function* () {
    const large = yield* exporting(() => Effect.succeed(new Uint8Array(100)))
    const tooLarge = yield* Effect.flip(Stream.runDrain(large.exported({ ...asked, limit: 99 })))
    assert.include(tooLarge, { _tag: "ExportRefused", reason: "it has 100 bytes, at most 99 are wanted" })
    const empty = yield* exporting(() => new ExportRefused({ reason: "nothing of m1" }))
    const refused = yield* Effect.flip(Stream.runDrain(empty.exported(asked)))
    assert.strictEqual(refused.message, "nothing is exported: nothing of m1")
  })
)

/** A server that hands out 100 bytes again and again, whatever was asked for. */
const generous = Effect.gen(function* () {
  const path = join(yield* folder, "generous.sock")
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (data: Buffer) => (body += data.toString()))
    request.on("end", () => {
      const requestId = /"id":"(\d+)"/.exec(body)?.[1] ?? ""
      const chunk = { _tag: "Chunk", requestId, values: [Buffer.alloc(100).toString("base64")] }
      response.writeHead(200, { [contractHeader]: String(contractVersion), "content-type": "application/ndjson" })
      const more = (): void => void (response.writable && response.write(`${JSON.stringify(chunk)}\n`, more))
      more()
    })
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => {
      server.listen(path, () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.close().closeAllConnections())
  )
  return yield* makeClient({ address: { _tag: "Unix", path } })
})

it.scopedLive("a client takes no more than it asked for, whatever the host does", () =>
  Effect.gen(function* () {
    const agent = yield* generous
    const error = yield* Effect.flip(Stream.runDrain(agent.exported({ ...asked, limit: 1000 })))
    assert.include(error, { _tag: "CallBroken", call: "Export", reason: "it hands out more than was asked for" })
  }).pipe(Effect.timeout("20 seconds"))
)

it.scopedLive("a host without a journal says so", () =>
  Effect.gen(function* () {
    const { agent } = yield* serveHost({ name: "alpha" })
    const refused = yield* Effect.flip(Stream.runDrain(agent.exported(asked)))
    assert.include(refused, { _tag: "ExportRefused", reason: "alpha hands nothing out of its journal" })
  })
)
