/** A guest at work that is migrated live, over and over: its memory goes along page by page, as the guest and the device say that they wrote it. */
import { assert } from "@effect/vitest"
import { Ledger, ledgerOf, type QatVfioPci, RegisterFile, type VfState } from "@stopcopy/qat"
import { Effect, Exit, Fiber, Scope } from "effect"
import { copy, enter, go } from "../../driver/hosts.ts"
import { randomFrom } from "../Fuzz.ts"
import { openDevice, serviceMaps } from "./Device.ts"
import { GuestMemory, memoryBase } from "./GuestMemory.ts"
import { Jobs } from "./Jobs.ts"
import { type Attached, type Failed, RingPair } from "./RingPair.ts"
import { Workload } from "./Workload.ts"

const memoryBytes = 1 << 21
const jobsAtOnce = 96

export interface World {
  /** What the guest's drivers see; the device and memory that it has at the moment. */
  readonly attached: Attached
  driver: QatVfioPci.QatVfioPci
  memory: GuestMemory
  readonly workload: Workload
  /** Held for each step of the guest, and by a switchover while the guest stands still. */
  readonly processor: Effect.Semaphore
  readonly random: (limit: number) => number
  /** Streams of the guest's VF, first to present, with the pages that DMA logging told of each. */
  readonly streams: Array<string>
  readonly reported: Map<string, Set<bigint>>
  /** The rings, and the pages that hold responses. */
  readonly pairs: ReadonlyArray<RingPair>
  readonly responsePages: ReadonlySet<bigint>
  /** The life of the present device's engine. */
  engine: Scope.CloseableScope
}

const device = (name: string, memory: GuestMemory) =>
  Effect.gen(function* () {
    const engine = yield* Scope.make()
    const options = { pf: { svcmap: serviceMaps.symmetricAndCompression } }
    const { driver } = yield* Scope.extend(openDevice(name, memory.dma, options), engine)
    return { driver, engine }
  })

/** A guest with rings in all four banks of a device, two of which wait for interrupts. */
export const world = (seed: number, name = `s${seed}-0`) =>
  Effect.gen(function* () {
    const random = randomFrom(seed)
    const memory = new GuestMemory(memoryBytes)
    const { driver, engine } = yield* device(name, memory)
    const attached: Attached = {
      driver,
      memory,
      interrupts: () => all.driver.vf.unsafeState().device?.interrupts ?? 0
    }
    const lanes = [0, 1, 2, 3].map((bank) => {
      const waitsForInterrupts = bank >= 2
      const kind = waitsForInterrupts ? "interrupts" : "polling"
      const pair = new RingPair(attached, bank, { depth: 128, kind, timer: 0x1ff })
      return { pair, kind: bank % 2 === 0 ? ("compression" as const) : ("symmetric" as const), waitsForInterrupts }
    })
    const workload = new Workload(attached, new Jobs(memory, jobsAtOnce, random), random, lanes)
    yield* workload.setup
    const processor = yield* Effect.makeSemaphore(1)
    const pairs = lanes.map(({ pair }) => pair)
    const responsePages = new Set(pairs.map(({ responses }) => responses / 4096n))
    const [streams, reported] = [[driver.vf.stream], new Map<string, Set<bigint>>()]
    const all: World = {
      attached,
      driver,
      memory,
      workload,
      processor,
      random,
      streams,
      reported,
      pairs,
      responsePages,
      engine
    }
    return all
  })

/** Lets whatever else runs in this process go on. */
const pause = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** The guest works until it is interrupted. */
const working = ({ processor, random, workload }: World) =>
  Effect.forever(
    Effect.zipRight(
      Effect.uninterruptible(processor.withPermits(1)(workload.step)),
      Effect.suspend(() => (random(3) === 0 ? pause : Effect.yieldNow()))
    )
  )

/** Pages that the device wrote since this was last asked. */
const dirtyPages = (driver: QatVfioPci.QatVfioPci) =>
  Effect.map(driver.reportDmaLog(memoryBase, BigInt(memoryBytes), 4096n), (pages) => pages.map(({ page }) => page))

interface Transit {
  readonly inTransit?: (bytes: Uint8Array) => Uint8Array
  readonly standing?: Effect.Effect<void, Failed>
}

