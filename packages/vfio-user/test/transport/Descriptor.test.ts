/** Files behind descriptors, and eventfds: what is read and written, and what is refused. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { Effect, Either, Fiber, Option, Stream } from "effect"
import { closeSync, ftruncateSync, openSync, readdirSync, readSync, writeSync } from "node:fs"
import { closeDescriptor, mapDescriptor, signalEventfd } from "../../src/transport/Descriptor.ts"
import { createMemfd, openEventfd } from "../../src/transport/Eventfd.ts"
import { makeDescriptorHost } from "../../src/transport/host.ts"
import { loadLibc } from "../../src/transport/Libc.ts"

const both = { read: true, write: true }

const libc = await Effect.runPromise(loadLibc)

const codeOf = (outcome: Either.Either<unknown, { readonly refusal?: { readonly code: string } }>): string =>
  Either.match(outcome, { onLeft: ({ refusal }) => refusal?.code ?? "none", onRight: () => "success" })

it("a mapping reads and writes its part of the file", () => {
  const descriptor = Either.getOrThrow(createMemfd(libc, "test", 8192))
  const mapped = Either.getOrThrow(mapDescriptor(descriptor, 4096n, 4096n, both))
  assertRight(mapped.write(4, Uint8Array.of(1, 2, 3)), undefined)
  assertRight(mapped.read(3, 4), Uint8Array.of(0, 1, 2, 3))
  const into = new Uint8Array(4)
  readSync(descriptor, into, 0, 4, 4096 + 3)
  assert.deepStrictEqual([...into], [0, 1, 2, 3])
  mapped.close()
  assert.throws(() => closeDescriptor(descriptor), "EBADF")
})

it("a mapping refuses accesses outside, and outlives a file that is shortened", () => {
  const descriptor = Either.getOrThrow(createMemfd(libc, "test", 8192))
  const mapped = Either.getOrThrow(mapDescriptor(descriptor, 4096n, 4096n, both))
  assert.strictEqual(codeOf(mapped.read(4095, 2)), "vfio-user.map.outside")
  assert.strictEqual(codeOf(mapped.write(-1, new Uint8Array(1))), "vfio-user.map.outside")
  ftruncateSync(descriptor, 4096 + 10)
  assert.strictEqual(codeOf(mapped.read(8, 4)), "vfio-user.map.bytes")
  assertRight(mapped.read(6, 4), new Uint8Array(4))
  mapped.close()
})

it("a mapping takes regular files that are long enough", () => {
  const descriptor = Either.getOrThrow(createMemfd(libc, "test", 4096))
  assert.strictEqual(codeOf(mapDescriptor(descriptor, 1n, 4096n, both)), "vfio-user.map.file")
  closeSync(descriptor)
  const closed = mapDescriptor(descriptor, 0n, 4096n, both)
  assert(Either.isLeft(closed))
  assert.strictEqual(closed.left._tag, "EBADF")
  const device = openSync("/dev/null", "r+")
  assert.strictEqual(codeOf(mapDescriptor(device, 0n, 0n, both)), "vfio-user.map.file")
  closeSync(device)
  const readOnly = openSync("/proc/self/exe", "r")
  assert.strictEqual(codeOf(mapDescriptor(readOnly, 0n, 16n, both)), "vfio-user.map.access")
  const mapped = Either.getOrThrow(mapDescriptor(readOnly, 0n, 16n, { read: true, write: false }))
  assert.strictEqual(codeOf(mapped.write(0, new Uint8Array(1))), "vfio-user.map.bytes")
  mapped.close()
})

it.scoped("an eventfd counts signals, and a full one does not hold up", () =>
  Effect.gen(function* () {
    const eventfd = yield* openEventfd(libc)
    assert.strictEqual(eventfd.read(), 0n)
    signalEventfd(eventfd.descriptor)
    signalEventfd(eventfd.descriptor)
    assert.strictEqual(eventfd.read(), 2n)
    writeSync(eventfd.descriptor, new Uint8Array(BigUint64Array.of(0xffff_ffff_ffff_fffen).buffer))
    assert.isTrue(signalEventfd(eventfd.descriptor))
    assert.strictEqual(yield* eventfd.take, 0xffff_ffff_ffff_fffen)
  })
)

it.scoped("who waits for an eventfd is served in order, and may give up", () =>
  Effect.gen(function* () {
    const eventfd = yield* openEventfd(libc)
    const [first, second, third] = yield* Effect.all([1, 2, 3].map(() => Effect.fork(eventfd.take)))
    assert(first !== undefined && second !== undefined && third !== undefined)
    yield* Effect.yieldNow()
    yield* Fiber.interrupt(second)
    signalEventfd(eventfd.descriptor)
    assert.strictEqual(yield* Fiber.join(first), 1n)
    signalEventfd(eventfd.descriptor)
    assert.strictEqual(yield* Fiber.join(third), 1n)
    const counts = yield* Effect.fork(Stream.runHead(Stream.repeatEffect(eventfd.take)))
    signalEventfd(eventfd.descriptor)
    assert.deepStrictEqual(yield* Fiber.join(counts), Option.some(1n))
  })
)

it("a host signals a blocking eventfd without waiting, and leaves other files alone", () => {
  const host = makeDescriptorHost(libc)
  const blocking = libc.eventfd(0, 0)
  host.signal(blocking)
  writeSync(blocking, new Uint8Array(BigUint64Array.of(0xffff_ffff_ffff_fffdn).buffer))
  host.signal(blocking)
  const count = new BigUint64Array(1)
  readSync(blocking, count)
  assert.strictEqual(count[0], 0xffff_ffff_ffff_fffen)
  host.close(blocking)
  assert.isFalse(signalEventfd(blocking))
  host.signal(blocking)
  const memory = Either.getOrThrow(createMemfd(libc, "test", 8))
  host.signal(memory)
  readSync(memory, count, 0, 8, 0)
  assert.strictEqual(count[0], 0n)
  host.close(memory)
})

it("a memfd that cannot be made is refused, and nothing stays open", () => {
  const before = readdirSync("/proc/self/fd").length
  const tagOf = Either.match({ onLeft: ({ code }: { readonly code: string }) => code, onRight: () => "made" })
  assert.strictEqual(tagOf(createMemfd(libc, "x".repeat(300), 0)), "EINVAL")
  assert.strictEqual(tagOf(createMemfd(libc, "test", 0.5)), "ERR_OUT_OF_RANGE")
  assert.strictEqual(readdirSync("/proc/self/fd").length, before)
})
