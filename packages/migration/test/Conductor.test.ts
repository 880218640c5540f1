/** Whole migrations between two hosts: cancels, differences, forecasts, and what is recorded where. */
import { MemoryDevice } from "@stopcopy/agent/testing"
import { assert, describe, it } from "@effect/vitest"
import type { Downtime, Migration, Order } from "@stopcopy/migration"
import type { Journal } from "@stopcopy/runtime"
import { type Context, Effect, Option, Stream } from "effect"
import { makeOffice, runToEnd } from "./support/Coordinator.ts"
import { deviceOf } from "./support/Life.ts"
import { startMemory } from "./support/MemoryLife.ts"
import { startQat } from "./support/QatHost.ts"
import { guestTraffic } from "./support/Fuse.ts"
import { forgotten } from "./support/Guest.ts"
import { type Called, makeWorld, order, type Trouble, winner } from "./support/World.ts"

/** Cancels at the `at`-th call (0: never), and keeps how that was answered by how it ended. Gives how many calls there were. */
const cancelledAt = (at: number, ends: Map<string, Set<string>>) =>
  Effect.gen(function* () {
    const world = yield* makeWorld(startMemory)
    const office = yield* makeOffice(world)
    const id = office.newId()
    const before = yield* world.digests("source")
    let answered = "none"
    world.onCall = () =>
      world.calls.length === at
        ? Effect.map(Effect.either(office.conductor.cancel(id, "not now")), (answer) => {
            answered = answer._tag === "Right" ? answer.right : answer.left._tag
          })
        : Effect.void
    const { state } = yield* runToEnd(office, world, { id })
    ends.set(state.phase, (ends.get(state.phase) ?? new Set()).add(answered))
    const side = winner(world)
    assert.strictEqual(side, state.phase === "completed" ? "destination" : "source")
    assert.deepStrictEqual(yield* world.digests(side), before)
    return world.calls.length
  })

const nothing = { drain: 0, stop: 0, save: 0, transfer: 0, load: 0, verify: 0, vote: 0, commit: 0, other: 0, bytes: 1 }
const downtime = (micros: number): Downtime.Downtime => ({ ...nothing, whole: micros, resume: micros })

const limited = (limits: Order["limits"]): Order => ({ ...order, limits })

const correlations = (journal: Context.Tag.Service<Journal>, after: number) =>
  Effect.map(
    Stream.runCollect(Stream.filter(journal.events(after), ({ type }) => !guestTraffic.has(type))),
    (events) => new Set([...events].map((event) => event.correlation))
  )

describe("cancel", () => {
  it.live("at any call before the commit turns back; behind it is denied", () =>
    Effect.gen(function* () {
      const ends = new Map<string, Set<string>>()
      const calls = yield* Effect.scoped(cancelledAt(0, ends))
      for (let at = 1; at <= calls; at++) yield* Effect.scoped(cancelledAt(at, ends))
      assert.sameMembers([...ends.keys()], ["cancelled", "completed"])
      assert.sameMembers([...(ends.get("cancelled") ?? [])], ["cancelled", "cancelling"])
      assert.sameMembers([...(ends.get("completed") ?? [])], ["none", "MigrationDenied"])
    })
  )

  it.live("before the start ends a migration that touched nothing; the same again is the same answer", () =>
    Effect.gen(function* () {
      const { conductor } = yield* makeOffice(yield* makeWorld(startMemory))
      yield* conductor.submit("m", order)
      assert.strictEqual(yield* conductor.cancel("m", "not now"), "cancelled")
      assert.strictEqual(yield* conductor.cancel("m", "again"), "cancelled")
      const error = yield* Effect.flip(conductor.cancel("n", "unknown"))
      assert.include(error.message, "a migration is submitted first")
    }).pipe(Effect.scoped)
  )

  it.live("is carried to its end when a way is cut meanwhile, or the coordinator ends, at any of its calls", () =>
    Effect.gen(function* () {
      const calls = yield* cancelledIn({})
      const first = calls.findIndex(({ name }) => name === "setState STOP_COPY") + 1
      assert.isAbove(calls.length - first, 10)
      for (let at = first; at <= calls.length; at++) {
        yield* cancelledIn({ cut: { _tag: "InCall", at, when: "after" }, heals: "late" })
        yield* cancelledIn({ endsInCall: { at, when: "after" } })
      }
    })
  )
})

/** Cancels at the first chunk that is saved while the guest stands still. */
const cancelledIn = (trouble: Trouble): Effect.Effect<ReadonlyArray<Called>, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const world = yield* makeWorld(startMemory, trouble)
      const office = yield* makeOffice(world)
      const id = office.newId()
      world.onCall = ({ name }) =>
        name === "save" && world.calls.some((call) => call.name === "setState STOP_COPY")
          ? Effect.ignore(office.conductor.cancel(id, "not now"))
          : Effect.void
      const { state } = yield* runToEnd(office, world, { id })
      yield* world.healAll
      // A way that was cut before the cancel has turned it back already.
      assert.include(["cancelled", "failed"], state.phase)
      assert.strictEqual(winner(world), "source")
      return world.calls
    })
  )

describe("a verified switchover", () => {
  it.live("names the first field that differs, and the source runs on", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld(startMemory)
      const office = yield* makeOffice(world)
      world.onCall = ({ name, side }) =>
        Effect.sync(() => {
          const device = world.hosts.destination.life.devices[1]?.migration
          if (side === "destination" && name === "digest" && device instanceof MemoryDevice) device.registers[1] = 0x99
        })
      const { state } = yield* runToEnd(office, world)
      assert.strictEqual(state.phase, "failed")
      const values = { field: "REGS.r1", source: "0x2", destination: "0x99" }
      assert.deepStrictEqual(state.cause, { _tag: "Differs", device: deviceOf(1), ...values })
      assert.isFalse(state.committed)
      assert.strictEqual(winner(world), "source")
    }).pipe(Effect.scoped)
  )
})

