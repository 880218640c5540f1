/** The cases of the matrices: where processes end or ways are cut, enumerated from a run without that trouble, and what is done in each. */
import { assert } from "@effect/vitest"
import type { Migration, Side } from "@stopcopy/migration"
import { Effect, type Scope } from "effect"
import { makeOffice, type Office, runToEnd } from "./Coordinator.ts"
import { type End, isSame, type Process, type When } from "./Fuse.ts"
import { startQat } from "./QatHost.ts"
import { agrees } from "./Verdict.ts"
import { type Heals, makeWorld, type Point, type Trouble, type World } from "./World.ts"

/** How long one matrix may take where everything else runs too, in milliseconds. */
export const matrixMillis = 240_000

/** What happens in each case besides the trouble. */
export interface Scenario {
  readonly name: string
  /** VFs of the group. */
  readonly size: number
  /** Ends that belong to it. */
  readonly ends?: ReadonlyArray<End>
  /** What else is to happen, put in place before the migration begins. */
  readonly prepare?: (world: World, office: Office, id: string) => void
  /** The moments that count begin with one of these events. Default: with the first. */
  readonly from?: string
  /** Behind a verdict that leaves the guest at the source it is moved once more, and that one completes. */
  readonly movesAgain?: boolean
}

const processes: ReadonlyArray<Process> = ["coordinator", "source", "destination"]
export const singles: ReadonlyArray<ReadonlyArray<Process>> = processes.map((process) => [process])
export const everything: ReadonlyArray<Process> = processes
/** Two at once, and all three. */
export const several: ReadonlyArray<ReadonlyArray<Process>> = [
  everything,
  ["source", "destination"],
  ["coordinator", "source"],
  ["coordinator", "destination"]
]
export const eitherWay: ReadonlyArray<ReadonlyArray<Side>> = [["source"], ["destination"]]
export const bothWays: ReadonlyArray<ReadonlyArray<Side>> = [["source", "destination"]]

/** A migration in its world, conducted to its end. */
const ran = (scenario: Scenario, trouble: Trouble, inDoubt: "heal" | "first" | "last" = "heal") =>
  Effect.gen(function* () {
    const world = yield* makeWorld(startQat, trouble, scenario.size)
    const office = yield* makeOffice(world)
    const id = office.newId()
    scenario.prepare?.(world, office, id)
    return { ...(yield* runToEnd(office, world, { id, inDoubt })), world, office, id }
  })

/** One case to its verdict, with everything healed. */
export const healed =
  (scenario: Scenario) =>
  (trouble: Trouble): Ran =>
    Effect.gen(function* () {
      const { id, office, state, world } = yield* ran(scenario, trouble)
      yield* agrees(world, office, id, state)
      if (scenario.movesAgain === true && state.phase !== "completed") {
        const next = office.newId()
        const { state: moved } = yield* runToEnd(office, world, { id: next })
        assert.strictEqual(moved.phase, "completed", JSON.stringify(moved.cause ?? moved.blockers))
        yield* agrees(world, office, next, moved)
      }
      return state
    })

/** In doubt an operator ends it, with every verdict that is possible. Where the source was left undone nobody may run; otherwise one side does. */
export const resolved =
  (scenario: Scenario) =>
  (trouble: Trouble): Ran =>
    Effect.gen(function* () {
      const by = (inDoubt: "first" | "last") =>
        Effect.gen(function* () {
          const { choices, doubts, id, office, state, world } = yield* ran(scenario, trouble, inDoubt)
          yield* world.check
          assert.isTrue(doubts > 0 || state.left.length === 0)
          yield* world.healAll
          const isSourceLeft = state.left.some(({ failure }) => failure.side === "source")
          if (state.phase === "completed" || !isSourceLeft) yield* agrees(world, office, id, state)
          return { choices, state }
        })
      const first = yield* by("first")
      return first.choices > 1 ? (yield* by("last")).state : first.state
    })

type Ran = Effect.Effect<Migration, unknown, Scope.Scope>

