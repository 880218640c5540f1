/** Descriptors between two ends of a connection: which arrive, with which bytes, whose they are. */
import { assert, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs"
import { join } from "node:path"
import { createMemfd, openEventfd } from "../../src/transport/Eventfd.ts"
import { signalEventfd } from "../../src/transport/Descriptor.ts"
import { ConnectionFailed } from "../../src/transport/DescriptorSocket.ts"
import { loadLibc } from "../../src/transport/Libc.ts"
import { descriptorsThrough } from "../../src/transport/descriptors.ts"
import { countingBytes, makeRecorder, socketFolder } from "./kit.ts"

const libc = await Effect.runPromise(loadLibc)
const transport = descriptorsThrough(libc)

const openDescriptors = (): number => readdirSync("/proc/self/fd").length

const memfd = (words: number): number => {
  const descriptor = Either.getOrThrow(createMemfd(libc, "test", 16))
  writeSync(descriptor, countingBytes(4, words))
  return descriptor
}

/** The first word of a memfd. */
const wordOf = (descriptor: number): number => {
  const word = new Uint32Array(1)
  readSync(descriptor, word, 0, 4, 0)
  return word[0] ?? -1
}

const connected = Effect.gen(function* () {
  const path = join(yield* socketFolder, "device.sock")
  const [server, client] = [makeRecorder(), makeRecorder()]
  yield* transport.listen(path, server.accept)
  const ours = yield* transport.connect(path, client.accept)
  return { server, client, ours, theirs: yield* server.connected }
})

it.scoped("a memfd and an eventfd arrive as the same files, closed on exec", () =>
  Effect.gen(function* () {
    const { ours, server } = yield* connected
    const eventfd = yield* openEventfd(libc)
    const memory = memfd(7)
    ours.send(countingBytes(1), [memory, eventfd.descriptor])
    // The sender may close its own at once.
    closeSync(memory)
    yield* server.when(() => server.descriptors.length === 2)
    const [gotMemory, gotEventfd] = server.descriptors.map(({ descriptor }) => descriptor)
    assert(gotMemory !== undefined && gotEventfd !== undefined)
    assert.strictEqual(wordOf(gotMemory), 7)
    assert.isTrue(signalEventfd(gotEventfd))
    assert.strictEqual(yield* eventfd.take, 1n)
    for (const each of [gotMemory, gotEventfd]) {
      assert.match(readFileSync(`/proc/self/fdinfo/${each}`, "utf8"), /^flags:\s+0?2\d{6}$/m)
      closeSync(each)
    }
  })
)

it.scoped("descriptors come with the message that carries them, however the rest is split", () =>
  Effect.gen(function* () {
    const { ours, server, theirs } = yield* connected
    const messages = 40
    theirs.pause()
    const sizes = Array.from({ length: messages }, (_, index) => 4 + ((index * 7919) % 30_011) * 4)
    let words = 0
    const starts = sizes.map((size, index) => {
      const start = words * 4
      const carried = index % 3 === 1 ? [memfd(index)] : []
      ours.send(countingBytes(size / 4, words), carried)
      for (const each of carried) closeSync(each)
      words += size / 4
      return start
    })
    theirs.resume()
    yield* server.when(() => server.size() === words * 4)
    assert.isTrue(Buffer.from(server.bytes()).equals(countingBytes(words)))
    const carriers = sizes.map((_, index) => index).filter((index) => index % 3 === 1)
    assert.deepStrictEqual(
      server.descriptors.map(({ descriptor }) => wordOf(descriptor)),
      carriers
    )
    const ends = server.chunks.map((_, index) =>
      server.chunks.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0)
    )
    server.descriptors.forEach(({ chunk, descriptor }) => {
      // The last message that starts in the chunk is the one that carries.
      const lastStart = starts.findLastIndex((start) => start < (ends[chunk] ?? 0))
      assert.strictEqual(lastStart, wordOf(descriptor))
      closeSync(descriptor)
    })
  })
)

it.scoped("16 descriptors fit a message, and no more", () =>
  Effect.gen(function* () {
    const { ours, server } = yield* connected
    const memory = memfd(1)
    ours.send(
      countingBytes(1),
      Array.from({ length: 16 }, () => memory)
    )
    assert.throws(
      () =>
        ours.send(
          countingBytes(1),
          Array.from({ length: 17 }, () => memory)
        ),
      "at most 16 descriptors"
    )
    ours.send(countingBytes(1))
    yield* server.when(() => server.size() === 8)
    assert.lengthOf(server.descriptors, 16)
    for (const { descriptor } of server.descriptors) closeSync(descriptor)
    closeSync(memory)
  })
)

it.effect("no descriptor stays open, neither queued nor received ones nor sockets", () =>
  Effect.gen(function* () {
    const before = openDescriptors()
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { client, ours, server, theirs } = yield* connected
        theirs.pause()
        const memory = memfd(1)
        ours.send(countingBytes(500_000))
        ours.send(countingBytes(1), [memory, memory])
        closeSync(memory)
        theirs.close()
        yield* client.when(() => client.closed().length === 1)
        yield* server.when(() => server.closed().length === 1)
        assert.instanceOf(client.closed()[0], ConnectionFailed)
      })
    )
    assert.strictEqual(openDescriptors(), before)
  })
)

it.scoped("a descriptor that is not open ends the connection with the system's word", () =>
  Effect.gen(function* () {
    const { client, ours } = yield* connected
    const closed = openSync("/dev/null", "r")
    closeSync(closed)
    ours.send(countingBytes(1), [closed])
    yield* client.when(() => client.closed().length === 1)
    const failure = client.closed()[0]
    assert.instanceOf(failure, ConnectionFailed)
    assert.strictEqual(failure.message, "send: EBADF")
  })
)
