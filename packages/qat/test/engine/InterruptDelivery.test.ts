/** Interrupts of a device at work: at once or coalesced, masked and armed again, with exceptions, and after a reset. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { layer, migrate } from "../driver/hosts.ts"
import { csrOffset } from "../driver/lives.ts"
import { encryption } from "../support/guest/Cbc.ts"
import { openDevice } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { attach, RingPair } from "../support/guest/RingPair.ts"

const VINTSOU = 0x0
const VINTMSK = 0x4

const world = (timer: number) =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 20)
    const { driver } = yield* openDevice("17", memory.dma)
    const pair = new RingPair(attach(driver, memory), 0, { kind: "interrupts", timer })
    yield* pair.setup
    let total = 0
    /** Submits one request and waits until its response is placed. */
    const one = Effect.suspend(() => {
      total++
      const count = total
      return Effect.zipRight(
        pair.submit([encryption(memory, 1n, new Uint8Array(16)).request]),
        driver.vf.until(({ device }) => device?.banks[0]?.placed === count)
      )
    })
    const given = () => driver.vf.unsafeState().device?.interrupts ?? -1
    return { driver, memory, pair, one, given }
  })

describe("coalesced", () => {
  it.scoped(
    "one interrupt when the timer runs out, for all responses until then; the next after the bank is armed",
    () =>
      Effect.gen(function* () {
        const { driver, given, one, pair } = yield* world(0x27ff)
        yield* one
        yield* one
        assert.strictEqual(yield* driver.readRegister(0, csrOffset(0, "INT_FLAG")), 3 & 2)
        assert.strictEqual(yield* driver.readRegister(2, VINTSOU), 0)
        // 0x27ff units of 256 ns are 2621.2 µs.
        yield* TestClock.adjust("2621 micros")
        assert.strictEqual(given(), 0)
        yield* TestClock.adjust("1 micros")
        assert.strictEqual(yield* driver.interrupts(0), 1)
        assert.strictEqual(yield* driver.readRegister(2, VINTSOU), 1)
        assert.strictEqual((yield* pair.serve).length, 2)
        assert.strictEqual(yield* driver.readRegister(2, VINTSOU), 0)
        yield* one
        yield* TestClock.adjust("3 millis")
        assert.strictEqual(yield* driver.interrupts(1), 2)
      }).pipe(Effect.provide(layer))
  )

  it.scoped("what comes while the bank is masked interrupts when it is armed again", () =>
    Effect.gen(function* () {
      const { driver, given, one, pair } = yield* world(0x1ff)
      yield* driver.writeRegister(0, csrOffset(0, "INT_FLAG_AND_COL"), 0)
      yield* one
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(given(), 0)
      yield* driver.writeRegister(0, csrOffset(0, "INT_FLAG_AND_COL"), 2)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* driver.interrupts(0), 1)
      assert.strictEqual((yield* pair.serve).length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a driver that never arms the bank again is told again of each later response", () =>
    Effect.gen(function* () {
      const { driver, one } = yield* world(0x1ff)
      for (const count of [1, 2, 3]) {
        yield* one
        yield* TestClock.adjust("1 seconds")
        assert.strictEqual(yield* driver.interrupts(count - 1), count)
      }
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a reset stops the timer; the next one has its whole time", () =>
    Effect.gen(function* () {
      const { driver, given, memory, one } = yield* world(0x27ff)
      yield* one
      yield* TestClock.adjust("2 millis")
      yield* driver.reset
      const pair = new RingPair(attach(driver, memory), 0, { kind: "interrupts", timer: 0x27ff })
      yield* pair.setup
      yield* pair.submit([encryption(memory, 1n, new Uint8Array(16)).request])
      yield* driver.vf.until(({ device }) => device?.banks[0]?.placed === 2)
      yield* TestClock.adjust("2 millis")
      assert.strictEqual(given(), 0)
      yield* TestClock.adjust("622 micros")
      assert.strictEqual(yield* driver.interrupts(0), 1)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a shorter time counts from when it is set", () =>
    Effect.gen(function* () {
      const { driver, one } = yield* world(0xf_ffff)
      yield* one
      yield* TestClock.adjust("10 millis")
      yield* driver.writeRegister(0, csrOffset(0, "INT_COL_CTL"), 0x8000_0000 + 0x1ff)
      yield* TestClock.adjust("131 micros")
      assert.strictEqual(yield* driver.interrupts(0), 1)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("off: at once", () =>
    Effect.gen(function* () {
      const { driver, one } = yield* world(0)
      yield* one
      assert.strictEqual(yield* driver.interrupts(0), 1)
    }).pipe(Effect.provide(layer))
  )
})

describe("flags", () => {
  it.scoped("INT_FLAG_EN passes them on at once; writing 1 to a flag that holds asks again", () =>
    Effect.gen(function* () {
      const { driver, given, one } = yield* world(0x27ff)
      yield* driver.writeRegister(0, csrOffset(0, "INT_COL_EN"), 0)
      yield* driver.writeRegister(0, csrOffset(0, "INT_FLAG_EN"), 2)
      yield* one
      assert.strictEqual(given(), 1)
      yield* one
      assert.strictEqual(given(), 2)
      yield* driver.writeRegister(0, csrOffset(0, "INT_FLAG"), 2)
      assert.strictEqual(given(), 3)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a masked bank asks when VINTMSK lets it", () =>
    Effect.gen(function* () {
      const { driver, given, one } = yield* world(0)
      yield* driver.writeRegister(2, VINTMSK, 0xf)
      yield* one
      assert.strictEqual(yield* driver.readRegister(2, VINTSOU), 1)
      assert.strictEqual(given(), 0)
      yield* driver.writeRegister(2, VINTMSK, 0)
      assert.strictEqual(given(), 1)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("the guest cannot write the sources", () =>
    Effect.gen(function* () {
      const { driver } = yield* world(0)
      yield* driver.writeRegister(2, VINTSOU, 0xf)
      yield* driver.writeRegister(2, 0x1000, 1)
      assert.deepStrictEqual([yield* driver.readRegister(2, VINTSOU), yield* driver.readRegister(2, 0x1000)], [0, 0])
    }).pipe(Effect.provide(layer))
  )
})

describe("after a migration", () => {
  it.scoped("what was pending on the source interrupts on the destination before RUNNING is acknowledged", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(1 << 20)
      const [source, destination] = [yield* openDevice("17", memory.dma), yield* openDevice("65", memory.dma)]
      const guest = { ...attach(source.driver, memory) }
      const pair = new RingPair(guest, 0, { kind: "interrupts", timer: 0x27ff })
      yield* pair.setup
      yield* pair.submit([encryption(memory, 1n, new Uint8Array(16)).request])
      // The response is there, its interrupt not yet: the timer still runs, and the suspend waits until the interrupt came out.
      yield* source.driver.vf.until(({ device }) => device?.banks[0]?.placed === 1)
      const migrating = yield* Effect.fork(migrate(source, destination))
      yield* source.driver.vf.until(({ operation }) => operation?.waiting?._tag === "Coalescing")
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(migrating)
      assert.strictEqual(destination.driver.vf.unsafeState().device?.interrupts, 1)
      assert.strictEqual(yield* destination.driver.readRegister(2, VINTSOU), 1)
      guest.driver = destination.driver
      assert.strictEqual((yield* pair.serve).length, 1)
      assert.strictEqual(yield* destination.driver.readRegister(2, VINTSOU), 0)
    }).pipe(Effect.provide(layer))
  )
})
