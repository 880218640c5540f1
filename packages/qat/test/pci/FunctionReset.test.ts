/** Function level reset and the device's reset: in every migration state, in the middle of work, and where a process left one unfinished. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigLayout, type QatVfioDevice } from "@stopcopy/qat"
import { ActorSystem } from "@stopcopy/runtime"
import { type DmaAccess, type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { Effect, Exit, Fiber, Layer, Option, Scope } from "effect"
import { layer } from "../driver/hosts.ts"
import { encryption } from "../support/guest/Cbc.ts"
import { Gate } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { RingPair } from "../support/guest/RingPair.ts"
import { type Device, configRegion, findDevice, get, guestOf, newDevice, put, start, User } from "./vfio.ts"

const { deviceControlAt } = ConfigLayout
const memoryBytes = 1 << 20

const reset = (device: Device) => put(device, configRegion, deviceControlAt, 0x8000, 2)

/** The way to each state, from RUNNING. */
const ways: ReadonlyArray<ReadonlyArray<MigrationState>> = [
  ["RUNNING"],
  ["RUNNING_P2P"],
  ["STOP"],
  ["PRE_COPY"],
  ["PRE_COPY", "PRE_COPY_P2P"],
  ["PRE_COPY", "STOP_COPY"],
  ["STOP_COPY"],
  ["RESUMING"]
]

describe("a function level reset", () => {
  for (const way of ways) {
    for (const how of ["device control", "the device's reset"] as const) {
      it.scoped(`by ${how} after ${way.join(", ")}: RUNNING, no session, and everything as it comes up`, () =>
        Effect.gen(function* () {
          const { device, driver, pci } = yield* newDevice("17")
          yield* device.attach(new User(new GuestMemory(memoryBytes).dma))
          yield* start(device)
          yield* put(device, 0, 0x100, 0x80)
          for (const to of way) yield* driver.setState(MigrationStates.toNumber(to))
          yield* how === "device control" ? reset(device) : device.reset
          const { lifecycle, migrationState, resuming, saving } = driver.vf.unsafeState()
          assert.deepStrictEqual([lifecycle, migrationState, resuming, saving], ["open", "RUNNING", null, null])
          assert.isTrue(Option.isNone(yield* driver.openFile))
          assert.strictEqual(yield* get(device, 0, 0x100), 0)
          assert.strictEqual(yield* get(device, configRegion, 0x04, 2), 0)
          assert.strictEqual(yield* get(device, configRegion, deviceControlAt, 2), 0)
          assert.include(pci.unsafeState(), { resetting: false, resets: 1 })
        }).pipe(Effect.provide(layer))
      )
    }
  }

  it.scoped("ends a walk that is under way with EIO", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(memoryBytes)
      const { device, driver } = yield* newDevice("17")
      const gate = new Gate(memory.dma, { reads: true, writes: false })
      const user = new User(gate.dma)
      yield* device.attach(user)
      yield* start(device)
      const pair = new RingPair(guestOf(device, memory, user), 0)
      yield* pair.setup
      gate.close()
      yield* pair.submit([encryption(memory, 1n, new Uint8Array(16)).request])
      yield* gate.someone
      const walk = yield* Effect.fork(Effect.flip(driver.setState(MigrationStates.toNumber("STOP"))))
      yield* driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain")
      yield* reset(device)
      assert.include(yield* Fiber.join(walk), { _tag: "EIO" })
      yield* driver.setState(MigrationStates.toNumber("STOP"))
    }).pipe(Effect.provide(layer))
  )
})

/** A guest with one request under way, which stands before the gate of its memory. */
const atWork = (kinds: { readonly reads: boolean; readonly writes: boolean }) =>
  Effect.gen(function* () {
    const memory = new GuestMemory(memoryBytes)
    const all = yield* newDevice("17")
    const gate = new Gate(memory.dma, kinds)
    const user = new User(gate.dma)
    yield* all.device.attach(user)
    yield* start(all.device)
    const guest = guestOf(all.device, memory, user)
    const pair = new RingPair(guest, 0)
    yield* pair.setup
    const job = encryption(memory, 1n, new Uint8Array(64).fill(5))
    gate.close()
    yield* pair.submit([job.request])
    yield* gate.someone
    return { ...all, memory, gate, user, guest, job }
  })

