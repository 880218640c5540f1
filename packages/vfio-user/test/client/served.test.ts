/** The client and a server of this package over real sockets: all commands, memory, interrupts, migration. */
import { assert, describe, it } from "@effect/vitest"
import { Ioctl, IoAddressSpace, MigrationStates, PrecopyInfo } from "@stopcopy/vfio"
import { makeClient, makeRemoteDevice, type Options, Server } from "@stopcopy/vfio-user"
import { createMemfd, loadLibc, makeDescriptorHost, openEventfd, Transport } from "@stopcopy/vfio-user/transport"
import { Effect, Either, Fiber, Option, Stream } from "effect"
import { closeSync, readSync, writeSync } from "node:fs"
import { join } from "node:path"
import { MemoryDevice, type Setup } from "../support/MemoryDevice.ts"
import { socketFolder } from "../transport/kit.ts"

const libc = await Effect.runPromise(loadLibc)
const host = makeDescriptorHost(libc)

/** Memory of the client from address 0 on, without a file. */
const memoryOf = (bytes: Uint8Array): IoAddressSpace.Backing => ({
  read: (offset, length) => Either.right(bytes.slice(offset, offset + length)),
  write: (offset, data) => Either.right(bytes.set(data, offset)),
  close: () => undefined
})

const served = (transport: Transport.Transport, setup: Setup = {}, options: Partial<Options> = {}) =>
  Effect.gen(function* () {
    const device = new MemoryDevice(setup)
    const path = join(yield* socketFolder, "device.sock")
    const server = yield* Server.serve(device, { host, ...options })
    yield* transport.listen(path, server.accept)
    const own = new Uint8Array(8192)
    const dma = IoAddressSpace.make()
    yield* dma.map({ address: 0n, size: 8192n, read: true, write: true, backing: memoryOf(own) })
    const client = yield* makeClient((accept) => transport.connect(path, accept), { dma, closeDescriptor: host.close })
    return { device, client, own }
  })

/** The user that the server gave to the device. */
const userOf = (device: MemoryDevice) => Effect.orDie(Effect.fromNullable(device.user))

const everyTransport: ReadonlyArray<readonly [name: string, transport: Transport.Transport]> = [
  ["messages", Transport.messages],
  ["descriptors", Transport.descriptorsThrough(libc)]
]

