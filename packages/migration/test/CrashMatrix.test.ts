/**
 * Every process of a migration ends at every one of its events, and every way is cut at every call: each case ends in one verdict, with one side running and the
 * guest's state whole; nowhere on the way do two sides run.
 */
import { assert, describe, it } from "@effect/vitest"
import { forward, isEnd, type Migration } from "@stopcopy/migration"
import { Effect, type Scope } from "effect"
import { makeOffice, type Office, runToEnd } from "./support/Coordinator.ts"
import type { When } from "./support/Fuse.ts"
import type { Start } from "./support/Life.ts"
import { startMemory } from "./support/MemoryLife.ts"
import { startQat } from "./support/QatHost.ts"
import { type Heals, makeWorld, type Trouble, winner, type World } from "./support/World.ts"

const whens: ReadonlyArray<When> = ["before", "after"]

/** Processes of hosts end where devices are kept in a journal; elsewhere devices in memory do. */
const startFor = (trouble: Trouble): Start =>
  trouble._tag === "Crash" && trouble.who !== "coordinator" ? startQat : startMemory

/** A run, with the digests that the guest had. */
const run = (office: Office, trouble: Trouble, inDoubt: "heal" | "first" | "last") =>
  Effect.gen(function* () {
    const world = yield* makeWorld(startFor(trouble), trouble)
    const before = yield* world.digests("source")
    const ends = trouble._tag === "Crash" && trouble.who === "coordinator" ? trouble : undefined
    const { choices, doubts, state } = yield* runToEnd(office, world, { ends, inDoubt })
    return { world, before, choices, doubts, state }
  })

/** What must hold when all are reachable again. */
const agrees = (world: World, state: Migration, before: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    yield* world.healAll
    assert.isTrue(isEnd(state.phase), state.phase)
    const side = yield* winner(world)
    assert.strictEqual(side, state.phase === "completed" ? "destination" : "source", state.phase)
    assert.deepStrictEqual(yield* world.digests(side), before, "the guest's state is whole")
  })

/** Runs the cases one after the other; the one that fails is named. */
const all = (cases: ReadonlyArray<Trouble>, holds: (office: Office, trouble: Trouble) => Holds) =>
  Effect.scoped(
    Effect.flatMap(makeOffice(), (office) =>
      Effect.forEach(cases, (trouble) =>
        Effect.scoped(holds(office, trouble)).pipe(
          Effect.sandbox,
          Effect.mapError((cause) => new Error(JSON.stringify(trouble), { cause })),
          Effect.map(({ phase }) => phase)
        )
      )
    )
  )

type Holds = Effect.Effect<Migration, unknown, Scope.Scope>

const healed = (office: Office, trouble: Trouble): Holds =>
  Effect.gen(function* () {
    const { before, state, world } = yield* run(office, trouble, "heal")
    yield* agrees(world, state, before)
    return state
  })

/** An operator ends it, with every verdict that is possible. Where the source was left undone nobody may run; otherwise one side does. */
const resolved = (office: Office, trouble: Trouble): Holds =>
  Effect.gen(function* () {
    const by = (inDoubt: "first" | "last") =>
      Effect.gen(function* () {
        const { before, choices, doubts, state, world } = yield* run(office, trouble, inDoubt)
        assert.isTrue(isEnd(state.phase), state.phase)
        yield* world.check
        assert.isTrue(doubts > 0 || state.left.length === 0)
        yield* world.healAll
        const isSourceLeft = state.left.some(({ failure }) => failure.side === "source")
        if (state.phase === "completed" || !isSourceLeft) yield* agrees(world, state, before)
        return { choices, state }
      })
    const first = yield* by("first")
    return first.choices > 1 ? (yield* by("last")).state : first.state
  })

/** An event of a process: its number, and the call in which it came. */
interface Point {
  readonly at: number
  readonly call: number
}

