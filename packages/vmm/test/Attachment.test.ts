/** Attachments over real sockets: registers, jobs through a ring, interrupts, dirty pages, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { EIO } from "@stopcopy/errno"
import { Registers } from "@stopcopy/qat"
import {
  type AccessError,
  AddressSpace,
  attach,
  ConfigSpace,
  type DirtySource,
  dirtyTracking,
  GuestMemory,
  QatDriver,
  Requests
} from "@stopcopy/vmm"
import { Effect, Fiber, Option } from "effect"
import { createCipheriv } from "node:crypto"
import { join } from "node:path"
import { emulatedVf, serveDevice } from "@stopcopy/vmm/testing"
import { arena, folder, go, layer, places, transports, world } from "./support/devices.ts"

const key = Uint8Array.from({ length: 16 }, (_, index) => index)
const iv = Uint8Array.from({ length: 16 }, (_, index) => 0xf0 + index)
const plain = Uint8Array.from({ length: 64 }, (_, index) => index)
/** Section 9.1 of the firmware specification. */
const cipherText = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(plain)
/** The second region of the guest: pages that rings and rooms do not touch. */
const elsewhere = places[1].address

/** A request of 64 bytes whose data is at `source`, and what comes of it at `destination`. */
const requestAt = (memory: GuestMemory, source: bigint, destination: bigint, descriptor: bigint) =>
  Effect.gen(function* () {
    yield* memory.write(source, plain)
    yield* memory.write(descriptor, Requests.cbcDescriptor(key))
    const buffers = { opaque: 0x7f00_1122_3340n, source, destination, length: plain.length }
    return Requests.cbcRequest(buffers, { address: descriptor, bytes: 24 }, iv)
  })

