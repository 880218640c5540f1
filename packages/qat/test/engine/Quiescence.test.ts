/** What a suspend does to an engine at work: the drain, what it waits for, what goes on meanwhile, and what becomes of queued requests. */
import { assert, describe, it } from "@effect/vitest"
import { MigrationStates } from "@stopcopy/vfio"
import { Effect, Fiber, TestClock } from "effect"
import { layer } from "../driver/hosts.ts"
import { csrOffset, ringOffset } from "../driver/lives.ts"
import { encryption } from "../support/guest/Cbc.ts"
import { Gate, openDevice } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { attach, RingPair } from "../support/guest/RingPair.ts"

const go = (
  driver: { readonly setState: (state: number) => Effect.Effect<unknown, unknown> },
  state: "RUNNING" | "RUNNING_P2P"
) => driver.setState(MigrationStates.toNumber(state))

/** A device with a ring pair in bank 0, whose reads of guest memory can be held up. */
const world = (mode: "safe" | "kernel" = "safe") =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 20)
    const gate = new Gate(memory.dma, { reads: true, writes: false })
    const { driver } = yield* openDevice("17", gate.dma, { vf: { mode } })
    const pair = new RingPair(attach(driver, memory), 0)
    yield* pair.setup
    const submit = (count: number) =>
      pair.submit(Array.from({ length: count }, (_, at) => encryption(memory, BigInt(at), new Uint8Array(16)).request))
    const part = () => driver.vf.unsafeState().device?.banks[0]
    const placed = (count: number) => driver.vf.until(({ device }) => device?.banks[0]?.placed === count)
    return { driver, gate, pair, part, placed, submit }
  })

describe("a drain", () => {
  it.scoped("waits for what was fetched, while registers answer and tails move", () =>
    Effect.gen(function* () {
      const { driver, gate, pair, part, placed, submit } = yield* world()
      gate.close()
      yield* submit(2)
      yield* gate.someone
      const suspending = yield* Effect.fork(go(driver, "RUNNING_P2P"))
      yield* driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain")
      yield* submit(3)
      yield* driver.writeRegister(0, csrOffset(2, "INT_SRCSEL"), 0x44)
      assert.strictEqual(yield* driver.readRegister(0, csrOffset(2, "INT_SRCSEL")), 0x44)
      assert.strictEqual(yield* driver.readRegister(0, ringOffset(0, 0, "TAIL")), 5 * 128)
      assert.isNull(yield* Fiber.poll(suspending).pipe(Effect.map((exit) => (exit._tag === "None" ? null : exit))))
      gate.open()
      yield* Fiber.join(suspending)
      // Two were fetched before the drain began; three stay queued.
      assert.deepInclude(part(), { executed: 2, placed: 2 })
      assert.strictEqual((yield* pair.poll).length, 2)
      yield* go(driver, "RUNNING")
      yield* placed(5)
      assert.strictEqual((yield* pair.poll).length, 3)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("in a P2P state nothing is fetched, whatever the guest rings", () =>
    Effect.gen(function* () {
      const { driver, gate, part, placed, submit } = yield* world()
      yield* submit(1)
      yield* placed(1)
      yield* go(driver, "RUNNING_P2P")
      gate.close()
      yield* submit(4)
      yield* driver.writeRegister(0, csrOffset(0, "RING_SRV_ARB_EN"), 0)
      yield* driver.writeRegister(0, csrOffset(0, "RING_SRV_ARB_EN"), 1)
      assert.strictEqual(gate.waited, 0)
      assert.deepInclude(part(), { executed: 1, placed: 1 })
      gate.open()
      yield* go(driver, "RUNNING")
      yield* placed(5)
    }).pipe(Effect.provide(layer))
  )

  for (const mode of ["safe", "kernel"] as const) {
    it.scoped(`that cannot finish: ETIMEDOUT after 5 s, the source runs; ${mode} mode`, () =>
      Effect.gen(function* () {
        const { driver, gate, part, placed, submit } = yield* world(mode)
        gate.close()
        yield* submit(2)
        yield* gate.someone
        const suspending = yield* Effect.fork(Effect.flip(go(driver, "RUNNING_P2P")))
        yield* driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain")
        yield* TestClock.adjust("5 seconds")
        assert.include(yield* Fiber.join(suspending), { _tag: "ETIMEDOUT", errno: 110 })
        assert.strictEqual(yield* driver.getState, "RUNNING")
        yield* submit(2)
        gate.open()
        yield* placed(mode === "safe" ? 4 : 2)
        if (mode === "safe") return
        // The request to drain stays in the kernel's device: what was fetched ends, nothing more is fetched until a whole suspend and resume.
        assert.deepInclude(part(), { executed: 2, placed: 2 })
        yield* go(driver, "RUNNING_P2P")
        yield* go(driver, "RUNNING")
        yield* placed(4)
      }).pipe(Effect.provide(layer))
    )
  }

  it.scoped("that ends exactly at the limit counts", () =>
    Effect.gen(function* () {
      const { driver, gate, submit } = yield* world()
      gate.close()
      yield* submit(1)
      yield* gate.someone
      const suspending = yield* Effect.fork(go(driver, "RUNNING_P2P"))
      yield* driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain")
      yield* TestClock.adjust("4999 millis")
      assert.strictEqual(yield* driver.getState, "RUNNING")
      gate.open()
      yield* Fiber.join(suspending)
      assert.strictEqual(yield* driver.getState, "RUNNING_P2P")
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a reset meanwhile ends it with EIO, and what was fetched is not answered", () =>
    Effect.gen(function* () {
      const { driver, gate, pair, part, submit } = yield* world()
      gate.close()
      yield* submit(2)
      yield* gate.someone
      const suspending = yield* Effect.fork(Effect.flip(go(driver, "RUNNING_P2P")))
      yield* driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain")
      yield* driver.reset
      assert.include(yield* Fiber.join(suspending), { _tag: "EIO" })
      gate.open()
      yield* pair.setup
      assert.deepInclude(part(), { executed: 0, placed: 0, unplaced: null })
      assert.deepStrictEqual(yield* pair.poll, [])
    }).pipe(Effect.provide(layer))
  )
})
