/**
 * A bank that starts anew while its outcomes are on their way to the guest: by a reset of the device, of the bank, or by new rings. Nothing more is written,
 * and the pages that may have been are in the dirty log.
 */
import { assert, describe, it } from "@effect/vitest"
import type { QatVfioPci } from "@stopcopy/qat"
import { Effect } from "effect"
import { layer } from "../driver/hosts.ts"
import { ringOffset } from "../driver/lives.ts"
import { encryption } from "../support/guest/Cbc.ts"
import { Gate, openDevice } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { attach, RingPair } from "../support/guest/RingPair.ts"

const base = 0x1_2000_0000n
const size = 1 << 20

type Start = (driver: QatVfioPci.QatVfioPci, responses: bigint) => Effect.Effect<unknown, unknown>

const ways: Readonly<Record<string, Start>> = {
  "a reset of the device": (driver) => driver.reset,
  "a reset of the bank": ({ vf }) => vf.ask({ _tag: "ResetRingPair", bank: 0 }),
  "another size": (driver) => driver.writeRegister(0, ringOffset(0, 1, "CONFIG"), 0x2004),
  "another place": (driver, responses) =>
    driver.writeRegister(0, ringOffset(0, 1, "LBASE"), Number((responses + 0x8000n) & 0xffff_ffffn))
}

/** A device that has executed three requests and is held up before the first of its writes. */
const heldUp = Effect.gen(function* () {
  const memory = new GuestMemory(size)
  const gate = new Gate(memory.dma, { reads: false, writes: true })
  const { driver } = yield* openDevice("17", gate.dma)
  const pair = new RingPair(attach(driver, memory), 0)
  yield* pair.setup
  yield* driver.startDmaLogging(4096n, [{ iova: base, length: BigInt(size) }])
  const jobs = [1, 2, 3].map((at) => encryption(memory, BigInt(at), new Uint8Array(64), memory.take(64, 4096)))
  gate.close()
  yield* pair.submit(jobs.map(({ request }) => request))
  yield* gate.someone
  return { driver, gate, jobs, memory, pair }
})

describe("outcomes on their way when the bank starts anew", () => {
  for (const [way, start] of Object.entries(ways)) {
    it.scoped(`by ${way}: one write may be under way, nothing more is written, and all pages are dirty`, () =>
      Effect.gen(function* () {
        const { driver, gate, jobs, memory, pair } = yield* heldUp
        const before = memory.bytes.slice()
        yield* start(driver, pair.responses)
        gate.open()
        // The engine works again: what it had under way is behind it.
        yield* driver.vf.until(({ device }) => device?.banks[0]?.unplaced === null)
        const again = new RingPair(attach(driver, memory), 1)
        yield* again.setup
        yield* again.submit([jobs[2]?.request ?? new Uint8Array(128)])
        yield* driver.vf.until(({ device }) => device?.banks[1]?.placed === 1)
        const [first, second] = jobs.map(({ destination }) => destination / 4096n)
        const changed = memory.pagesChanged(before)
        // The one write is the beginning of a response, which is not given.
        assert.strictEqual(memory.at(pair.responses, 4)[0], 0x7f)
        assert.notInclude(changed, first)
        assert.notInclude(changed, second)
        const dirty = (yield* driver.reportDmaLog(base, BigInt(size), 4096n)).map(({ page }) => page)
        for (const page of [first, second, pair.responses / 4096n]) assert.include(dirty, page)
      }).pipe(Effect.provide(layer))
    )
  }
})

it.scoped("a ring whose memory is gone: the data that reached the guest is dirty", () =>
  Effect.gen(function* () {
    const memory = new GuestMemory(size)
    const { driver } = yield* openDevice("17", {
      ...memory.dma,
      write: (address, bytes) =>
        bytes.length === 8 ? memory.dma.write(1n << 60n, bytes) : memory.dma.write(address, bytes)
    })
    const pair = new RingPair(attach(driver, memory), 0)
    yield* pair.setup
    yield* driver.startDmaLogging(4096n, [{ iova: base, length: BigInt(size) }])
    const { destination, request } = encryption(memory, 1n, new Uint8Array(64), memory.take(64, 4096))
    yield* pair.submit([request])
    yield* driver.vf.until(({ registers }) => registers.length > 0 && memory.at(destination, 1)[0] !== 0)
    const dirty = yield* driver.reportDmaLog(base, BigInt(size), 4096n)
    assert.include(
      dirty.map(({ page }) => page),
      destination / 4096n
    )
  }).pipe(Effect.provide(layer))
)