for (const [kind, making] of transports) {
  describe(`over ${kind}`, () => {
    it.scopedLive("the driver probes the function, and a job goes through a ring", () =>
      Effect.gen(function* () {
        const { attachment, driver, source } = yield* world(yield* making)
        assert.deepStrictEqual(driver.offer.services, [2, 3, 2, 3])
        assert.strictEqual(driver.offer.version, 5)
        assert.strictEqual(driver.offer.capabilities, 0x0401_002d)
        assert.deepStrictEqual([attachment.regionBytes(0), attachment.regionBytes(2)], [0x8000, 0x2000])
        const pair = yield* driver.openRings(1, { interrupts: true, timer: 0x1ff })
        assert.strictEqual(pair.interrupts, kind === "descriptors")
        const { memory } = attachment
        const request = yield* requestAt(memory, elsewhere, elsewhere + 0x100n, elsewhere + 0x200n)
        const response = Requests.readResponse(yield* driver.run(pair, request))
        assert.deepStrictEqual([response.status, response.opaque], [0, 0x7f00_1122_3340n])
        assert.deepStrictEqual(yield* memory.read(elsewhere + 0x100n, 64), new Uint8Array(cipherText))
        assert.strictEqual(attachment.lines.count(0) > 0, kind === "descriptors")
        assert.strictEqual(source.vf.unsafeState().device?.banks[1]?.executed, 1)
        yield* pair.close
        yield* driver.remove
        assert.strictEqual(source.vf.unsafeState().init, 0)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("dirty pages are those that CPU and device wrote, and no others", () =>
      Effect.gen(function* () {
        const { attachment, driver } = yield* world(yield* making)
        const { dirty, memory } = attachment
        const pair = yield* driver.openRings(1)
        const [source, destination] = [elsewhere, elsewhere + 0x8000n - 32n]
        const request = yield* requestAt(memory, source, destination, elsewhere + 0x4000n)
        yield* dirty.start
        assert.deepStrictEqual(yield* dirty.takeAll, [])
        yield* pair.submit([request])
        const ring = yield* dirty.take(places[0].address, places[0].size)
        // The request is in the first page of its ring; what the device wrote so far depends on how far it is.
        assert.include(ring, places[0].address)
        assert.lengthOf(yield* driver.responses(pair), 1)
        const pages = yield* dirty.take(elsewhere, places[1].size)
        assert.deepStrictEqual(pages, [elsewhere + 0x7000n, elsewhere + 0x8000n])
        assert.strictEqual((yield* dirty.take(places[0].address, places[0].size)).length, 1)
        assert.deepStrictEqual(yield* dirty.takeAll, [])
        assert.strictEqual((yield* Effect.flip(dirty.take(elsewhere + 1n, 4096)))._tag, "EINVAL")
        yield* dirty.stop
        assert.isFalse(memory.isTracking)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("no dirty page is forgotten when a device fails half-way", () =>
      Effect.gen(function* () {
        const { attachment } = yield* world(yield* making)
        const { memory } = attachment
        let calls = 0
        let failing = 0
        const source: DirtySource<AccessError> = {
          mapsMemory: () => true,
          use: (call) => (++calls === failing ? Effect.fail(new EIO({})) : attachment.use(call))
        }
        const dirty = dirtyTracking(memory, [source])
        yield* dirty.start
        for (const { address } of places) yield* memory.writeU32(address, 1)
        // The report of the first region is taken, that of the second fails.
        failing = calls + 2
        assert.strictEqual((yield* Effect.flip(dirty.takeAll))._tag, "EIO")
        assert.deepStrictEqual(
          yield* dirty.takeAll,
          places.map(({ address }) => address)
        )
        yield* dirty.stop
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("config space is set up, BARs are placed, and a function level reset undoes both", () =>
      Effect.gen(function* () {
        const { attachment } = yield* world(yield* making)
        const config = yield* ConfigSpace.readConfig(attachment)
        assert.strictEqual(config[ConfigSpace.commandAt], 6)
        const table = ConfigSpace.findMsix(config)
        assert.deepStrictEqual([table?.bar, table?.offset, table?.entries], [2, 0x1800, 1])
        assert.isUndefined(ConfigSpace.findCapability(config, 0x99))
        yield* ConfigSpace.placeBar(attachment, 0, 0x20_0000_0000n)
        assert.strictEqual(yield* attachment.read64(7, 0x10), 0x20_0000_0004n)
        const refused = yield* Effect.flip(Effect.scoped(ConfigSpace.placeBar(attachment, 0, 0x100n)))
        assert.strictEqual(refused._tag, "EINVAL")
        const taken = yield* Effect.flip(Effect.scoped(ConfigSpace.placeBar(attachment, 2, 0x20_0000_0000n)))
        assert.strictEqual(taken._tag, "EEXIST")
        yield* ConfigSpace.functionReset(attachment)
        assert.strictEqual(yield* attachment.read16(7, ConfigSpace.commandAt), 0)
        assert.strictEqual(yield* attachment.read32(7, 0x10), 4)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("registers are read and written in every width, and errnos come through", () =>
      Effect.gen(function* () {
        const { attachment } = yield* world(yield* making)
        const base = Registers.ringOffset("LBASE", 0)
        yield* attachment.write32(0, base, 0x1234_5000)
        assert.strictEqual(yield* attachment.read32(0, base), 0x1234_5000)
        yield* attachment.write64(0, base, 0x0000_6000_0000_7000n)
        assert.strictEqual(yield* attachment.read64(0, base), 0x0000_6000_0000_7000n)
        assert.strictEqual((yield* Effect.flip(attachment.read(0, 1, 3)))._tag, "EINVAL")
        assert.strictEqual((yield* Effect.flip(attachment.read32(1, 0)))._tag, "EINVAL")
        yield* attachment.reset
        assert.strictEqual(yield* attachment.read32(0, base), 0)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a device that is detached answers nothing, and can be attached again", () =>
      Effect.gen(function* () {
        const { attachment, source, space } = yield* world(yield* making)
        yield* attachment.detach
        assert.strictEqual((yield* attachment.state)._tag, "Detached")
        assert.strictEqual((yield* Effect.flip(attachment.read32(0, 0)))._tag, "Detached")
        yield* attachment.detach
        const again = yield* attach(space, source.wire)
        assert.strictEqual(yield* again.read16(7, 0), 0x8086)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a driver that waits for responses hears that the device is detached", () =>
      Effect.gen(function* () {
        const { attachment, driver } = yield* world(yield* making)
        const pair = yield* driver.openRings(1, { interrupts: true })
        const waiting = yield* Effect.fork(driver.responses(pair))
        const told = yield* Effect.fork(attachment.lines.next(0, attachment.lines.count(0)))
        yield* Effect.repeatN(attachment.read32(0, 0x1040), 3)
        yield* attachment.detach
        assert.strictEqual((yield* Effect.flip(Fiber.join(waiting)))._tag, "Detached")
        yield* Fiber.join(told)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a server that is not there, and a function that is no QAT VF, are refused", () =>
      Effect.gen(function* () {
        const host = yield* making
        const where = yield* folder
        const space = yield* AddressSpace.make(yield* GuestMemory.make(places))
        const absent = yield* Effect.flip(attach(space, host.wire(join(where, "absent.sock"))))
        assert.strictEqual(absent._tag, "SocketFailed")
        const { device: vf } = yield* emulatedVf("17")
        const path = join(where, "other.sock")
        const read = (_: number, __: number, into: Uint8Array) => Effect.sync(() => void into.fill(0x12))
        yield* serveDevice(host, { ...vf, read }, path)
        const refused = yield* Effect.flip(QatDriver.probe(yield* attach(space, host.wire(path)), arena()))
        assert.strictEqual(refused._tag, "ENODEV")
        assert.include(refused.message, "0x1212:0x1212")
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("accesses wait while the gate is shut, and none is lost", () =>
      Effect.gen(function* () {
        const { attachment } = yield* world(yield* making)
        yield* attachment.gate.shut
        const reading = yield* Effect.fork(attachment.read16(7, 0))
        yield* go(attachment.client, "RUNNING")
        assert.isTrue(Option.isNone(yield* Fiber.poll(reading)))
        yield* attachment.gate.open
        assert.strictEqual(yield* Fiber.join(reading), 0x8086)
      }).pipe(Effect.provide(layer))
    )
  })
}
