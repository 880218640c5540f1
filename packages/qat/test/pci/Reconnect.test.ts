/** Users that go and come back, and devices that are found again: in the middle of DMA, after a restart over the same journal, with a session open. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigLayout } from "@stopcopy/qat"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { type DmaAccess, type MigrationFile, type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { Effect, Exit, Layer, Option, Scope } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { layer } from "../driver/hosts.ts"
import { csrOffset } from "../driver/lives.ts"
import { encryption } from "../support/guest/Cbc.ts"
import { randomFrom } from "../support/Fuzz.ts"
import { Gate } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { Jobs, type Pending } from "../support/guest/Jobs.ts"
import { RingPair } from "../support/guest/RingPair.ts"
import { configRegion, findDevice, get, guestOf, newDevice, put, start, User, type Device } from "./vfio.ts"

const memoryBytes = 1 << 20

describe("a user that leaves in the middle of DMA", () => {
  for (const kinds of [
    { reads: true, writes: false },
    { reads: false, writes: true }
  ]) {
    it.scoped(`${kinds.reads ? "reads" : "writes"}: another goes on, no request is lost or doubled`, () =>
      Effect.gen(function* () {
        const memory = new GuestMemory(memoryBytes)
        const { device, driver } = yield* newDevice("17")
        const gate = new Gate(memory.dma, kinds)
        const stay = yield* Scope.make()
        const first = new User(gate.dma)
        yield* Scope.extend(device.attach(first), stay)
        yield* start(device)
        const pair = new RingPair(guestOf(device, memory, first), 0)
        yield* pair.setup
        const jobs = [1, 2, 3].map((at) => encryption(memory, BigInt(at), new Uint8Array(64).fill(at)))
        gate.close()
        yield* pair.submit(jobs.map(({ request }) => request))
        yield* gate.someone
        yield* Scope.close(stay, Exit.void)
        const bank = () => driver.vf.unsafeState().device?.banks[0]
        assert.strictEqual(bank()?.placed, 0)
        assert.strictEqual(yield* get(device, 0, csrOffset(0, "EXP_STAT")), 0, "no exception")
        yield* device.attach(new User(memory.dma))
        yield* driver.vf.until((vf) => vf.device?.banks[0]?.placed === 3)
        assert.strictEqual(bank()?.executed, 3)
        const responses = yield* pair.poll
        assert.deepStrictEqual(
          responses.map(({ bytes, slot }) => [slot, bytes[6], bytes[8]]),
          [
            [0, 0, 1],
            [1, 0, 2],
            [2, 0, 3]
          ]
        )
        for (const { destination, expected } of jobs) {
          assert.deepStrictEqual(Uint8Array.from(memory.at(destination, 64)), Uint8Array.from(expected))
        }
      }).pipe(Effect.provide(layer))
    )
  }

  it.scoped("work that is published while nobody has the device is done for who comes", () =>
    Effect.gen(function* () {
      const memory = new GuestMemory(memoryBytes)
      const { device, driver } = yield* newDevice("17")
      yield* start(device)
      const user = new User(memory.dma)
      const pair = new RingPair(guestOf(device, memory, user), 0)
      yield* pair.setup
      yield* pair.submit([encryption(memory, 1n, new Uint8Array(16)).request])
      assert.strictEqual(yield* get(device, 0, csrOffset(0, "EXP_STAT")), 0, "no exception")
      yield* device.attach(user)
      yield* driver.vf.until((vf) => vf.device?.banks[0]?.placed === 1)
      assert.strictEqual((yield* pair.poll).length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("with nobody there and nothing in flight the device is drained at once", () =>
    Effect.gen(function* () {
      const { device, driver } = yield* newDevice("17")
      yield* start(device)
      // The test's clock stands still: a drain that waits would wait for ever.
      yield* driver.setState(MigrationStates.toNumber("STOP"))
      assert.strictEqual(yield* driver.getState, "STOP")
    }).pipe(Effect.provide(layer))
  )
})

/** Memory that is asked over a connection: every access takes a turn of the process. */
const remote = (dma: DmaAccess): DmaAccess => ({
  read: (address, length) => Effect.zipRight(pause, dma.read(address, length)),
  write: (address, bytes) => Effect.zipRight(pause, dma.write(address, bytes)),
  mayWrite: dma.mayWrite
})

const pause = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

const requests = 300

