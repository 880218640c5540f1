/** The cases of the matrix: where a process ends or a way is cut, enumerated from a migration without trouble, and what must hold in each. */
import { assert } from "@effect/vitest"
import { isEnd, type Migration } from "@stopcopy/migration"
import { Effect, type Scope } from "effect"
import { makeOffice, type Office, runToEnd } from "./Coordinator.ts"
import type { When } from "./Fuse.ts"
import type { Start } from "./Life.ts"
import { startMemory } from "./MemoryLife.ts"
import { startQat } from "./QatHost.ts"
import { type Heals, makeWorld, type Trouble, winner, type World } from "./World.ts"

export const whens: ReadonlyArray<When> = ["before", "after"]

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
export const all = (cases: ReadonlyArray<Trouble>, holds: (office: Office, trouble: Trouble) => Holds) =>
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

export const healed = (office: Office, trouble: Trouble): Holds =>
  Effect.gen(function* () {
    const { before, state, world } = yield* run(office, trouble, "heal")
    yield* agrees(world, state, before)
    return state
  })

/** An operator ends it, with every verdict that is possible. Where the source was left undone nobody may run; otherwise one side does. */
export const resolved = (office: Office, trouble: Trouble): Holds =>
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
export const pointsOf = (start: Start) =>
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

export const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, at) => at + 1)

/** Before and after every event. Behind one and before the next is one case if no call lies between them. */
export const crashes = (
  who: "source" | "destination" | "coordinator",
  events: ReadonlyArray<Point>,
  heals: Heals
): ReadonlyArray<Trouble> =>
  events.flatMap(({ at, call }, index) => {
    const before = { _tag: "Crash", who, at, when: "before", heals } as const
    const after = { ...before, when: "after" } as const
    return events[index - 1]?.call === call ? [after] : [before, after]
  })

export const cuts = (count: number, heals: Heals): ReadonlyArray<Trouble> =>
  upTo(count).flatMap((at) => whens.map((when) => ({ _tag: "Cut", at, when, heals }) as const))
