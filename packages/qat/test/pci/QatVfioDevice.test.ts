/** The device as its user has it: regions, accesses alone and in batches, interrupts, who may have it, and how the host asks for it back. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigLayout } from "@stopcopy/qat"
import { Journal } from "@stopcopy/runtime"
import { Chunk, Effect, Either, Fiber, Scope, Exit, Stream, TestClock } from "effect"
import { layer } from "../driver/hosts.ts"
import { csrOffset, ringOffset } from "../driver/lives.ts"
import { encryption } from "../support/guest/Cbc.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { RingPair } from "../support/guest/RingPair.ts"
import {
  bytesOf,
  command,
  configRegion,
  errnoOf,
  findDevice,
  get,
  guestOf,
  newDevice,
  put,
  start,
  User,
  wordOf
} from "./vfio.ts"

const { msixControlAt, msixPendingAt, msixTableAt, powerControlAt } = ConfigLayout
const vectorControl = msixTableAt + 12
const memoryBytes = 1 << 20

/** A device, and a user that has it. */
const world = Effect.gen(function* () {
  const all = yield* newDevice("17")
  const memory = new GuestMemory(memoryBytes)
  const user = new User(memory.dma)
  yield* all.device.attach(user)
  return { ...all, memory, user, guest: guestOf(all.device, memory, user) }
})

describe("regions and interrupts", () => {
  it.scoped("are BAR0, BAR2 and config space; MSI-X, ERR and REQ", () =>
    Effect.gen(function* () {
      const { device } = yield* newDevice("17")
      assert.strictEqual(device.name, "17:00.1")
      const sizes = device.regions.map(({ size }) => size)
      assert.deepStrictEqual(sizes, [0x8000, 0, 0x2000, 0, 0, 0, 0, 4096, 0])
      assert.deepStrictEqual(
        device.interrupts.map(({ count }) => count),
        [0, 0, 1, 1, 1]
      )
    }).pipe(Effect.provide(layer))
  )

  it.scoped("what is not there is EINVAL", () =>
    Effect.gen(function* () {
      const { device } = yield* newDevice("17")
      for (const region of [1, 6, 8, 9]) {
        assert.strictEqual(yield* errnoOf(get(device, region, 0)), "EINVAL")
        assert.strictEqual(yield* errnoOf(put(device, region, 0, 0)), "EINVAL")
      }
    }).pipe(Effect.provide(layer))
  )
})

