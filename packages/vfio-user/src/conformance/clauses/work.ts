/** A device at work: DMA where it may be and nowhere else, by messages and through descriptors, logged, cut off, reset. */
import { MigrationStates, type MigrationState } from "@stopcopy/vfio"
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import { type Bench, good } from "../Bench.ts"
import { type Clause, clause, library, text, textOf, uapi } from "../Clause.ts"
import { Broken, NotApplicable } from "../Verdict.ts"
import { configRegion, isGood } from "../Facts.ts"
import { memoryBase, GuestMemory } from "../GuestMemory.ts"
import { dmaMap, dmaUnmap, feature, read, SET, write } from "../requests.ts"
import type { Working } from "../Workload.ts"
import { report, startLogging } from "./logging.ts"
import { memoryAndMaster, writeCommand } from "./registers.ts"

/** Round trips in which a device that may not start work must not have started it. */
const quietRounds = 50

/** The workload of the device, in memory that is mapped by messages, or by `descriptor`. */
const set = (bench: Bench, descriptors: ReadonlyArray<number> = [], memory = bench.memory) =>
  Effect.gen(function* () {
    const { workload } = bench.facts
    if (workload === undefined) return yield* new NotApplicable({ reason: "no workload is known for the device" })
    yield* writeCommand(bench, memoryAndMaster)
    yield* bench.succeeds(Command.DMA_MAP, dmaMap(memoryBase, BigInt(memory.size)), 0, { descriptors })
    return yield* workload.begin({
      memory,
      read: (region, offset, count) => bench.registers(region, offset, count),
      write: (region, offset, bytes) =>
        Effect.asVoid(bench.succeeds(Command.REGION_WRITE, write(region, offset, bytes)))
    })
  })

/** One round trip, in which the device goes on. */
const turn = (bench: Bench) => bench.answers(Command.REGION_READ, read(configRegion, 0, 4))

/** Waits until so much work is finished. */
const finishes = (bench: Bench, working: Working, count: number): Effect.Effect<void, Broken> =>
  Effect.gen(function* () {
    while ((yield* working.finished) < count) {
      yield* turn(bench)
      yield* Effect.sleep(1)
    }
  }).pipe(
    Effect.timeoutFail({
      duration: bench.target.replyMillis,
      onTimeout: () =>
        new Broken({ expected: `${count} finished pieces of work`, found: "fewer, after the time for replies" })
    })
  )

/** Nothing is transferred and nothing is finished. */
const staysQuiet = (bench: Bench, working: Working, what: string): Effect.Effect<void, Broken> =>
  Effect.gen(function* () {
    const [finished, transfers] = [yield* working.finished, bench.wire.transfers.length]
    for (let round = 0; round < quietRounds; round++) yield* turn(bench)
    const [after, more] = [yield* working.finished, bench.wire.transfers.length]
    if (after !== finished || more !== transfers) {
      return yield* new Broken({
        expected: `no DMA ${what}`,
        found: `${more - transfers} transfers and ${after - finished} finished pieces of work`
      })
    }
  })

const works = (bench: Bench) =>
  Effect.gen(function* () {
    const working = yield* set(bench)
    for (let count = 1; count <= 3; count++) {
      yield* working.submit
      yield* finishes(bench, working, count)
    }
    const commands = bench.wire.transfers.map(({ command }) => command)
    if (!commands.includes(Command.DMA_READ) || !commands.includes(Command.DMA_WRITE)) {
      return yield* new Broken({
        expected: "DMA_READ and DMA_WRITE for memory without a descriptor",
        found: "not both"
      })
    }
    return `${commands.length} transfers`
  })

const worksThroughDescriptor = (bench: Bench) =>
  Effect.gen(function* () {
    const { memory } = yield* bench.descriptors
    const store = yield* bench.keep(memory(bench.memory.size))
    const shared = new GuestMemory(bench.memory.size, store)
    // A server that asks instead of mapping finds the same bytes.
    const working = yield* set(bench, [store.descriptor], shared)
    yield* working.submit
    yield* finishes(bench, working, 1)
    if (bench.wire.transfers.length > 0) {
      return yield* new Broken({
        expected: "no transfers for memory with a descriptor",
        found: `${bench.wire.transfers.length}`
      })
    }
  })

