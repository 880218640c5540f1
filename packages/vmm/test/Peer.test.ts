/** Peer to peer: a job of one VF writes the doorbell of another, through the window of its BAR. */
import { assert, describe, it } from "@effect/vitest"
import { Registers } from "@stopcopy/qat"
import { attach, beginMove, ConfigSpace, type GuestMemory, QatDriver, Requests } from "@stopcopy/vmm"
import { Effect } from "effect"
import { createDecipheriv } from "node:crypto"
import { arena, enter, go, layer, places, serve, transports, world } from "./support/devices.ts"

const windowOfB = 0x20_0000_0000n
/** The symmetric bank that both use. */
const bank = 1
const tailOfB = windowOfB + BigInt(Registers.bankStride * bank + Registers.ringOffset("TAIL", 0))
const scratch = places[1].address
const key = new Uint8Array(16).fill(3)
const iv = new Uint8Array(16).fill(5)
const secret = new Uint8Array(32).fill(9)

/** B's job: it encrypts `secret`. It is in B's ring, and B was not told. */
const jobOfB = (memory: GuestMemory) =>
  Effect.gen(function* () {
    yield* memory.write(scratch, secret)
    yield* memory.write(scratch + 0x200n, Requests.cbcDescriptor(key))
    const buffers = { opaque: 11n, source: scratch, destination: scratch + 0x100n, length: secret.length }
    return Requests.cbcRequest(buffers, { address: scratch + 0x200n, bytes: 24 }, iv)
  })

/** A's job: it copies B's next tail to B's tail register. */
const doorbell = (memory: GuestMemory, tail: number, destination = tailOfB) =>
  Effect.gen(function* () {
    yield* memory.writeU32(scratch + 0x300n, tail)
    yield* memory.write(scratch + 0x400n, Requests.copyDescriptor)
    const buffers = { opaque: 12n, source: scratch + 0x300n, destination, length: 4 }
    return Requests.copyRequest(buffers, { address: scratch + 0x400n, bytes: Requests.copyDescriptor.length })
  })

const isDone = (memory: GuestMemory) =>
  Effect.map(memory.read(scratch + 0x100n, secret.length), (text) => {
    const decipher = createDecipheriv("aes-128-cbc", key, iv).setAutoPadding(false)
    return Buffer.compare(decipher.update(text), secret) === 0
  })

for (const [kind, making] of transports) {
  describe(`over ${kind}`, () => {
    it.scopedLive(
      "a doorbell that a peer rings while B stands in RUNNING_P2P is answered on B's destination, once",
      () =>
        Effect.gen(function* () {
          const host = yield* making
          const { driver: driverA, space, where } = yield* world(host, "17")
          const served = yield* serve(host, where, "18")
          const b = yield* attach(space, served.wire)
          const driverB = yield* QatDriver.probe(b, arena(1))
          yield* ConfigSpace.placeBar(b, 0, windowOfB)
          const [ringA, ringB] = [yield* driverA.openRings(bank), yield* driverB.openRings(bank)]
          const request = yield* jobOfB(space.memory)
          const move = yield* beginMove(b, (yield* serve(host, where, "19")).wire)
          const saving = yield* enter(move.source, "PRE_COPY")
          const resuming = yield* enter(move.destination, "RESUMING")
          yield* resuming.write(yield* saving.read(4096))
          yield* go(move.source, "PRE_COPY_P2P")
          // B's driver puts the request into the ring and leaves the doorbell to A.
          yield* ringB.stage([request])
          const [answer] = [Requests.readResponse(yield* driverA.run(ringA, yield* doorbell(space.memory, ringB.next)))]
          assert.strictEqual(answer.status, 0)
          assert.strictEqual(yield* b.read32(0, Number(tailOfB - windowOfB)), Requests.requestBytes)
          assert.strictEqual(served.vf.unsafeState().device?.banks[bank]?.executed, 0)
          yield* move.quiesce
          yield* go(move.source, "STOP_COPY")
          yield* resuming.write(yield* saving.read(4096))
          yield* go(move.destination, "STOP")
          yield* move.commit
          yield* go(move.destination, "RUNNING")
          yield* move.resume
          const [done] = (yield* driverB.responses(ringB)).map(Requests.readResponse)
          assert.deepInclude(done, { status: 0, opaque: 11n })
          assert.isTrue(yield* isDone(space.memory))
          assert.strictEqual(served.vf.unsafeState().device?.banks[bank]?.executed, 0)
          assert.deepStrictEqual(yield* ringB.take, [])
        }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a peer's DMA that a BAR cannot take fails the peer's job, and nothing else", () =>
      Effect.gen(function* () {
        const host = yield* making
        const { driver, space, where } = yield* world(host, "17")
        const b = yield* attach(space, (yield* serve(host, where, "18")).wire)
        yield* ConfigSpace.placeBar(b, 0, windowOfB)
        const ring = yield* driver.openRings(bank)
        const unaligned = yield* driver.run(ring, yield* doorbell(space.memory, 128, tailOfB + 2n))
        assert.notStrictEqual(Requests.readResponse(unaligned).status, 0)
        const nowhere = yield* driver.run(ring, yield* doorbell(space.memory, 128, windowOfB + 0x8000n))
        assert.notStrictEqual(Requests.readResponse(nowhere).status, 0)
        const fine = yield* driver.run(ring, yield* doorbell(space.memory, 0))
        assert.strictEqual(Requests.readResponse(fine).status, 0)
        assert.strictEqual(yield* b.read32(0, Number(tailOfB - windowOfB)), 0)
      }).pipe(Effect.provide(layer))
    )
  })
}