describe("accesses", () => {
  it.scoped("registers are 4 or 8 bytes wide, config space is any", () =>
    Effect.gen(function* () {
      const { device, driver } = yield* newDevice("17")
      const at = ringOffset(1, 0, "LBASE")
      yield* put(device, 0, at, 0x1234_5678)
      assert.strictEqual(yield* get(device, 0, at), 0x1234_5678)
      yield* device.write(2, 0x0, Uint8Array.of(0, 0, 0, 0, 5, 0, 0, 0))
      assert.strictEqual(yield* driver.readRegister(2, 0x4), 5)
      assert.strictEqual(yield* get(device, 2, 0, 8), 5 * 2 ** 32)
      for (const [offset, length] of [
        [at, 1],
        [at, 2],
        [at + 2, 4],
        [at, 16],
        [0x7ffc, 8],
        [0x8000, 4]
      ] as const) {
        assert.strictEqual(yield* errnoOf(get(device, 0, offset, length)), "EINVAL", `${length} at ${offset}`)
        assert.strictEqual(yield* errnoOf(put(device, 0, offset, 0, length)), "EINVAL", `${length} at ${offset}`)
      }
      assert.strictEqual(yield* get(device, configRegion, 0x01, 2), 0x4180)
      assert.strictEqual(yield* get(device, configRegion, 0x100, 4), 0)
      const all = new Uint8Array(4096)
      yield* device.read(configRegion, 0, all)
      assert.deepStrictEqual([...all.subarray(0, 4), all[0x34]], [0x86, 0x80, 0x41, 0x49, 0x50])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("the mailbox is served as the PF's", () =>
    Effect.gen(function* () {
      const { device, driver } = yield* newDevice("17")
      // COMPAT_VER_REQ of version 3.
      yield* put(device, 2, 0x100c, 0x0000_0c17)
      assert.strictEqual(yield* get(device, 2, 0x1008), yield* driver.readRegister(2, 0x1008))
      assert.notStrictEqual(yield* get(device, 2, 0x1008), 0)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("in D3hot BARs are EIO, and config space answers", () =>
    Effect.gen(function* () {
      const { device } = yield* newDevice("17")
      yield* put(device, configRegion, powerControlAt, 3, 2)
      assert.strictEqual(yield* errnoOf(get(device, 0, 0)), "EIO")
      assert.strictEqual(yield* errnoOf(put(device, 2, msixTableAt, 0)), "EIO")
      assert.strictEqual(yield* get(device, configRegion, 0, 2), 0x8086)
      yield* put(device, configRegion, powerControlAt, 0, 2)
      yield* get(device, 0, 0)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a device that is not open is ENODEV, and one that was not probed is none", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* errnoOf(findDevice("65")), "ENODEV")
      const { device, driver } = yield* newDevice("17")
      yield* driver.close
      assert.strictEqual(yield* errnoOf(put(device, 0, 0x100, 0)), "ENODEV")
    }).pipe(Effect.provide(layer))
  )
})

describe("a batch of writes", () => {
  it.scoped("is in order, has an answer for each, and registers beside each other are one record", () =>
    Effect.gen(function* () {
      const { device, driver, pci } = yield* newDevice("17")
      const journal = yield* Journal
      const before = (yield* journal.head()).sequence
      const answers = yield* device.writeAll([
        wordOf(0, ringOffset(0, 0, "LBASE"), 1),
        { region: 0, offset: ringOffset(0, 0, "UBASE"), bytes: new Uint8Array(8).fill(2) },
        wordOf(0, 0x9000, 0),
        wordOf(0, ringOffset(0, 1, "LBASE"), 3),
        { region: configRegion, offset: 4, bytes: bytesOf(6, 2) },
        { region: configRegion, offset: 0, bytes: bytesOf(0, 2) },
        wordOf(2, msixTableAt, 0xfee0_0000),
        wordOf(2, msixPendingAt, 1),
        wordOf(2, 0x4, 1),
        wordOf(2, 0x100c, 0x0c17),
        wordOf(6, 0, 0)
      ])
      const errnos = answers.map((answer) => (Either.isLeft(answer) ? answer.left._tag : "-"))
      assert.deepStrictEqual(errnos, ["-", "-", "EINVAL", "-", "-", "EINVAL", "-", "-", "-", "-", "EINVAL"])
      const events = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.events(before)))
      const batches = new Map(events.map(({ batch, type }) => [batch, type]))
      assert.deepStrictEqual(
        [...batches.values()].slice(0, 5),
        ["RegisterWritten", "ConfigWritten", "PciRefused", "TableWritten", "RegisterWritten"],
        "four registers are one batch"
      )
      assert.strictEqual(events.filter(({ type }) => type === "RegisterWritten").length, 6)
      assert.strictEqual(yield* driver.readRegister(0, ringOffset(0, 1, "LBASE")), 3)
      assert.strictEqual(pci.unsafeState().table[0]?.[0], 0xfee0_0000)
      assert.strictEqual(yield* driver.readRegister(2, 0x4), 1)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("goes on with registers after a reset among it", () =>
    Effect.gen(function* () {
      const { device, driver } = yield* newDevice("17")
      const at = ringOffset(2, 0, "LBASE")
      const reset = { region: configRegion, offset: ConfigLayout.deviceControlAt, bytes: bytesOf(0x8000, 2) }
      const answers = yield* device.writeAll([wordOf(0, at, 1), reset, wordOf(0, at + 4, 2), wordOf(0, 0x100, 0x80)])
      assert.isTrue(answers.every(Either.isRight))
      assert.strictEqual(yield* driver.readRegister(0, at), 0)
      assert.strictEqual(yield* driver.readRegister(0, at + 4), 2)
    }).pipe(Effect.provide(layer))
  )
})

describe("a request through rings in the user's memory", () => {
  it.scoped("runs, and interrupts by MSI-X", () =>
    Effect.gen(function* () {
      const { device, guest, memory, user } = yield* world
      yield* start(device)
      const pair = new RingPair(guest, 0, { kind: "interrupts", timer: 0x1ff })
      yield* pair.setup
      const job = encryption(memory, 1n, new Uint8Array(64).fill(7))
      yield* pair.submit([job.request])
      yield* TestClock.adjust("1 seconds")
      yield* user.next
      assert.deepStrictEqual(user.given, ["2/0"])
      assert.deepStrictEqual(
        (yield* pair.serve).map(({ bytes }) => bytes[6]),
        [0]
      )
      assert.deepStrictEqual(Uint8Array.from(memory.at(job.destination, 64)), Uint8Array.from(job.expected))
    }).pipe(Effect.provide(layer))
  )

  it.scoped("waits until the function may master the bus", () =>
    Effect.gen(function* () {
      const { device, driver, guest, memory } = yield* world
      const pair = new RingPair(guest, 0)
      yield* pair.setup
      yield* pair.submit([encryption(memory, 1n, new Uint8Array(16)).request])
      yield* command(device, false)
      assert.strictEqual(driver.vf.unsafeState().device?.banks[0]?.executed, 0)
      yield* command(device, true)
      yield* driver.vf.until((vf) => vf.device?.banks[0]?.placed === 1)
      assert.strictEqual((yield* pair.poll).length, 1)
    }).pipe(Effect.provide(layer))
  )
})

/** A device whose bank 0 asks for an interrupt, at once: something is in its response ring. */
const asking = (all: Effect.Effect.Success<typeof world>) =>
  Effect.gen(function* () {
    const pair = new RingPair(all.guest, 0)
    yield* pair.setup
    yield* pair.submit([encryption(all.memory, 1n, new Uint8Array(16)).request])
    yield* all.driver.vf.until(({ device }) => device?.banks[0]?.placed === 1)
    yield* put(all.device, 0, csrOffset(0, "INT_SRCSEL"), 0x44)
    yield* put(all.device, 0, csrOffset(0, "INT_FLAG_EN"), 2)
  })

describe("an interrupt", () => {
  const holds: ReadonlyArray<readonly [what: string, region: number, offset: number, on: number, off: number]> = [
    ["the bus is not the function's", configRegion, 4, 2, 6],
    ["all vectors are masked", configRegion, msixControlAt, 0xc000, 0x8000],
    ["its vector is masked in the table", 2, vectorControl, 1, 0],
    ["the function sleeps", configRegion, powerControlAt, 3, 0]
  ]
  for (const [what, region, offset, on, off] of holds) {
    it.scoped(`that comes while ${what} is given after it, once`, () =>
      Effect.gen(function* () {
        const all = yield* world
        const { device, driver, user } = all
        yield* start(device)
        const write = (value: number) => put(device, region, offset, value, region === 2 ? 4 : 2)
        if (what.includes("sleeps")) {
          yield* asking(all)
          yield* user.next
          yield* write(on)
          assert.deepStrictEqual(user.given, ["2/0"])
        } else {
          yield* write(6)
          yield* write(off)
          const pair = new RingPair(all.guest, 0)
          yield* pair.setup
          yield* pair.submit([encryption(all.memory, 1n, new Uint8Array(16)).request])
          yield* driver.vf.until((vf) => vf.device?.banks[0]?.placed === 1)
          yield* write(on)
          yield* put(device, 0, csrOffset(0, "INT_SRCSEL"), 0x44)
          yield* put(device, 0, csrOffset(0, "INT_FLAG_EN"), 2)
          yield* driver.interrupts(0)
          assert.deepStrictEqual(user.given, [])
          assert.strictEqual(yield* get(device, 2, msixPendingAt), what.includes("masked") ? 1 : 0)
        }
        const before = user.given.length
        yield* write(off)
        assert.strictEqual(user.given.length, before + 1)
        assert.strictEqual(yield* get(device, 2, msixPendingAt), 0)
      }).pipe(Effect.provide(layer))
    )
  }

  it.scoped("of the function is given though MSI-X Enable is off: the user says what is set up", () =>
    Effect.gen(function* () {
      const all = yield* world
      yield* command(all.device, true)
      yield* asking(all)
      yield* all.user.next
      assert.deepStrictEqual(all.user.given, ["2/0"])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("that is pending is given to whoever takes the device", () =>
    Effect.gen(function* () {
      const { device, memory } = yield* newDevice("17").pipe(
        Effect.map((all) => ({ ...all, memory: new GuestMemory(memoryBytes) }))
      )
      const stay = yield* Scope.make()
      const first = new User(memory.dma)
      yield* Scope.extend(device.attach(first), stay)
      yield* start(device)
      const pair = new RingPair(guestOf(device, memory, first), 0)
      yield* pair.setup
      yield* put(device, 0, csrOffset(0, "INT_SRCSEL"), 0x44)
      yield* pair.submit([encryption(memory, 1n, new Uint8Array(16)).request])
      yield* put(device, 0, csrOffset(0, "INT_FLAG_EN"), 2)
      yield* first.next
      yield* Scope.close(stay, Exit.void)
      const second = new User(memory.dma)
      yield* device.attach(second)
      assert.deepStrictEqual(second.given, ["2/0"])
      assert.strictEqual((yield* pair.poll).length, 1)
    }).pipe(Effect.provide(layer))
  )
})

describe("a user", () => {
  it.scoped("has the device alone, until it leaves", () =>
    Effect.gen(function* () {
      const { device } = yield* newDevice("17")
      const memory = new GuestMemory(4096)
      const stay = yield* Scope.make()
      const both = yield* Effect.all(
        [1, 2].map(() => Effect.either(Scope.extend(device.attach(new User(memory.dma)), stay))),
        { concurrency: 2 }
      )
      assert.deepStrictEqual(
        both.map((each) => (Either.isLeft(each) ? each.left._tag : "has it")),
        ["has it", "EBUSY"]
      )
      yield* Scope.close(stay, Exit.void)
      yield* device.attach(new User(memory.dma))
    }).pipe(Effect.provide(layer))
  )

  it.scoped("is told of each error by ERR, and nobody is while nobody has the device", () =>
    Effect.gen(function* () {
      const { device, driver } = yield* newDevice("17")
      yield* driver.errorDetected
      const user = new User(new GuestMemory(4096).dma)
      yield* device.attach(user)
      for (const count of [1, 2]) {
        yield* driver.errorDetected
        yield* user.next
        assert.deepStrictEqual(user.given, Array(count).fill("3/0"))
      }
    }).pipe(Effect.provide(layer))
  )

  it.scoped("is asked to give the device back by REQ, every 10 s until it does", () =>
    Effect.gen(function* () {
      const { device } = yield* newDevice("17")
      assert.isFalse(yield* device.request)
      assert.strictEqual(yield* device.reclaim, 0)
      const user = new User(new GuestMemory(4096).dma)
      const stay = yield* Scope.make()
      yield* Scope.extend(device.attach(user), stay)
      assert.isTrue(yield* device.request)
      const reclaim = yield* Effect.fork(device.reclaim)
      yield* TestClock.adjust("25 seconds")
      assert.deepStrictEqual(user.given, Array(4).fill("4/0"))
      yield* Scope.close(stay, Exit.void)
      assert.strictEqual(yield* Fiber.join(reclaim), 3)
    }).pipe(Effect.provide(layer))
  )
})

describe("DMA logging", () => {
  it.scoped("tells addresses of pages, and is not there in kernel mode", () =>
    Effect.gen(function* () {
      const { device, driver, guest, memory } = yield* world
      yield* start(device)
      const pair = new RingPair(guest, 0)
      yield* pair.setup
      const log = device.dmaLog
      assert.isDefined(log)
      if (log === undefined) return
      const base = pair.requests - (pair.requests % 4096n)
      yield* log.start(4096n, [{ iova: base, length: BigInt(memoryBytes) }])
      const job = encryption(memory, 1n, new Uint8Array(16))
      yield* pair.submit([job.request])
      yield* driver.vf.until((vf) => vf.device?.banks[0]?.placed === 1)
      const pages = [pair.responses, job.destination].map((address) => address - (address % 4096n))
      const told = yield* log.report(base, BigInt(memoryBytes), 4096n)
      assert.deepStrictEqual(told, [...new Set(pages)].sort())
      assert.deepStrictEqual(yield* log.report(base, BigInt(memoryBytes), 4096n), [])
      yield* log.stop
      const kernel = yield* newDevice("65", { mode: "kernel" })
      assert.isUndefined(kernel.device.dmaLog)
      assert.strictEqual(kernel.device.migration, kernel.driver)
    }).pipe(Effect.provide(layer))
  )
})