/** DMA in RUNNING and PRE_COPY. */
const mayIn = (state: MigrationState) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.needs(state)
    const working = yield* set(bench)
    yield* bench.go(state)
    yield* working.submit
    yield* finishes(bench, working, 1)
    yield* bench.isIn(state)
  })

/** In a P2P state doorbells are taken, and the work is done in RUNNING. */
const waitsIn = (state: MigrationState) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.needs(state)
    const working = yield* set(bench)
    yield* working.submit
    yield* finishes(bench, working, 1)
    yield* bench.go(state)
    yield* working.submit
    yield* staysQuiet(bench, working, `in ${state}`)
    yield* bench.go("RUNNING")
    yield* finishes(bench, working, 2)
  })

/** Work that was given before the device stopped is done before that, or not before it runs again. */
const stopsIn = (state: MigrationState) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.needs(state)
    const working = yield* set(bench)
    for (let count = 0; count < 4; count++) yield* working.submit
    yield* bench.go(state)
    yield* staysQuiet(bench, working, `in ${state}`)
    if (state === "RESUMING") return
    yield* bench.go("RUNNING")
    yield* finishes(bench, working, 4)
  })

const withoutMaster = (bench: Bench) =>
  Effect.gen(function* () {
    const working = yield* set(bench)
    yield* writeCommand(bench, 2)
    yield* working.submit
    yield* staysQuiet(bench, working, "without bus master")
    yield* writeCommand(bench, memoryAndMaster)
    yield* finishes(bench, working, 1)
  })

const unmapped = (bench: Bench) =>
  Effect.gen(function* () {
    const working = yield* set(bench)
    yield* bench.succeeds(Command.DMA_UNMAP, dmaUnmap(memoryBase, BigInt(bench.memory.size)))
    yield* working.submit
    yield* staysQuiet(bench, working, "in memory that is not mapped")
    yield* bench.lives
  })

const resets = (bench: Bench) =>
  Effect.gen(function* () {
    const working = yield* set(bench)
    yield* working.submit
    yield* bench.succeeds(Command.DEVICE_RESET)
    yield* staysQuiet(bench, working, "behind a reset")
    const command = yield* bench.registers(configRegion, 4, 2)
    return (command[0] ?? 0) === 0 ? "bus master is off again" : "config space is kept"
  })

const clientGoes = (bench: Bench) =>
  Effect.gen(function* () {
    const working = yield* set(bench)
    bench.wire.isServing = false
    const asked = bench.wire.transfer
    yield* working.submit
    yield* asked
    const next = yield* bench.reconnected
    yield* next.lives
    yield* good(yield* next.answers(Command.DEVICE_RESET))
  })

const logs = (bench: Bench) =>
  Effect.gen(function* () {
    const working = yield* set(bench)
    const length = BigInt(bench.memory.size)
    yield* good(yield* bench.answers(Command.DEVICE_FEATURE, startLogging(4096n, length)))
    yield* working.submit
    yield* finishes(bench, working, 1)
    // A write counts when the device knows that it is done, which may be a moment after the client has seen it.
    yield* bench.go("STOP")
    const bits = yield* report(bench, length)
    const again = yield* report(bench, length)
    yield* bench.answers(Command.DEVICE_FEATURE, feature(7 | SET, new Uint8Array(16)))
    if (typeof bits === "number" || typeof again === "number") {
      return "refused for memory without a descriptor, as libvfio-user does"
    }
    const written = bench.wire.transfers.filter(({ command }) => command === Command.DMA_WRITE)
    const isMarked = (address: bigint): boolean => {
      const page = Number((address - memoryBase) / 4096n)
      return ((bits[page >> 3] ?? 0) & (1 << (page & 7))) !== 0
    }
    const missing = written.find(({ address }) => !isMarked(address))
    if (missing !== undefined) {
      return yield* new Broken({
        expected: `the page of 0x${missing.address.toString(16)} in the report`,
        found: "not there"
      })
    }
    if (again.some((byte) => byte !== 0))
      return yield* new Broken({ expected: "a report to clear the log", found: "bits again" })
    return undefined
  })