const wait = (turns: number) => Effect.repeatN(pause, turns)

/**
 * One live migration to a new device, under the running workload. `inTransit` may change the state part on its way, and `standing` is what is done while
 * the guest stands still and the source has not stopped.
 */
export const migrate = (
  all: World,
  name: string,
  { inTransit = (bytes) => bytes, standing = Effect.void }: Transit = {}
) =>
  Effect.gen(function* () {
    const { attached, processor, random, streams, workload } = all
    const { driver: source, memory } = all
    const elsewhere = memory.elsewhere()
    const { driver: destination, engine } = yield* device(name, elsewhere)
    yield* wait(random(6))
    yield* source.startDmaLogging(4096n, [{ iova: memoryBase, length: BigInt(memoryBytes) }])
    memory.writtenPages()
    elsewhere.bytes.set(memory.bytes)
    const reported = new Set<bigint>()
    all.reported.set(source.vf.stream, reported)
    const again = Effect.map(dirtyPages(source), (pages) => {
      for (const page of pages) reported.add(page)
      memory.copy(pages, elsewhere)
      memory.copy(memory.writtenPages(), elsewhere)
    })
    const saving = yield* enter({ driver: source }, "PRE_COPY")
    const resuming = yield* enter({ driver: destination }, "RESUMING")
    yield* copy(saving, resuming, [4096])
    yield* wait(random(6))
    yield* again
    yield* go({ driver: source }, "PRE_COPY_P2P")
    yield* wait(random(3))
    yield* processor.take(1)
    yield* standing
    yield* go({ driver: source }, "STOP_COPY")
    yield* resuming.write(inTransit(yield* saving.read(4096)))
    yield* again
    assert.isTrue(Buffer.compare(memory.bytes, elsewhere.bytes) === 0, "the memory is the same")
    attached.driver = all.driver = destination
    attached.memory = all.memory = elsewhere
    workload.moved()
    for (const to of ["STOP", "RUNNING_P2P", "RUNNING"] as const) yield* go({ driver: destination }, to)
    streams.push(destination.vf.stream)
    yield* processor.release(1)
    yield* saving.close
    yield* resuming.close
    yield* source.close
    yield* Scope.close(all.engine, Exit.void)
    all.engine = engine
  })

/** Works at least until the guest has submitted so many more requests. */
const more = ({ workload }: World, requests: number) =>
  Effect.suspend(() => {
    const until = workload.submitted + requests
    return Effect.repeat(pause, { until: () => workload.submitted >= until })
  })

/** Whether a device has done all that it was told, and no timer runs. */
const isQuiet = ({ device: state, registers }: VfState.Vf): boolean =>
  state === undefined ||
  state.banks.every(
    ({ unplaced }, bank) =>
      unplaced === null &&
      RegisterFile.ringRegister(registers, bank, 0, "HEAD") === RegisterFile.ringRegister(registers, bank, 0, "TAIL") &&
      !RegisterFile.hasLatch(registers, bank, RegisterFile.Latch.coalescing)
  )

/** Until nothing can come any more: all that is queued is answered, and no interrupt is still to come. */
export const rest = ({ driver, processor, workload }: World) =>
  Effect.gen(function* () {
    for (;;) {
      yield* processor.withPermits(1)(workload.take)
      if (isQuiet(driver.vf.unsafeState())) {
        yield* processor.withPermits(1)(workload.take)
        return
      }
      yield* pause
    }
  })

/** What the ledger says of a guest at rest. */
export const audit = ({ streams, workload }: World) =>
  Effect.map(ledgerOf(streams), (ledger) => Ledger.audit(ledger, workload.accounts))

/** `count` migrations of a guest at work; at the end everything is answered, and the ledger has nothing to say. */
export const migrations = (seed: number, count: number, requests: number) =>
  Effect.gen(function* () {
    const all = yield* world(seed)
    const guest = yield* Effect.fork(working(all))
    for (let index = 1; index <= count; index++) {
      yield* more(all, 1 + all.random(requests))
      yield* migrate(all, `s${seed}-${index}`)
    }
    yield* more(all, requests)
    yield* Fiber.interrupt(guest)
    yield* rest(all)
    yield* Scope.close(all.engine, Exit.void)
    return { world: all, findings: yield* audit(all) }
  })