for (const [name, transport] of everyTransport)
  describe(`over ${name}`, () => {
    it.scoped("the device is described", () =>
      Effect.gen(function* () {
        const { client } = yield* served(transport)
        const info = yield* client.info
        assert.deepStrictEqual([info.flags, info.regions, info.interruptTypes], [3, 9, 5])
        const bar = yield* client.regionInfo(0)
        assert.deepStrictEqual([bar.size, bar.flags, bar.areas], [0x1000, 3, undefined])
        assert.strictEqual((yield* client.irqInfo(2)).count, 4)
        assert.strictEqual((yield* Effect.flip(client.regionInfo(9)))._tag, "EINVAL")
      })
    )

    it.scoped("registers of every width are read and written", () =>
      Effect.gen(function* () {
        const { client, device } = yield* served(transport)
        yield* client.writeWord(0, 8, 1, 0x1ff)
        yield* client.writeWord(0, 10, 2, 0xabcd)
        yield* client.writeWord(0, 12, 4, 0xdead_beef)
        yield* client.writeWord64(0, 16, 0x0123_4567_89ab_cdefn)
        assert.strictEqual(yield* client.readWord(0, 8, 1), 0xff)
        assert.strictEqual(yield* client.readWord(0, 8, 2), 0xff)
        assert.strictEqual(yield* client.readWord(0, 10, 2), 0xabcd)
        assert.strictEqual(yield* client.readWord(0, 12, 4), 0xdead_beef)
        assert.strictEqual(yield* client.readWord64(0, 16), 0x0123_4567_89ab_cdefn)
        yield* client.postRegion(0, 0, Uint8Array.of(1, 2, 3))
        assert.deepStrictEqual([...(yield* client.readRegion(0, 0, 4))], [1, 2, 3, 0])
        assert.deepStrictEqual([...device.bar.subarray(0, 3)], [1, 2, 3])
        const refused = yield* Effect.flip(client.writeWord(0, 0xf00, 4, 1))
        assert.strictEqual(refused._tag, "EBUSY")
      })
    )

    it.scoped("commands behind one that takes time keep their places and their bytes", () =>
      Effect.gen(function* () {
        const gate = yield* Effect.makeLatch(false)
        const { client, device } = yield* served(transport, { gate: gate.await })
        device.bar.set([1, 2, 3, 4])
        const words = [0, 1, 2, 3].map((at) => client.readWord(0, at, 1))
        const all = yield* Effect.fork(Effect.all(words, { concurrency: "unbounded" }))
        const features = yield* Effect.fork(client.migrationFlags)
        yield* Effect.yieldNow()
        // Answers to what was sent later than those are behind them.
        const written = yield* Effect.fork(client.writeWord(0, 8, 4, 0x0403_0201))
        yield* gate.open
        assert.deepStrictEqual(yield* Fiber.join(all), [1, 2, 3, 4])
        assert.strictEqual(yield* Fiber.join(features), 5)
        yield* Fiber.join(written)
        assert.deepStrictEqual([...device.bar.subarray(8, 12)], [1, 2, 3, 4])
      })
    )

    it.scoped("several writes go in one message, and the answer counts those that were done", () =>
      Effect.gen(function* () {
        const { client } = yield* served(transport)
        const write = (offset: number) => ({ region: 0, offset, data: Uint8Array.of(7) })
        const writes = Array.from({ length: 300 }, (_, index) => write(index))
        assert.strictEqual(yield* client.writeMultiple(writes), 300)
        assert.strictEqual(yield* client.readWord(0, 299, 1), 7)
        assert.strictEqual(yield* client.writeMultiple([write(400), write(0x1000)]), 1)
      })
    )

    it.scoped("memory without a file is asked for", () =>
      Effect.gen(function* () {
        const { client, device, own } = yield* served(transport)
        yield* client.dmaMap({ address: 0n, size: 8192n, read: true, write: true })
        const { dma } = yield* userOf(device)
        own.set([1, 2, 3], 100)
        assert.deepStrictEqual([...(yield* dma.read(100n, 3))], [1, 2, 3])
        yield* dma.write(4096n, Uint8Array.of(4, 5))
        assert.deepStrictEqual([...own.subarray(4096, 4098)], [4, 5])
        yield* client.dmaUnmap(0n, 8192n)
        assert.strictEqual((yield* Effect.flip(dma.read(100n, 3)))._tag, "DmaFault")
        assert.strictEqual((yield* Effect.flip(client.dmaUnmap(0n, 8192n)))._tag, "ENOENT")
      })
    )

    it.scoped("writes of the device are logged", () =>
      Effect.gen(function* () {
        const { client, device } = yield* served(transport)
        assert.strictEqual(yield* client.startDmaLogging(4096n, [{ iova: 0n, length: 1n << 20n }]), 4096n)
        device.dirty.add(0n).add(4096n * 9n)
        assert.deepStrictEqual([...(yield* client.reportDmaLogging(0n, 65_536n, 4096n))], [1, 2, 0, 0, 0, 0, 0, 0])
        yield* client.stopDmaLogging
        assert.strictEqual((yield* Effect.flip(client.reportDmaLogging(0n, 65_536n, 4096n)))._tag, "EINVAL")
      })
    )

    it.scoped("a device is migrated through its sockets", () =>
      Effect.gen(function* () {
        const source = yield* served(transport, { flags: 7 })
        const destination = yield* served(transport, { flags: 7 })
        source.device.bar.forEach((_, index, bar) => (bar[index] = index * 7))
        const from = yield* makeRemoteDevice(source.client)
        const to = yield* makeRemoteDevice(destination.client)
        const file = yield* Effect.flatten(from.setState(MigrationStates.toNumber("PRE_COPY")))
        const info = yield* PrecopyInfo.decode(
          yield* file.ioctl(
            Ioctl.MIG_GET_PRECOPY_INFO,
            PrecopyInfo.encode({ argsz: 24, flags: 0, initialBytes: 0n, dirtyBytes: 0n })
          )
        )
        assert.strictEqual(info.initialBytes, 7n)
        assert.strictEqual(yield* from.dataSize, 0x1000n)
        const head = yield* file.read(1000)
        assert.deepStrictEqual(yield* from.setState(MigrationStates.toNumber("STOP_COPY")), Option.none())
        const rest = yield* Stream.runFold(
          Stream.takeWhile(Stream.repeatEffect(file.read(999)), ({ length }) => length > 0),
          [...head],
          (all, bytes) => [...all, ...bytes]
        )
        const target = yield* Effect.flatten(to.setState(MigrationStates.toNumber("RESUMING")))
        assert.strictEqual(yield* target.write(Uint8Array.from(rest)), 0x1000)
        assert.strictEqual((yield* Effect.flip(target.write(new Uint8Array(1))))._tag, "EINVAL")
        yield* to.setState(MigrationStates.toNumber("RUNNING"))
        assert.strictEqual(yield* to.getState, "RUNNING")
        assert.deepStrictEqual(destination.device.bar, source.device.bar)
        assert.strictEqual((yield* Effect.flip(target.write(new Uint8Array(1))))._tag, "ENODEV")
        yield* from.reset
        assert.strictEqual((yield* Effect.flip(file.read(1)))._tag, "ENODEV")
        assert.strictEqual(yield* from.getState, "RUNNING")
      })
    )
  })

