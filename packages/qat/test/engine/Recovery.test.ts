/**
 * An engine that ends at the worst moments, and the next one over the same journal and the same guest memory: every request gets its one response, and
 * its data is right. Between outcome and response, in the middle of the data, and after the guest has taken what was not recorded.
 */
import { assert, describe, it } from "@effect/vitest"
import type { DmaAccess } from "@stopcopy/qat/engine"
import { Effect, Exit, Scope } from "effect"
import { layer } from "../driver/hosts.ts"
import { ringOffset } from "../driver/lives.ts"
import { encryption } from "../support/guest/Cbc.ts"
import { attachDevice, openDevice } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { attach, RingPair } from "../support/guest/RingPair.ts"

/** Guest memory that takes `left` writes and then none any more: as if the process had died there. */
const dying = (dma: DmaAccess, left: { count: number }, atEnd: { readonly unsafeOpen: () => void }): DmaAccess => ({
  read: dma.read,
  mayWrite: dma.mayWrite,
  write: (address, bytes) => {
    if (left.count > 0) {
      left.count--
      return dma.write(address, bytes)
    }
    atEnd.unsafeOpen()
    return Effect.never
  }
})

/** The writes of such a burst: the traces, the witness; of each request its data, and the response in two steps. */
const allWrites = 11
/** Three encryptions of which the first engine makes `writes` writes. */
const crashed = (
  writes: number,
  spoil: (memory: GuestMemory, responses: bigint) => void = () => undefined,
  head = 0,
  bus = "17",
  prepare: (memory: GuestMemory, responses: bigint) => void = () => undefined
) =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 20)
    const atEnd = yield* Effect.makeLatch(false)
    const scope = yield* Scope.make()
    const dead = dying(memory.dma, { count: writes }, atEnd)
    const { driver: first } = yield* Scope.extend(openDevice(bus, dead), scope)
    const attached = attach(first, memory)
    const pair = new RingPair(attached, 0)
    yield* pair.setup
    prepare(memory, pair.responses)
    const all = [1, 2, 3].map((at) => encryption(memory, BigInt(at), new Uint8Array(64).fill(at)))
    yield* pair.submit(all.map(({ request }) => request))
    yield* atEnd.await
    if (head > 0) yield* first.writeRegister(0, ringOffset(0, 1, "HEAD"), head)
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(first.vf.unsafeState().device?.banks[0]?.unplaced?.count, 3)
    spoil(memory, pair.responses)
    const { driver } = yield* attachDevice(bus, memory.dma)
    attached.driver = driver
    yield* driver.vf.until(({ device }) => device?.banks[0]?.placed === 3)
    return { all, driver, memory, pair, responses: yield* pair.poll }
  })

/** Responses that are given after so many writes. */
const givenAfter = (writes: number): number => [5, 8, 11].filter((word) => word <= writes).length

describe("an engine that ended", () => {
  for (let writes = 0; writes < allWrites; writes++) {
    it.scoped(`after ${writes} of ${allWrites} writes`, () =>
      Effect.gen(function* () {
        const { all, memory, responses } = yield* crashed(writes)
        assert.deepStrictEqual(
          responses.map(({ bytes }) => [bytes[6], bytes[8]]),
          [
            [0, 1],
            [0, 2],
            [0, 3]
          ]
        )
        for (const { destination, expected } of all) {
          assert.deepStrictEqual(Uint8Array.from(memory.at(destination, 64)), Uint8Array.from(expected))
        }
      }).pipe(Effect.provide(layer))
    )
  }

  it.scoped("in the middle of a write: the response says that it failed", () =>
    Effect.gen(function* () {
      const { all, responses } = yield* crashed(1, (memory) => {
        memory.at(firstData, 8).fill(0xee)
      })
      assert.deepStrictEqual(
        responses.map(({ bytes }) => bytes[6]),
        [0x82, 0, 0]
      )
      assert.strictEqual(all.length, 3)
    }).pipe(Effect.provide(layer))
  )
})

describe("a guest that took what was not recorded as placed gets nothing twice, and all the rest", () => {
  for (const [style, length] of [
    ["marks slots", 4],
    ["overwrites slots", 32]
  ] as const) {
    for (let writes = 5; writes < allWrites; writes++) {
      const taken = givenAfter(writes)
      const written = Array.from({ length: 3 }, (_, at) => at >= taken)
      it.scoped(`${style}, ${taken} of them, after ${writes} writes`, () =>
        Effect.gen(function* () {
          const { memory, pair } = yield* crashed(writes, (guest, ring) => {
            for (let at = 0; at < taken; at++) guest.at(ring + BigInt(32 * at), length).fill(0x7f)
          })
          const given = written.map((_, at) => memory.at(pair.responses + BigInt(32 * at), 4)[0] !== 0x7f)
          assert.deepStrictEqual(given, written)
        }).pipe(Effect.provide(layer))
      )
    }
  }
})

it.scoped("responses whose slots the guest has given back are not placed again, though their slots are blank", () =>
  Effect.gen(function* () {
    const { memory, pair } = yield* crashed(8, (guest, ring) => guest.at(ring, 64).fill(0x7f), 64)
    const slots = [0n, 1n, 2n].map((slot) => memory.at(pair.responses + 32n * slot, 32)[8])
    assert.deepStrictEqual(slots, [0x7f, 0x7f, 3])
  }).pipe(Effect.provide(layer))
)

for (const deaths of [3, 4, 5]) {
  it.scoped(
    `slots that hold the very same responses, taken a lap before, are not taken for new ones (${deaths} writes)`,
    () =>
      Effect.gen(function* () {
        // What the three responses are, from a device that dies at the end. Then a guest that has them in its slots already, marked as taken.
        const earlier = (yield* crashed(allWrites - 1)).responses.map(({ bytes }) => bytes.slice())
        const { responses } = yield* crashed(
          deaths,
          () => undefined,
          0,
          "65",
          (memory, ring) => {
            earlier.forEach((bytes, slot) => {
              memory.at(ring + BigInt(32 * slot), 32).set(bytes)
              memory.at(ring + BigInt(32 * slot), 4).fill(0x7f)
            })
          }
        )
        assert.deepStrictEqual(
          responses.map(({ bytes }) => [...bytes]),
          earlier.map((bytes) => [...bytes])
        )
      }).pipe(Effect.provide(layer))
  )
}

/** Where the data of the first job lies: behind both rings of 128 requests, and first of all. */
const firstData = 0x1_2000_0000n + 128n * 128n + 128n * 32n
