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

/** Three encryptions of which the first engine makes `writes` writes: one for data and two for the response of each. */
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

describe("an engine that ended", () => {
  for (let writes = 0; writes < 9; writes++) {
    it.scoped(`after ${writes} of 9 writes`, () =>
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
      const { all, responses } = yield* crashed(0, (memory) => {
        memory.at(firstData, 8).fill(0xee)
      })
      assert.deepStrictEqual(
        responses.map(({ bytes }) => bytes[6]),
        [0x82, 0, 0]
      )
      assert.strictEqual(all.length, 3)
    }).pipe(Effect.provide(layer))
  )

  for (const [style, length] of [
    ["marks slots", 4],
    ["overwrites slots", 32]
  ] as const) {
    it.scoped(
      `after the guest, which ${style}, took a response that was not recorded as placed: it is not given twice`,
      () =>
        Effect.gen(function* () {
          // All of the first response, all of the second, and the third without its first word, or not at all.
          const { responses } = yield* crashed(style === "marks slots" ? 6 : 8, (memory, ring) => {
            memory.at(ring, length).fill(0x7f)
            if (style === "marks slots") memory.at(ring + 32n, length).fill(0x7f)
          })
          // The polling side of the test begins at slot 0, where it finds nothing any more.
          assert.deepStrictEqual(responses, [])
        }).pipe(Effect.provide(layer))
    )
  }
})

it.scoped("responses whose slots the guest has given back are not placed again, though their slots are blank", () =>
  Effect.gen(function* () {
    const { memory, pair } = yield* crashed(6, (guest, ring) => guest.at(ring, 64).fill(0x7f), 64)
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
        const earlier = (yield* crashed(8)).responses.map(({ bytes }) => bytes.slice())
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
