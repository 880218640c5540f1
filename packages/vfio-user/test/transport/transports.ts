/** The contract of a transport: every transport passes these tests. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { chmodSync, existsSync, renameSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Transport } from "../../src/transport/Transport.ts"
import { countingBytes, makeRecorder, socketFolder } from "./kit.ts"

const modeOf = (path: string): number => statSync(path).mode & 0o777

/** Both ends of a connection over a socket in `folder`. */
const connected = (transport: Transport, folder: string) =>
  Effect.gen(function* () {
    const [server, client] = [makeRecorder(), makeRecorder()]
    const path = join(folder, "device.sock")
    yield* transport.listen(path, server.accept)
    const ours = yield* transport.connect(path, client.accept)
    const theirs = yield* server.connected
    return { server, client, ours, theirs, path }
  })

const paths = (transport: Transport): void => {
  it.scoped("the socket file is the owner's alone and goes with the scope", () =>
    Effect.gen(function* () {
      const path = join(yield* socketFolder, "device.sock")
      const mode = yield* Effect.scoped(Effect.map(transport.listen(path, makeRecorder().accept), () => modeOf(path)))
      assert.strictEqual(mode, 0o600)
      assert.isFalse(existsSync(path))
    })
  )

  it.scoped("the file of a dead server is replaced", () =>
    Effect.gen(function* () {
      const folder = yield* socketFolder
      const [path, stale] = [join(folder, "first.sock"), join(folder, "stale.sock")]
      const first = yield* Scope.make()
      yield* Scope.extend(transport.listen(path, makeRecorder().accept), first)
      renameSync(path, stale)
      yield* Scope.close(first, Exit.void)
      assert.isTrue(existsSync(stale))
      const server = makeRecorder()
      yield* transport.listen(stale, server.accept)
      yield* transport.connect(stale, makeRecorder().accept)
      yield* server.connected
      assert.strictEqual(modeOf(stale), 0o600)
    })
  )

  it.scoped("a live server keeps its socket", () =>
    Effect.gen(function* () {
      const path = join(yield* socketFolder, "device.sock")
      const server = makeRecorder()
      yield* transport.listen(path, server.accept)
      const refused = yield* Effect.flip(Effect.scoped(transport.listen(path, makeRecorder().accept)))
      assert.strictEqual(refused._tag, "SocketInUse")
      assert.include(refused.message, path)
      yield* transport.connect(path, makeRecorder().accept)
      yield* server.when(() => server.connections.length === 2)
    })
  )

  it.scoped("paths that cannot be used are refused, each with its error", () =>
    Effect.gen(function* () {
      const folder = yield* socketFolder
      const tagOf = (path: string) =>
        Effect.map(Effect.flip(Effect.scoped(transport.listen(path, makeRecorder().accept))), ({ _tag }) => _tag)
      const longest = join(folder, "x".repeat(107 - folder.length - 1))
      yield* Effect.scoped(transport.listen(longest, makeRecorder().accept))
      assert.strictEqual(yield* tagOf(`${longest}x`), "SocketPathTooLong")
      writeFileSync(join(folder, "file"), "kept")
      assert.strictEqual(yield* tagOf(join(folder, "file")), "NotASocket")
      assert.isTrue(existsSync(join(folder, "file")))
      assert.strictEqual(yield* tagOf(join(folder, "absent", "device.sock")), "SocketFailed")
      chmodSync(folder, 0o777)
      assert.strictEqual(yield* tagOf(join(folder, "device.sock")), "SocketFolderUnsafe")
      chmodSync(folder, 0o1777)
      yield* Effect.scoped(transport.listen(join(folder, "device.sock"), makeRecorder().accept))
    })
  )

  it.scoped("a client is told why it cannot connect", () =>
    Effect.gen(function* () {
      const folder = yield* socketFolder
      const refusal = (path: string) => Effect.flip(Effect.scoped(transport.connect(path, makeRecorder().accept)))
      assert.include(yield* refusal(join(folder, "absent")), { _tag: "SocketFailed", code: "ENOENT" })
      assert.strictEqual((yield* refusal(join(folder, "x".repeat(120))))._tag, "SocketPathTooLong")
    })
  )
}