describe("in the middle of a ring's work", () => {
  for (const [where, kinds] of [
    ["while a request is fetched", { reads: true, writes: false }],
    ["between outcome and response", { reads: false, writes: true }]
  ] as const) {
    it.scoped(`${where}: nothing of it reaches memory after the reset, and the next request runs`, () =>
      Effect.gen(function* () {
        const { device, driver, gate, guest, memory } = yield* atWork(kinds)
        yield* reset(device)
        const before = memory.bytes.slice()
        gate.open()
        yield* start(device)
        for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow()
        assert.isEmpty(memory.pagesChanged(before))
        assert.isNull(driver.vf.unsafeState().device?.banks[0]?.unplaced)
        const pair = new RingPair(guest, 0)
        yield* pair.setup
        const job = encryption(memory, 2n, new Uint8Array(64).fill(6))
        const { executed } = driver.vf.unsafeState().device?.banks[0] ?? { executed: 0 }
        const { placed } = driver.vf.unsafeState().device?.banks[0] ?? { placed: 0 }
        yield* pair.submit([job.request])
        yield* driver.vf.until((vf) => vf.device?.banks[0]?.placed === placed + 1)
        assert.strictEqual(driver.vf.unsafeState().device?.banks[0]?.executed, executed + 1)
        const responses = yield* pair.poll
        assert.deepStrictEqual(
          responses.map(({ bytes }) => [bytes[6], bytes[8]]),
          [[0, 2]]
        )
        assert.deepStrictEqual(Uint8Array.from(memory.at(job.destination, 64)), Uint8Array.from(job.expected))
      }).pipe(Effect.provide(layer))
    )
  }
})

it.scoped("with nobody there ends what waits for a user, and the device drains again", () =>
  Effect.gen(function* () {
    const memory = new GuestMemory(memoryBytes)
    const { device, driver } = yield* newDevice("17")
    const user = new User(memory.dma)
    const pair = new RingPair(guestOf(device, memory, user), 0)
    yield* start(device)
    yield* pair.setup
    yield* pair.submit([encryption(memory, 1n, new Uint8Array(16)).request])
    yield* device.reset
    // The test's clock stands still: a drain that waits would wait for ever.
    yield* driver.setState(MigrationStates.toNumber("STOP"))
    yield* driver.setState(MigrationStates.toNumber("RUNNING"))
    const before = memory.bytes.slice()
    yield* device.attach(user)
    yield* start(device)
    for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow()
    assert.isEmpty(memory.pagesChanged(before))
  }).pipe(Effect.provide(layer))
)

it.scoped("one that an earlier process left unfinished is ended by the next", () =>
  Effect.gen(function* () {
    const life = yield* Scope.make()
    const first = yield* Scope.extend(newDevice("17"), life)
    yield* put(first.device, 0, 0x100, 0x80)
    yield* first.pci.ask({ _tag: "BeginReset" })
    yield* Scope.close(life, Exit.void)
    const next = yield* findDevice("17").pipe(Effect.provide(Layer.fresh(ActorSystem.layer)))
    assert.include(next.pci.unsafeState(), { resetting: false, resets: 1 })
    assert.strictEqual(yield* get(next.device, 0, 0x100), 0)
  }).pipe(Effect.provide(layer))
)

/** Memory whose accesses, once let in, end when `end` does. */
const lasting = (dma: DmaAccess, end: Effect.Effect<void>): DmaAccess => ({
  read: (address, length) => Effect.zipRight(end, dma.read(address, length)),
  write: dma.write,
  mayWrite: dma.mayWrite
})

it.scoped("does not wait for a user that does not answer", () =>
  Effect.gen(function* () {
    const memory = new GuestMemory(memoryBytes)
    const all: QatVfioDevice.Parts & { readonly device: Device } = yield* newDevice("17")
    const user = new User(lasting(memory.dma, Effect.never))
    yield* all.device.attach(user)
    yield* start(all.device)
    const pair = new RingPair(guestOf(all.device, memory, user), 3)
    yield* pair.setup
    yield* pair.submit([encryption(memory, 1n, new Uint8Array(16)).request])
    for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow()
    yield* reset(all.device)
    assert.isFalse(all.pci.unsafeState().resetting)
    yield* all.driver.setState(MigrationStates.toNumber("STOP"))
  }).pipe(Effect.provide(layer))
)