describe("a preflight that refuses", () => {
  it.live("names every blocker, and touches nothing", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld(startQat)
      const office = yield* makeOffice(world)
      const members = [
        { source: deviceOf(0), destination: deviceOf(1) },
        { source: deviceOf(1), destination: deviceOf(0) }
      ] as const
      const { state } = yield* runToEnd(office, world, { order: { ...order, members } })
      assert.strictEqual(state.phase, "refused")
      assert.deepStrictEqual(
        state.blockers.map(({ code }) => code),
        ["mstate.sla.absent", "mstate.sla.absent"]
      )
      assert.isTrue(world.calls.every(({ name }) => name === "describe"))
      assert.isTrue(world.points.every(({ moment }) => moment.process === "coordinator"))
    }).pipe(Effect.scoped)
  )
})

describe("a forecast", () => {
  /** The first forecasts say 9 s, later ones 1 ms. */
  const improving = (after: number) => {
    let asked = 0
    return Effect.sync(() => [downtime(++asked > after ? 1000 : 9_000_000)])
  }

  const conducted = (history: Effect.Effect<ReadonlyArray<Downtime.Downtime>>, limits: Order["limits"]) =>
    Effect.gen(function* () {
      const world = yield* makeWorld(startMemory)
      const office = yield* makeOffice(world, { history })
      const { state } = yield* runToEnd(office, world, { order: limited(limits) })
      return { state, side: winner(world), stopped: world.calls.some(({ name }) => name.includes("STOP_COPY")) }
    }).pipe(Effect.scoped)

  it.live("over the limit turns back before the guest is stopped", () =>
    Effect.gen(function* () {
      const abort = { downtimeMillis: 100, whenOver: { _tag: "Abort" } } as const
      const { side, state, stopped } = yield* conducted(improving(1), abort)
      assert.strictEqual(state.phase, "failed")
      assert.deepStrictEqual(state.cause, {
        _tag: "OverForecast",
        limitMillis: 100,
        forecast: { micros: 9_000_000, samples: 1 }
      })
      assert.deepStrictEqual([side, stopped, state.downtime], ["source", false, null])
    })
  )

  it.live("is waited for as long as the order says", () =>
    Effect.gen(function* () {
      const wait = { downtimeMillis: 100, whenOver: { _tag: "Wait", millis: 60_000 } } as const
      const { side, state } = yield* conducted(improving(3), wait)
      assert.deepStrictEqual([side, state.phase, state.forecast?.micros], ["destination", "completed", 1000])
      const short = { downtimeMillis: 100, whenOver: { _tag: "Wait", millis: 1 } } as const
      const { state: given } = yield* conducted(improving(1e9), short)
      assert.deepStrictEqual([given.phase, given.cause?._tag], ["failed", "OverForecast"])
    })
  )
})

describe("a guest that stands still for longer than it may", () => {
  for (const hangs of ["setState STOP_COPY", "resume", "grant"]) {
    it.live(`because ${hangs} hangs is led back`, () =>
      Effect.gen(function* () {
        const world = yield* makeWorld(startMemory)
        const office = yield* makeOffice(world)
        // The calls of the switchover; those before it are answered.
        world.onCall = ({ name }) =>
          name === hangs && world.calls.some((call) => call.name === "setState PRE_COPY_P2P") ? forgotten : Effect.void
        const limits = { downtimeMillis: 200, whenOver: { _tag: "Abort" } } as const
        const { state } = yield* runToEnd(office, world, { order: limited(limits) })
        assert.strictEqual(state.phase, "failed")
        assert.strictEqual(state.cause?._tag, "StoodTooLong")
        assert.strictEqual(winner(world), "source")
        assert.isBelow(state.downtime?.whole ?? 0, 20_000_000)
      }).pipe(Effect.scoped)
    )
  }
})

describe("what is recorded", () => {
  it.live("carries the migration's id as correlation, in all journals", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld(startQat)
      const office = yield* makeOffice(world)
      const { destination, source } = world.hosts
      const journals = yield* Effect.all([source.disk.journal, destination.disk.journal])
      const heads = yield* Effect.forEach(journals, (journal) => journal.head())
      yield* runToEnd(office, world)
      const only = new Set(["migration-1"])
      for (const [at, journal] of journals.entries()) {
        assert.deepStrictEqual(yield* correlations(journal, heads[at]?.sequence ?? 0), only)
      }
      assert.deepStrictEqual(yield* correlations(office.journal, 0), only)
    }).pipe(Effect.scoped)
  )

  it.live("a transfer holds one chunk of the chosen size for each device", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld(startMemory)
      const office = yield* makeOffice(world, { patience: { chunk: 5 } })
      const { state } = yield* runToEnd(office, world)
      assert.strictEqual(state.phase, "completed")
      for (const { migration } of world.hosts.source.life.devices) {
        const reads = migration instanceof MemoryDevice ? Option.fromNullable(migration.file?.reads) : Option.none()
        assert.deepStrictEqual(Option.getOrUndefined(reads), { count: 8, longest: 5 })
      }
      assert.deepStrictEqual(bytesOf(state), 64)
    }).pipe(Effect.scoped)
  )
})

/** Two devices of 8 registers: what is left for STOP_COPY when the 4 bytes of the setup have gone. */
const bytesOf = ({ downtime: measured }: Migration): number | undefined => measured?.bytes