it.live(
  `${requests} requests of a guest whose connection is lost over and over: each is answered once, and rightly`,
  () =>
    Effect.gen(function* () {
      const random = randomFrom(11)
      const memory = new GuestMemory(1 << 21)
      const { device, driver } = yield* newDevice("17")
      const pair = new RingPair(guestOf(device, memory, new User(memory.dma)), 0, { depth: 64 })
      const jobs = new Jobs(memory, 24, random)
      const open = new Map<bigint, Pending>()
      let [stay, submitted, answered, lost] = [yield* Scope.make(), 0, 0, 0]
      yield* start(device)
      yield* pair.setup
      yield* Scope.extend(device.attach(new User(remote(memory.dma))), stay)
      while (answered < requests) {
        if (random(8) === 0) {
          yield* Scope.close(stay, Exit.void)
          stay = yield* Scope.make()
          lost++
          yield* Scope.extend(device.attach(new User(remote(memory.dma))), stay)
        }
        const count = Math.min(random(4), jobs.room, pair.room, requests - submitted)
        const next = Array.from({ length: count }, () => jobs.symmetric(memory))
        for (const job of next) open.set(job.opaque, job)
        submitted += count
        if (count > 0) yield* pair.submit(next.map(({ request }) => request))
        yield* Effect.repeatN(pause, random(12))
        for (const { bytes } of yield* pair.poll) {
          const opaque = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true)
          const job = open.get(opaque)
          assert.isDefined(job, `${opaque} is answered once`)
          if (job === undefined) continue
          assert.isTrue(job.isRight(bytes, memory), `${opaque} is right`)
          open.delete(opaque)
          jobs.release(job)
          answered++
        }
      }
      // The guest has its last answer before the engine knows that the memory took it.
      yield* driver.vf.until((vf) => vf.device?.banks[0]?.placed === requests)
      yield* Scope.close(stay, Exit.void)
      assert.isAbove(lost, 10)
      assert.include(driver.vf.unsafeState().device?.banks[0], { executed: requests, placed: requests })
      assert.strictEqual(yield* get(device, 0, csrOffset(0, "EXP_STAT")), 0, "no exception")
    }).pipe(Effect.scoped, Effect.provide(layer))
)

/** A world over a journal in a file, from its beginning to its end: as one process has it. */
const inProcess =
  (file: string) =>
  <A, E>(life: Effect.Effect<A, E, ActorSystem | Scope.Scope>) =>
    Effect.scoped(life).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, layerSqlite({ file }))), Effect.orDie)

const withJournal = <A>(test: (process: ReturnType<typeof inProcess>) => Effect.Effect<A>) =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-pci-"))),
    (folder) => test(inProcess(join(folder, "journal.db"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )

const configOf = (device: Device) =>
  Effect.gen(function* () {
    const config = new Uint8Array(4096)
    yield* device.read(configRegion, 0, config)
    const table: Array<number> = []
    for (let at = 0; at < 16; at += 4) table.push(yield* get(device, 2, ConfigLayout.msixTableAt + at))
    return { config, table }
  })

describe("a process that ends", () => {
  it.effect("the next finds config space, MSI-X table and power state as they were", () =>
    withJournal((process) =>
      Effect.gen(function* () {
        const before = yield* process(
          Effect.gen(function* () {
            const { device } = yield* newDevice("17")
            yield* start(device)
            yield* put(device, configRegion, 0x10, 0xfe00_0000)
            yield* put(device, configRegion, 0x1c, 0x38)
            yield* put(device, 2, ConfigLayout.msixTableAt, 0xfee0_1000)
            yield* put(device, 2, ConfigLayout.msixTableAt + 8, 0x4321)
            yield* put(device, 2, ConfigLayout.msixTableAt + 12, 0)
            const found = yield* configOf(device)
            yield* put(device, configRegion, ConfigLayout.powerControlAt, 3, 2)
            return found
          })
        )
        assert.deepStrictEqual(before.table, [0xfee0_1000, 0, 0x4321, 0])
        const after = yield* process(
          Effect.gen(function* () {
            const { device } = yield* findDevice("17")
            assert.strictEqual(yield* get(device, configRegion, ConfigLayout.powerControlAt, 2), 0x000b)
            yield* put(device, configRegion, ConfigLayout.powerControlAt, 0, 2)
            return yield* configOf(device)
          })
        )
        assert.deepStrictEqual(after, before)
      })
    )
  )

  it.effect("a saving session goes on in the next, and a resuming one too", () =>
    withJournal((process) =>
      Effect.gen(function* () {
        const enter = ({ migration }: Device, state: MigrationState) =>
          Effect.flatten(migration?.setState(MigrationStates.toNumber(state)) ?? Effect.succeedNone)
        const first = yield* process(
          Effect.gen(function* () {
            const [source, destination] = [yield* newDevice("17"), yield* newDevice("65")]
            yield* put(source.device, 0, 0x104, 0x40)
            const saving = yield* enter(source.device, "PRE_COPY")
            const resuming = yield* enter(destination.device, "RESUMING")
            const setup = yield* saving.read(50)
            yield* resuming.write(setup)
            return setup.length
          })
        )
        const rest = yield* process(
          Effect.gen(function* () {
            const [source, destination] = [yield* findDevice("17"), yield* findDevice("65")]
            const saving = yield* Effect.flatten(source.driver.openFile)
            const resuming = yield* Effect.flatten(destination.driver.openFile)
            assert.deepStrictEqual([saving.kind, resuming.kind], ["saving", "resuming"])
            yield* source.driver.setState(MigrationStates.toNumber("STOP_COPY"))
            const moved = yield* moveAll(saving, resuming)
            yield* destination.driver.setState(MigrationStates.toNumber("STOP"))
            yield* destination.driver.setState(MigrationStates.toNumber("RUNNING"))
            assert.strictEqual(yield* get(destination.device, 0, 0x104), 0x40)
            assert.isTrue(Option.isNone(yield* destination.driver.openFile))
            yield* saving.close
            assert.isTrue(Option.isNone(yield* source.driver.openFile))
            return moved
          })
        )
        assert.strictEqual(first + rest, 4096)
      })
    )
  )
})

const moveAll = (from: MigrationFile<JournalError>, to: MigrationFile<JournalError>) =>
  Effect.gen(function* () {
    let moved = 0
    for (;;) {
      const bytes = yield* from.read(1000)
      if (bytes.length === 0) return moved
      moved += yield* to.write(bytes)
    }
  })
