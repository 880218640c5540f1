/** The engine through its rings: requests go in by guest memory and a tail, responses come out in order, whatever comes in between. */
import { assert, describe, it } from "@effect/vitest"
import { overRegions } from "@stopcopy/qat/engine"
import { type Outcome, type QatVfioPci, RegisterAccess, statusOf, unpack } from "@stopcopy/qat"
import { Effect } from "effect"
import { layer } from "../driver/hosts.ts"
import { csrOffset, ringOffset } from "../driver/lives.ts"
import { encryption, type Job } from "../support/guest/Cbc.ts"
import { openDevice } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { attach, type Response, RingPair } from "../support/guest/RingPair.ts"

const opaqueOf = ({ bytes }: Response): bigint => new DataView(bytes.buffer).getBigUint64(8, true)

const block = (first: number, length = 64): Uint8Array => Uint8Array.from({ length }, (_, at) => first + at)

const placed = ({ vf }: QatVfioPci.QatVfioPci, bank: number, count: number) =>
  vf.until(({ device }) => device?.banks[bank]?.placed === count)

const jobs = (memory: GuestMemory, count: number): ReadonlyArray<Job> =>
  Array.from({ length: count }, (_, index) => encryption(memory, BigInt(index), block(index)))

const areDone = (memory: GuestMemory, all: ReadonlyArray<Job>): void => {
  for (const { destination, expected } of all) {
    assert.deepStrictEqual(Uint8Array.from(memory.at(destination, expected.length)), Uint8Array.from(expected))
  }
}

const requestsOf = (all: ReadonlyArray<Job>): ReadonlyArray<Uint8Array> => all.map(({ request }) => request)

describe("a bank", () => {
  it.scoped("answers requests in order, each with its own opaque and the right data", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const { driver } = yield* openDevice("17", memory.dma)
      const pair = new RingPair(attach(driver, memory), 1)
      yield* pair.setup
      const all = jobs(memory, 100)
      yield* pair.submit(requestsOf(all))
      yield* placed(driver, 1, 100)
      const responses = yield* pair.poll
      assert.deepStrictEqual(
        responses.map(opaqueOf),
        Array.from({ length: 100 }, (_, index) => BigInt(index))
      )
      assert.deepStrictEqual(
        responses.map(({ slot }) => slot),
        Array.from({ length: 100 }, (_, index) => index)
      )
      areDone(memory, all)
      const { registers } = driver.vf.unsafeState()
      assert.strictEqual(RegisterAccess.readBar0(registers, "device", ringOffset(1, 0, "HEAD")), 100 * 128)
      assert.strictEqual(RegisterAccess.readBar0(registers, "device", ringOffset(1, 1, "TAIL")), 100 * 32)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("goes round its rings many times, with a driver that gives slots back late", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const { driver } = yield* openDevice("17", memory.dma)
      const pair = new RingPair(attach(driver, memory), 0, { depth: 128 })
      yield* pair.setup
      const [job] = jobs(memory, 1)
      if (job === undefined) return assert.fail("no job")
      let done = 0
      while (done < 1000 || pair.inFlight > 0) {
        const count = done < 1000 ? Math.min(pair.room, 1 + ((done * 7) % 90)) : 0
        yield* pair.submit(Array.from({ length: count }, () => job.request))
        const from = done
        yield* driver.vf.until(({ device }) => (device?.banks[0]?.placed ?? 0) > from)
        done += (yield* pair.poll).length
      }
      yield* placed(driver, 0, done)
      assert.isAtLeast(done, 1000)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("keeps one slot of the response ring free, and goes on when slots come back", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const { driver } = yield* openDevice("17", memory.dma)
      const pair = new RingPair(attach(driver, memory), 0, { depth: 128 })
      yield* pair.setup
      // A response ring of 4 slots beside a request ring of 128.
      yield* driver.writeRegister(0, ringOffset(0, 1, "CONFIG"), 1)
      const all = jobs(memory, 5)
      yield* pair.submit(requestsOf(all))
      const full = yield* placed(driver, 0, 3)
      assert.strictEqual(full.device?.banks[0]?.executed, 3)
      yield* driver.writeRegister(0, ringOffset(0, 1, "HEAD"), 64)
      yield* placed(driver, 0, 5)
      areDone(memory, all)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("does nothing before its arbiter is on", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const { driver } = yield* openDevice("17", memory.dma)
      const [off, on] = [new RingPair(attach(driver, memory), 0), new RingPair(attach(driver, memory), 1)]
      yield* off.setup
      yield* on.setup
      yield* driver.writeRegister(0, csrOffset(0, "RING_SRV_ARB_EN"), 0)
      yield* off.submit(requestsOf(jobs(memory, 1)))
      yield* on.submit(requestsOf(jobs(memory, 1)))
      const state = yield* placed(driver, 1, 1)
      assert.strictEqual(state.device?.banks[0]?.executed, 0)
      yield* driver.writeRegister(0, csrOffset(0, "RING_SRV_ARB_EN"), 1)
      yield* placed(driver, 0, 1)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("drops what it had not answered when a ring is configured anew, and begins at 0", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const { driver } = yield* openDevice("17", memory.dma)
      const first = new RingPair(attach(driver, memory), 0)
      yield* first.setup
      yield* first.submit(requestsOf(jobs(memory, 3)))
      yield* placed(driver, 0, 3)
      const second = new RingPair(attach(driver, memory), 0)
      yield* second.setup
      const all = jobs(memory, 2)
      yield* second.submit(requestsOf(all))
      yield* placed(driver, 0, 5)
      assert.deepStrictEqual(
        (yield* second.poll).map(({ slot }) => slot),
        [0, 1]
      )
    }).pipe(Effect.provide(layer))
  )

  it.scoped("executes in order also where a request reads what the one before it writes", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const { driver } = yield* openDevice("17", memory.dma)
      const pair = new RingPair(attach(driver, memory), 0)
      yield* pair.setup
      const first = encryption(memory, 1n, block(0))
      const second = encryption(new GuestMemory(1 << 16), 2n, first.expected)
      new DataView(first.request.buffer).getBigUint64(8, true)
      const again = first.request.slice()
      yield* pair.submit([first.request, again])
      yield* placed(driver, 0, 2)
      assert.deepStrictEqual(Uint8Array.from(memory.at(first.destination, 64)), Uint8Array.from(second.expected))
    }).pipe(Effect.provide(layer))
  )
})

