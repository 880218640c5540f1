/**
 * Every event of a migration and of a cancel, with every process killed at it: its own before and behind it, the others while it stands still in it. Events are
 * those of a run without trouble; one that does not come, such as a wait for a bank that has nothing to do, is tried again, and told if it never comes.
 */
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Cause, Effect } from "effect"
import { type Course, type Ended, type Killing, runCase } from "./Case.ts"
import { lethalPrograms, openSite, processes } from "./Site.ts"

const programs = lethalPrograms()

/** Cases over one pair of emulators: each takes a VF. */
const perSite = 12
/** The longest that one case may take. */
const caseLimit = "90 seconds"

/** Everybody's own end, then those of the others. */
const killingsOf = (batches: Ended["batches"], whose: "own" | "others"): ReadonlyArray<Killing> =>
  batches.flatMap(({ at, batch, nth }) => {
    const point = { at, event: batch, nth }
    const after = (who: Killing["who"]): Killing => ({ ...point, when: "after", who })
    return whose === "own"
      ? [{ ...point, when: "before", who: at }, after(at)]
      : processes.filter((who) => who !== at).map(after)
  })

/** How often a point is tried that is not met: what waits for what differs from run to run. */
const rounds = 4
/** So many of more than a hundred may be left: waits of banks that had nothing to do each time. */
const mostUnmet = 4

/** Cases over one site, up to the first that fails, which is told. */
const together = (courses: ReadonlyArray<Course>) =>
  Effect.gen(function* () {
    const site = yield* openSite(programs, courses.length)
    const ended: Array<Ended> = []
    for (const [number, course] of courses.entries()) {
      const one = yield* runCase(site, number, course).pipe(
        Effect.timeoutFail({ duration: caseLimit, onTimeout: () => new Error("it does not end") }),
        Effect.sandbox,
        Effect.mapError((cause) => `${JSON.stringify(course)}: ${Cause.pretty(cause)}`),
        Effect.tapError((failure) => Effect.logError(failure))
      )
      ended.push(one)
    }
    yield* site.audit(ended)
    return ended
  }).pipe(Effect.scoped)

/** What came of some points. */
interface Tally {
  readonly failures: Array<string>
  readonly outcomes: Record<string, number>
}

/** Those of the points that were not met. */
const tried = (course: Course, killings: ReadonlyArray<Killing>, { failures, outcomes }: Tally) =>
  Effect.gen(function* () {
    const unmet: Array<Killing> = []
    for (const some of Arr.chunksOf(killings, perSite)) {
      const ended = yield* together(some.map((killing) => ({ ...course, killing }))).pipe(
        Effect.catchAllCause((cause) =>
          Effect.as(
            Effect.sync(() => failures.push(Cause.pretty(cause))),
            []
          )
        )
      )
      for (const [at, one] of ended.entries()) {
        const outcome = one.ended.verdict?.outcome ?? "none"
        if (one.isMet) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        else unmet.push(...some.slice(at, at + 1))
      }
      const told = `${JSON.stringify(outcomes)}, not met: ${unmet.length}, failures: ${failures.length}`
      yield* Effect.logInfo(`of ${killings.length} kills: ${told}`)
    }
    return unmet
  })

const soak = (course: Course, whose: "own" | "others") =>
  Effect.gen(function* () {
    const [reference] = yield* together([course])
    const killings = killingsOf(reference?.batches ?? [], whose)
    assert.isAbove(killings.length, 50)
    const tally: Tally = { failures: [], outcomes: {} }
    let left: ReadonlyArray<Killing> = killings
    for (let round = 0; round < rounds && left.length > 0; round++) left = yield* tried(course, left, tally)
    for (const { at, event, nth, when, who } of left) {
      yield* Effect.logWarning(`not met in ${rounds} rounds: ${who} ends ${when} ${event} (${nth}) of ${at}`)
    }
    assert.deepStrictEqual(tally.failures, [])
    assert.isAtMost(left.length, mostUnmet)
  })

const courses: ReadonlyArray<readonly [name: string, course: Course]> = [
  ["a migration", {}],
  ["a migration that is cancelled", { cancelledBehind: "StepDone load" }]
]

for (const [name, course] of courses) {
  describe(`${name}, killed by SIGKILL`, () => {
    it.live("at any event of the process that is killed", () => soak(course, "own"))
    it.live("at any event of another process", () => soak(course, "others"))
  })
}