describe("with descriptors", () => {
  const transport = Transport.descriptorsThrough(libc)

  it.scoped("memory with a file is accessed through it", () =>
    Effect.gen(function* () {
      const { client, device } = yield* served(transport)
      const memory = yield* createMemfd(libc, "guest", 65_536)
      const file = { descriptor: memory, offset: 4096n }
      yield* client.dmaMap({ address: 0x10_0000n, size: 8192n, read: true, write: true, file })
      const { dma } = yield* userOf(device)
      writeSync(memory, Uint8Array.of(1, 2, 3), 0, 3, 4096 + 100)
      const read = dma.read(0x10_0064n, 3)
      assert.isTrue(Either.isEither(read))
      assert.deepStrictEqual([...(yield* read)], [1, 2, 3])
      yield* dma.write(0x10_1000n, Uint8Array.of(4))
      const into = new Uint8Array(1)
      readSync(memory, into, 0, 1, 8192)
      assert.strictEqual(into[0], 4)
      closeSync(memory)
      yield* client.dmaUnmapAll
    })
  )

  it.scoped("interrupts come through eventfds", () =>
    Effect.gen(function* () {
      const { client, device } = yield* served(transport)
      const eventfds = yield* Effect.forEach([0, 1, 2], () => openEventfd(libc))
      yield* client.assignEventfds(
        2,
        1,
        eventfds.map(({ descriptor }) => descriptor)
      )
      const user = yield* userOf(device)
      user.interrupt(2, 2)
      assert.strictEqual(yield* Effect.flatMap(Effect.fromNullable(eventfds[1]), ({ take }) => take), 1n)
      yield* client.setIrqsWhere("trigger", 2, 1, [true, false, true])
      assert.deepStrictEqual(
        eventfds.map(({ read }) => read()),
        [1n, 0n, 1n]
      )
      yield* client.setIrqs("mask", { index: 2, start: 1, count: 1 })
      user.interrupt(2, 1)
      assert.strictEqual(eventfds[0]?.read(), 0n)
      yield* client.setIrqs("unmask", { index: 2, start: 1, count: 1 })
      assert.strictEqual(eventfds[0]?.read(), 1n)
      yield* client.deassign({ index: 2, start: 1, count: 1 })
      yield* client.disable(2)
      user.interrupt(2, 2)
      yield* client.info
      assert.strictEqual(eventfds[1]?.read(), 0n)
    })
  )
})

describe("a remote device", () => {
  const toNumber = MigrationStates.toNumber

  it.scoped("is walked to RUNNING by a reset that the server does not do itself", () =>
    Effect.gen(function* () {
      const { client } = yield* served(Transport.messages, { resetKeeps: true }, { resetKeepsMigrationState: true })
      const device = yield* makeRemoteDevice(client)
      for (const state of ["STOP", "STOP_COPY", "PRE_COPY", "RESUMING"] as const) {
        yield* device.setState(toNumber(state))
        yield* device.reset
        assert.strictEqual(yield* device.getState, "RUNNING", state)
      }
    })
  )

  it.scoped("refuses on a file what the contract refuses", () =>
    Effect.gen(function* () {
      const { client } = yield* served(Transport.messages)
      const device = yield* makeRemoteDevice(client)
      const saving = yield* Effect.flatten(device.setState(toNumber("STOP_COPY")))
      const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
        Effect.map(Effect.flip(effect), ({ _tag }) => _tag)
      assert.strictEqual(yield* tagOf(saving.write(new Uint8Array(1))), "EBADF")
      assert.strictEqual(yield* tagOf(saving.read(1, { positioned: true })), "ESPIPE")
      assert.strictEqual(yield* tagOf(saving.read(1, { faulting: true })), "EFAULT")
      assert.strictEqual(yield* tagOf(saving.ioctl(0, new Uint8Array(24))), "ENOTTY")
      assert.lengthOf(yield* saving.read(0), 0)
      assert.lengthOf(yield* saving.read(1n << 62n), 0x1000)
      assert.lengthOf(yield* saving.read(1), 0)
      yield* saving.close
      assert.strictEqual(yield* tagOf(saving.read(1)), "EBADF")
      assert.strictEqual(yield* tagOf(device.setState(6)), "EINVAL")
      const resuming = yield* Effect.flatten(device.setState(toNumber("RESUMING")))
      assert.strictEqual(yield* tagOf(resuming.read(1)), "EBADF")
      assert.strictEqual(yield* tagOf(resuming.write(new Uint8Array(1), { length: 1n << 40n })), "EFAULT")
      assert.strictEqual(yield* tagOf(device.setState(99)), "EINVAL")
      assert.strictEqual(yield* device.getState, "RESUMING")
      assert.strictEqual(yield* resuming.write(new Uint8Array(4)), 4)
    })
  )

  it.scoped("that cannot migrate is none", () =>
    Effect.gen(function* () {
      const { client } = yield* served(Transport.messages, { withoutMigration: true })
      const refused = yield* Effect.flip(makeRemoteDevice(client))
      assert.oneOf(refused._tag, ["EINVAL", "ENOTTY"])
      assert.isFalse(yield* client.probeFeature(1, 0x1_0000))
    })
  )
})