describe("memory that is not there", () => {
  const lastOutcomes = (driver: QatVfioPci.QatVfioPci, bank: number): ReadonlyArray<Outcome> =>
    unpack(driver.vf.unsafeState().device?.banks[bank]?.unplaced?.outcomes ?? "")

  it.scoped("data: the request fails, its neighbours do not", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const { driver } = yield* openDevice("17", memory.dma)
      const pair = new RingPair(attach(driver, memory), 0)
      yield* pair.setup
      const [good, bad, more] = [...jobs(memory, 2), encryption(memory, 9n, block(9))]
      if (good === undefined || bad === undefined || more === undefined) return assert.fail("no jobs")
      new DataView(bad.request.buffer).setBigUint64(32, 0x1000n, true)
      yield* pair.submit(requestsOf([good, bad, more]))
      yield* placed(driver, 0, 3)
      const responses = yield* pair.poll
      assert.deepStrictEqual(
        responses.map(({ bytes }) => bytes[6]),
        [0, 0x82, 0]
      )
      areDone(memory, [good, more])
      assert.deepStrictEqual(lastOutcomes(driver, 0), [])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a destination that cannot be written: nothing of the request is written", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const readOnly = 0x9_0000_0000n
      const dma = overRegions([
        { address: 0x1_2000_0000n, bytes: memory.bytes },
        { address: readOnly, bytes: new Uint8Array(4096), readOnly: true }
      ])
      const { driver } = yield* openDevice("17", dma)
      const pair = new RingPair(attach(driver, memory), 0)
      yield* pair.setup
      yield* pair.submit([encryption(memory, 1n, block(1), readOnly).request])
      yield* placed(driver, 0, 1)
      const [response] = yield* pair.poll
      assert.strictEqual(response?.bytes[6], 0x82)
    }).pipe(Effect.provide(layer))
  )

  for (const ring of [0, 1]) {
    it.scoped(`ring ${ring} itself: the bank has an exception and stands still until it is reset, others work`, () =>
      Effect.gen(function* () {
        const memory = new GuestMemory(1 << 20)
        const { driver } = yield* openDevice("17", memory.dma)
        const [bad, good] = [new RingPair(attach(driver, memory), 0), new RingPair(attach(driver, memory), 3)]
        yield* bad.setup
        yield* good.setup
        yield* driver.writeRegister(0, csrOffset(0, "EXP_INT_EN"), 1)
        yield* driver.writeRegister(0, ringOffset(0, ring, "UBASE"), 0x77)
        yield* bad.submit(requestsOf(jobs(memory, 2)))
        yield* driver.vf.until(({ registers }) => RegisterAccess.readCsr(registers, "device", 0, "EXP_STAT") !== 0)
        assert.strictEqual(yield* driver.readRegister(0, csrOffset(0, "EXP_STAT")), 0x100 << ring)
        assert.strictEqual(yield* driver.readRegister(2, 0), 1)
        assert.strictEqual(yield* driver.interrupts(0), 1)
        const all = jobs(memory, 2)
        yield* good.submit(requestsOf(all))
        yield* placed(driver, 3, 2)
        areDone(memory, all)
        yield* driver.reset
        yield* good.setup
        yield* new RingPair(attach(driver, memory), 0).setup
        const after = new RingPair(attach(driver, memory), 0)
        yield* after.setup
        const more = jobs(memory, 1)
        yield* after.submit(requestsOf(more))
        yield* driver.vf.until(({ device }) => device?.banks[0]?.unplaced === null && device.banks[0].placed > 0)
        areDone(memory, more)
      }).pipe(Effect.provide(layer))
    )
  }
})