const streams = (transport: Transport): void => {
  it.scoped("bytes arrive in order, however they are split", () =>
    Effect.gen(function* () {
      const { client, ours, server, theirs } = yield* connected(transport, yield* socketFolder)
      const all = countingBytes(60_000)
      // Sizes of pieces: 1 to 40 000 bytes, the same in every run.
      for (let [at, size] = [0, 1]; at < all.length; at += size, size = (size * 7) % 40_009) {
        ours.send(all.slice(at, at + size))
        theirs.send(all.slice(at, at + size))
      }
      yield* server.when(() => server.size() === all.length)
      yield* client.when(() => client.size() === all.length)
      assert.isTrue(Buffer.from(server.bytes()).equals(all))
      assert.isTrue(Buffer.from(client.bytes()).equals(all))
    })
  )

  it.scoped("a peer that does not read holds the sender up, and loses nothing", () =>
    Effect.gen(function* () {
      const { client, ours, server, theirs } = yield* connected(transport, yield* socketFolder)
      theirs.pause()
      const piece = 16_384
      let words = 0
      while (ours.send(countingBytes(piece, words))) words += piece
      words += piece
      assert.strictEqual(client.drained(), 0)
      theirs.resume()
      yield* client.when(() => client.drained() === 1)
      yield* server.when(() => server.size() === words * 4)
      assert.isTrue(Buffer.from(server.bytes()).equals(countingBytes(words)))
      assert.isTrue(ours.send(countingBytes(1)))
    })
  )

  it.scoped("a pause in the middle of receiving holds", () =>
    Effect.gen(function* () {
      const server = makeRecorder((connection) => connection.pause())
      const path = join(yield* socketFolder, "device.sock")
      yield* transport.listen(path, server.accept)
      const ours = yield* transport.connect(path, makeRecorder().accept)
      const theirs = yield* server.connected
      const all = countingBytes(500_000)
      ours.send(all)
      for (let chunks = 1; server.size() < all.length; chunks++) {
        yield* server.when(() => server.chunks.length === chunks)
        yield* Effect.yieldNow()
        assert.strictEqual(server.chunks.length, chunks)
        theirs.resume()
      }
      assert.isTrue(Buffer.from(server.bytes()).equals(all))
    })
  )
}

const ends = (transport: Transport): void => {
  it.scoped("what is queued when a connection is closed still goes out", () =>
    Effect.gen(function* () {
      const { client, ours, server } = yield* connected(transport, yield* socketFolder)
      const all = countingBytes(1_000_000)
      ours.send(all)
      ours.close()
      ours.close()
      assert.isTrue(ours.send(all))
      yield* server.when(() => server.closed().length === 1)
      yield* client.when(() => client.closed().length === 1)
      assert.strictEqual(server.size(), all.length)
      assert.deepStrictEqual([server.closed(), client.closed()], [[undefined], [undefined]])
    })
  )

  it.scoped("what a peer sent before it closed arrives, also when it had not read everything itself", () =>
    Effect.gen(function* () {
      const { client, ours, theirs } = yield* connected(transport, yield* socketFolder)
      theirs.pause()
      ours.send(countingBytes(100))
      theirs.send(countingBytes(200))
      theirs.close()
      yield* client.when(() => client.closed().length === 1)
      assert.strictEqual(client.size(), 800)
    })
  )

  it.scoped("a closed connection whose peer does not read ends all the same", () =>
    Effect.gen(function* () {
      const { client, ours, theirs } = yield* connected(transport, yield* socketFolder)
      theirs.pause()
      ours.send(countingBytes(1_000_000))
      ours.close()
      yield* client.when(() => client.closed().length === 1)
      assert.deepStrictEqual(client.closed(), [undefined])
    })
  )

  it.scoped("the end of the server's scope ends its connections", () =>
    Effect.gen(function* () {
      const path = join(yield* socketFolder, "device.sock")
      const client = makeRecorder()
      const scope = yield* Scope.make()
      yield* Scope.extend(transport.listen(path, makeRecorder().accept), scope)
      yield* transport.connect(path, client.accept)
      yield* Scope.close(scope, Exit.void)
      yield* client.when(() => client.closed().length === 1)
      assert.isFalse(existsSync(path))
    })
  )

  it.scoped("many connections are served at once", () =>
    Effect.gen(function* () {
      const path = join(yield* socketFolder, "device.sock")
      yield* transport.listen(path, makeRecorder((connection, bytes) => void connection.send(bytes.slice())).accept)
      const client = makeRecorder()
      const count = 100
      const all = yield* Effect.forEach(Array.from({ length: count }), () => transport.connect(path, client.accept))
      for (const each of all) each.send(countingBytes(64))
      yield* client.when(() => client.size() === count * 256)
      assert.lengthOf(client.connections, count)
    })
  )
}

/** Registers the tests for one transport. */
export const contractOf = (name: string, transport: Transport): void => {
  describe(`the transport with ${name}`, () => {
    paths(transport)
    streams(transport)
    ends(transport)
  })
}
