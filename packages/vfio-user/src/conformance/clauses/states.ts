/** What each migration state means for a client: registers, description, memory maps, reset, the open session, and who is the next client. */
import { MigrationStates, type MigrationState } from "@stopcopy/vfio"
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import { type Bench, good } from "../Bench.ts"
import { type Clause, clause, library, text, textOf, uapi } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EINVAL } from "../errnos.ts"
import { configRegion, isGood } from "../Facts.ts"
import { memoryBase } from "../GuestMemory.ts"
import { dataRead, dataWrite, deviceInfo, dmaMap, dmaUnmap, irqInfo, read, regionInfo } from "../requests.ts"
import { enter } from "./sessions.ts"

const states = MigrationStates.all.filter((state) => state !== "ERROR")

/** Registers answer in full where the device runs; elsewhere an access may be refused, and harms nothing. */
const registersAnswer = (state: MigrationState) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* enter(bench, state)
    const reply = yield* bench.answers(Command.REGION_READ, read(configRegion, 0, 4))
    if (MigrationStates.isRunning(state)) yield* good(reply)
    const bar = bench.facts.regions.find(({ index, size }) => size >= 4 && index !== configRegion)
    if (bar !== undefined) {
      const register = yield* bench.answers(Command.REGION_READ, read(bar.index, 0, 4))
      if (MigrationStates.isRunning(state)) yield* good(register)
    }
    yield* bench.isIn(state)
    return isGood(reply) ? undefined : "registers are refused, as libvfio-user does"
  })

/** Every command has an answer. */
const commandsAnswer = (state: MigrationState) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* enter(bench, state)
    const replies = [
      yield* bench.answers(Command.DEVICE_GET_INFO, deviceInfo()),
      yield* bench.answers(Command.DEVICE_GET_REGION_INFO, regionInfo(configRegion)),
      yield* bench.answers(Command.DEVICE_GET_IRQ_INFO, irqInfo(0)),
      yield* bench.answers(Command.DMA_MAP, dmaMap(memoryBase, 4096n)),
      yield* bench.answers(Command.DMA_UNMAP, dmaUnmap(memoryBase, 4096n))
    ]
    const refused = replies.filter((reply) => !isGood(reply))
    const wrong = refused.find(({ error }) => error !== EINVAL)
    if (MigrationStates.isRunning(state) || wrong !== undefined) {
      for (const reply of wrong === undefined ? replies : [wrong]) yield* good(reply)
    }
    yield* bench.isIn(state)
    return refused.length === 0 ? "all served, as the text has it" : "refused with EINVAL, as libvfio-user does"
  })

/** Data move only where a session is open. */
const sessionOf = (state: MigrationState) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* enter(bench, state)
    const { session } = MigrationStates.facts[state]
    const payload = dataRead(16)
    if (session === "saving") yield* bench.succeeds(Command.MIG_DATA_READ, payload, 8)
    else yield* bench.refuses(`MIG_DATA_READ in ${state}`, Command.MIG_DATA_READ, payload, [EINVAL])
    if (session !== "resuming") {
      yield* bench.refuses(`MIG_DATA_WRITE in ${state}`, Command.MIG_DATA_WRITE, dataWrite(new Uint8Array(4)), [EINVAL])
    }
    yield* bench.isIn(state)
  })

/** A reset leads to RUNNING; libvfio-user keeps the state, and refuses a reset where the device is stopped. */
const resetIn = (state: MigrationState) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* enter(bench, state)
    const reply = yield* bench.answers(Command.DEVICE_RESET)
    const found = MigrationStates.all[yield* bench.state]
    if (!isGood(reply)) {
      const mayRefuse = (state === "STOP" || state === "STOP_COPY") && reply.error === EINVAL
      if (mayRefuse && found === state) return "refused with EINVAL, as libvfio-user does"
      return yield* new Broken({ expected: "success", found: `errno ${reply.error} in ${found}` })
    }
    if (found === "RUNNING") return state === "RUNNING" ? undefined : "to RUNNING, as the text and the kernel have it"
    if (found === state) return "the state is kept, as libvfio-user does"
    return yield* new Broken({ expected: `RUNNING or ${state}`, found: String(found) })
  })

/** A client that is gone leaves the state behind, or the device was reset. */
const survives = (state: MigrationState) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* enter(bench, state)
    const next = yield* bench.reconnected
    const found = MigrationStates.all[yield* next.state]
    if (found === state) return "kept, as the text has it"
    if (found === "RUNNING") return "RUNNING: the device was reset"
    return yield* new Broken({ expected: `${state} or RUNNING`, found: String(found) })
  })

const meaning = [
  uapi("enum vfio_device_mig_state"),
  library("lib/libvfio-user.c, cmd_allowed_when_stopped_and_copying")
]
const session = [textOf("MIG_DATA_READ"), textOf("MIG_DATA_WRITE"), library("test/py/test_migration.py")]

const inEvery = (
  name: string,
  rule: (state: MigrationState) => string,
  sources: ReadonlyArray<string>,
  check: (state: MigrationState) => Clause["check"],
  needs: Clause["needs"] = ["migration"]
): ReadonlyArray<Clause> =>
  states.map((state) => clause({ name: `${name}.${state}`, rule: rule(state), sources, needs, check: check(state) }))

export const meanings: ReadonlyArray<Clause> = [
  ...inEvery(
    "state.registers",
    (state) =>
      MigrationStates.isRunning(state)
        ? `registers answer in ${state}`
        : `accesses in ${state} are answered or refused, and harm nothing`,
    meaning,
    registersAnswer,
    ["migration", "config space"]
  ),
  ...inEvery(
    "state.commands",
    (state) => `every command has an answer in ${state}`,
    [...meaning, text("Commands")],
    commandsAnswer
  ),
  ...inEvery(
    "state.session",
    (state) => `${state} has the data session that it should have: ${MigrationStates.facts[state].session}`,
    session,
    sessionOf
  ),
  ...inEvery(
    "state.disconnect",
    (state) => `${state} outlives the connection`,
    [text("Client Disconnection")],
    survives
  ),
  ...inEvery(
    "reset",
    (state) => `a reset in ${state} leads to RUNNING, or leaves the state`,
    [textOf("DEVICE_RESET"), uapi("VFIO_DEVICE_STATE_ERROR"), library("lib/libvfio-user.c, handle_device_reset")],
    resetIn,
    ["migration", "reset"]
  )
]