/** A migrated device goes on with the work that it was given before. */
const carriesOn = (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.needs("STOP_COPY")
    const working = yield* set(bench)
    const held: MigrationState = bench.has("RUNNING_P2P") ? "RUNNING_P2P" : "STOP"
    yield* bench.go(held)
    const isTaken = held === "RUNNING_P2P"
    if (isTaken) yield* working.submit
    yield* bench.go("STOP_COPY")
    const data = yield* bench.save(bench.piece)
    yield* good(yield* bench.answers(Command.DEVICE_RESET))
    const found = MigrationStates.all[yield* bench.state]
    if (found !== "RUNNING") return yield* new NotApplicable({ reason: `a reset leaves the device in ${found}` })
    yield* bench.go("RESUMING")
    yield* bench.load(data, bench.piece)
    yield* bench.go("RUNNING")
    // Config space is the VMM's to restore.
    yield* writeCommand(bench, memoryAndMaster)
    if (!isTaken) yield* working.submit
    yield* finishes(bench, working, 1)
    const reply = yield* turn(bench)
    return isGood(reply) ? undefined : "registers are refused"
  })

const transfers = [textOf("DMA_READ"), textOf("DMA_WRITE"), library("test/py/test_sgl_read_write.py")]
const meaning = [uapi("enum vfio_device_mig_state")]

const parts = (
  name: string,
  rule: string,
  sources: ReadonlyArray<string>,
  check: Clause["check"],
  needs: Clause["needs"] = []
): Clause => clause({ name, rule, sources, needs: ["config space", "a workload", ...needs], check })

const inState = (
  states: ReadonlyArray<MigrationState>,
  rule: (state: MigrationState) => string,
  check: (state: MigrationState) => Clause["check"]
): ReadonlyArray<Clause> =>
  states.map((state) => parts(`dma.in.${state}`, rule(state), meaning, check(state), ["migration"]))

export const work: ReadonlyArray<Clause> = [
  parts("dma.messages", "memory without a descriptor is reached by DMA_READ and DMA_WRITE", transfers, works),
  parts("dma.mapped", "memory with a descriptor is reached through it", [textOf("DMA_MAP")], worksThroughDescriptor, [
    "descriptors"
  ]),
  ...inState(["RUNNING", "PRE_COPY"], (state) => `a device does DMA in ${state}`, mayIn),
  ...inState(
    ["RUNNING_P2P", "PRE_COPY_P2P"],
    (state) => `a device in ${state} starts no DMA, and does the work in RUNNING`,
    waitsIn
  ),
  ...inState(["STOP", "STOP_COPY", "RESUMING"], (state) => `a device in ${state} does no DMA`, stopsIn),
  parts("dma.master", "a device that may not master the bus does no DMA", [library("lib/pci.c")], withoutMaster),
  parts("dma.unmapped", "memory that is not mapped is not reached", [textOf("DMA_UNMAP")], unmapped),
  parts("dma.reset", "a reset ends all work", [textOf("DEVICE_RESET")], resets, ["reset"]),
  parts(
    "dma.gone",
    "a client may go while the server waits for its memory",
    [text("Client Disconnection")],
    clientGoes,
    ["reset"]
  ),
  parts("logging.written", "a page that the device wrote is reported once", [uapi("DMA_LOGGING_REPORT")], logs, [
    "migration",
    "DMA logging"
  ]),
  parts("dma.migrated", "a device goes on with its work after a migration", meaning, carriesOn, ["migration", "reset"])
]
