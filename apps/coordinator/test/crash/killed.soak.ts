/**
 * Every event of a migration and of a cancel, with every process killed at it: its own before and behind it, the others while it stands still in it. Events are
 * those of a run without trouble; one that does not come this time, such as a wait for a bank that has nothing to do, is counted as not met.
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

/** Cases over one site. One that fails is told, and ends the site. */
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

const soak = (course: Course, whose: "own" | "others") =>
  Effect.gen(function* () {
    const [reference] = yield* together([course])
    const killings = killingsOf(reference?.batches ?? [], whose)
    const failures: Array<string> = []
    const outcomes: Record<string, number> = {}
    for (const some of Arr.chunksOf(killings, perSite)) {
      const ended = yield* together(some.map((killing) => ({ ...course, killing }))).pipe(
        Effect.catchAllCause((cause) =>
          Effect.as(
            Effect.sync(() => failures.push(Cause.pretty(cause))),
            []
          )
        )
      )
      for (const one of ended) {
        const outcome = one.isMet ? (one.ended.verdict?.outcome ?? "none") : "not met"
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      }
      yield* Effect.logInfo(`of ${killings.length} kills: ${JSON.stringify(outcomes)}, failures: ${failures.length}`)
    }
    assert.deepStrictEqual(failures, [])
    assert.isAbove(killings.length, 50)
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