/** The moments that count of a scenario without further trouble, and how it ends. */
export const pointsOf = (scenario: Scenario) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { ends = [], from = "" } = scenario
      const { id, office, state, world } = yield* ran(scenario, { ends, heals: "soon" })
      yield* agrees(world, office, id, state)
      const last = ends.at(-1)?.at
      const ended = last === undefined ? -1 : world.points.findIndex(({ moment }) => isSame(last, moment))
      // Behind its own ends, from the event that it names.
      const rest = world.points.slice(ended + 1)
      // An end behind the last event of all leaves none.
      const first = from === "" ? 0 : rest.findIndex(({ moment }) => moment.label.startsWith(from))
      assert.isAtLeast(first, 0, `${scenario.name} has no event ${from}`)
      const points = rest.slice(first)
      return { points, state }
    })
  )

/**
 * All that a part's end can be told by: how many events of its own there were, how many calls it had, and whether it was in one. Where nothing of that differs the
 * rest of the run does not either: what has ended is noticed by the next call alone.
 */
const traceOf = (points: ReadonlyArray<Point>, index: number, part: Process, keeps: boolean): string => {
  const point = points[index]
  if (point === undefined) return ""
  const own = keeps ? points.slice(0, index + 1).filter(({ moment }) => moment.process === part).length : 0
  const isInCall = part === "coordinator" ? point.moment.process !== part : point.moment.process === part
  const calls = part === "coordinator" ? point.calls.source + point.calls.destination : point.calls[part]
  return `${own} ${calls} ${isInCall}`
}

/** The moments behind which these parts' ends can be told apart. `keeps`: what they recorded counts; a way that is cut keeps nothing. */
const behind = (points: ReadonlyArray<Point>, parts: ReadonlyArray<Process>, keeps: boolean): ReadonlyArray<number> => {
  const seen = new Set<string>()
  return [...points.keys()].filter((index) => {
    const trace = parts.map((part) => traceOf(points, index, part, keeps)).join(", ")
    return seen.size !== seen.add(trace).size
  })
}

/** Where processes end, and when they are whole again. */
interface Ending {
  readonly groups: ReadonlyArray<ReadonlyArray<Process>>
  readonly heals: Heals
  /** Before an event too. Default: yes. */
  readonly before?: boolean
}

/**
 * Behind every moment, whoever has it, these processes end; and before it, when its own process is among them. Before a moment and behind the one before it is
 * the same if no call lies between.
 */
export const crashes = (
  { ends = [] }: Scenario,
  points: ReadonlyArray<Point>,
  { before = true, groups, heals }: Ending
): ReadonlyArray<Trouble> =>
  groups.flatMap((who) => {
    const trouble = (when: When, index: number): ReadonlyArray<Trouble> => {
      const point = points[index]
      return point === undefined ? [] : [{ ends: [...ends, { at: point.moment, when, who }], heals }]
    }
    const own = [...points.keys()].filter((index) => {
      const [point, last] = [points[index], points[index - 1]]
      return before && point !== undefined && who.includes(point.moment.process) && last?.call !== point.call
    })
    return [
      ...own.flatMap((index) => trouble("before", index)),
      ...behind(points, who, true).flatMap((index) => trouble("after", index))
    ]
  })

/** Ways are cut in every call, so that its answer is lost, and behind it. */
export const cuts = (
  { ends = [] }: Scenario,
  points: ReadonlyArray<Point>,
  { heals, ways }: { readonly heals: Heals; readonly ways: ReadonlyArray<ReadonlyArray<Side>> }
): ReadonlyArray<Trouble> =>
  ways.flatMap((sides) =>
    behind(points, sides, false).flatMap((index): ReadonlyArray<Trouble> => {
      const point = points[index]
      return point === undefined ? [] : [{ ends, cut: { _tag: "Behind", moment: point.moment, sides }, heals }]
    })
  )

/** Runs the cases one after the other; the one that fails is named. Gives how often each phase was the end. */
export const all = (cases: ReadonlyArray<Trouble>, run: (trouble: Trouble) => Ran) =>
  Effect.gen(function* () {
    const phases: Record<string, number> = {}
    for (const trouble of cases) {
      const { phase } = yield* Effect.scoped(run(trouble)).pipe(
        Effect.sandbox,
        Effect.mapError((cause) => new Error(JSON.stringify(trouble), { cause }))
      )
      phases[phase] = (phases[phase] ?? 0) + 1
    }
    return phases
  })