/** The calls and events of a migration without trouble. */
const pointsOf = (start: Start) =>
  Effect.gen(function* () {
    const world = yield* makeWorld(start)
    const before = yield* world.digests("source")
    const office = yield* makeOffice()
    const events = { source: Array.of<Point>(), destination: Array.of<Point>(), coordinator: Array.of<Point>() }
    const { destination, source } = world.hosts
    const sources = [
      [source.life.fuse, events.source],
      [destination.life.fuse, events.destination],
      [office.fuse, events.coordinator]
    ] as const
    for (const [of, found] of sources) of.onEvent = (at) => found.push({ at, call: world.calls.length })
    const { state } = yield* runToEnd(office, world)
    yield* agrees(world, state, before)
    return { calls: world.calls, events, state }
  }).pipe(Effect.scoped)

const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, at) => at + 1)

/** Before and after every event. Behind one and before the next is one case if no call lies between them. */
const crashes = (
  who: "source" | "destination" | "coordinator",
  events: ReadonlyArray<Point>,
  heals: Heals
): ReadonlyArray<Trouble> =>
  events.flatMap(({ at, call }, index) => {
    const before = { _tag: "Crash", who, at, when: "before", heals } as const
    const after = { ...before, when: "after" } as const
    return events[index - 1]?.call === call ? [after] : [before, after]
  })

const cuts = (count: number, heals: Heals): ReadonlyArray<Trouble> =>
  upTo(count).flatMap((at) => whens.map((when) => ({ _tag: "Cut", at, when, heals }) as const))

describe("a migration", () => {
  it.live("without trouble completes, with every step seen", () =>
    Effect.map(pointsOf(startQat), ({ calls, events, state }) => {
      assert.strictEqual(state.phase, "completed")
      assert.deepStrictEqual(
        state.work.map(({ step }) => step),
        [...forward]
      )
      for (const count of [calls.length, events.source.length, events.destination.length]) assert.isAbove(count, 30)
      assert.isAbove(events.coordinator.length, forward.length)
      const { downtime } = state
      const sum =
        downtime === null
          ? 0
          : Object.entries(downtime).reduce(
              (all, [name, value]) => (name === "whole" || name === "bytes" ? all : all + value),
              0
            )
      assert.strictEqual(sum, downtime?.whole)
    })
  )
  it.live("whose coordinator ends at any event, or in any call, goes on or back", () =>
    Effect.gen(function* () {
      const { calls, events } = yield* pointsOf(startMemory)
      const inCalls = upTo(calls.length).flatMap((at) =>
        whens.map((when) => ({ _tag: "CrashInCall", at, when }) as const)
      )
      const phases = yield* all([...crashes("coordinator", events.coordinator, "soon"), ...inCalls], healed)
      assert.deepStrictEqual([...new Set(phases)], ["completed"])
    })
  )
  for (const who of ["source", "destination"] as const) {
    for (const heals of ["soon", "late"] as const) {
      it.live(`whose ${who} ends at any event, and comes back ${heals}`, () =>
        Effect.gen(function* () {
          const { events } = yield* pointsOf(startQat)
          const phases = yield* all(crashes(who, events[who], heals), healed)
          assert.includeMembers(phases, ["completed", "failed"])
        })
      )
    }
  }
  for (const heals of ["soon", "late"] as const) {
    it.live(`with a way that is cut at any call, and heals ${heals}`, () =>
      Effect.gen(function* () {
        const { calls } = yield* pointsOf(startMemory)
        const phases = yield* all(cuts(calls.length, heals), healed)
        assert.include(phases, "completed")
      })
    )
  }
  it.live("with a way that is cut at any call and never heals is ended by an operator", () =>
    Effect.gen(function* () {
      const { calls } = yield* pointsOf(startMemory)
      const phases = yield* all(cuts(calls.length, "never"), resolved)
      assert.includeMembers(phases, ["refused", "failed"])
    })
  )
})