it.scoped("the steps of the specification's worked example, access by access", () =>
  Effect.gen(function* () {
    const [data, rings] = [new Uint8Array(0x2000), new Uint8Array(0x1_4000)]
    const dma = overRegions([
      { address: 0x1_3000_0000n, bytes: data },
      { address: 0x1_2000_0000n, bytes: new Uint8Array(0x1000) },
      { address: 0x1_4000_0000n, bytes: rings.fill(0x7f) }
    ])
    const { driver } = yield* openDevice("17", dma)
    const accesses = [
      [0x3040, 0x4000_0000],
      [0x3080, 1],
      [0x3044, 0x4001_0000],
      [0x3084, 1],
      [0x3000, 8],
      [0x3004, 0x2006]
    ] as const
    for (const [offset, value] of accesses) yield* driver.writeRegister(0, offset, value)
    assert.strictEqual(yield* driver.readRegister(0, 0x219c), 0)
    yield* driver.writeRegister(0, 0x219c, 1)
    // The firmware's NULL request.
    rings.fill(0, 0, 128).set([0, 1, 0, 0x80])
    yield* driver.writeRegister(0, 0x2100, 0x80)
    yield* placed(driver, 1, 1)
    const registers = [0x20c0, 0x2104, 0x20c4, 0x214c] as const
    const values = yield* Effect.forEach(registers, (offset) => driver.readRegister(0, offset))
    // Head of the requests, tail and head of the responses, and only the request ring is empty.
    assert.deepStrictEqual(values, [0x80, 0x20, 0, 1])
    assert.strictEqual(new DataView(rings.buffer).getUint32(0x1_0000, true), 0x8000_0100)
  }).pipe(Effect.provide(layer))
)

it.scoped("the journal has outcomes, and no data", () =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 20)
    const { driver } = yield* openDevice("17", memory.dma)
    const pair = new RingPair(attach(driver, memory), 0)
    yield* pair.setup
    const [job] = jobs(memory, 1)
    if (job === undefined) return assert.fail("no job")
    yield* pair.submit([job.request])
    const state = yield* driver.vf.until(({ device }) => (device?.banks[0]?.executed ?? 0) > 0)
    assert.deepStrictEqual(unpack(state.device?.banks[0]?.unplaced?.outcomes ?? "").map(statusOf), [0])
  }).pipe(Effect.provide(layer))
)
