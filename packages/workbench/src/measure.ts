/** Timing: rates over counted work, and rows that take turns so that a slow moment of the machine meets all of them alike. */
import { Effect } from "effect"
import type { Comparison, Row, Word } from "./report.ts"

const now = Effect.sync(() => performance.now())

/** Milliseconds that `work` takes. */
export const millisOf = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.gen(function* () {
    const start = yield* now
    yield* work
    return (yield* now) - start
  })

/** How many of `count` are done in a second. */
export const rateOf = <A, E, R>(count: number, work: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.map(millisOf(work), (millis) => (count * 1000) / millis)

/** A ratio to another figure, by its key. */
interface Against extends Omit<Comparison, "value"> {
  readonly key: string
}

/** What a row says beside its figure. */
interface Described extends Omit<Row, "value" | "against"> {
  readonly key: string
  readonly word: Word
  readonly against?: ReadonlyArray<Against>
}

/** One thing to measure; the larger, the better. */
export interface Subject extends Described {
  readonly measure: Effect.Effect<number, unknown>
}

/** Figures by key. */
type Figures = ReadonlyMap<string, number>

/** Garbage of one row is not collected in the time of the next. */
export const collect = Effect.sync(() => globalThis.gc?.())

/** The best of the rounds for each subject. */
export const takeTurns = (subjects: ReadonlyArray<Subject>, times: number): Effect.Effect<Figures, unknown> =>
  Effect.gen(function* () {
    const best = new Map<string, number>()
    for (let round = 0; round < times; round++) {
      for (const { key, measure } of subjects) {
        yield* collect
        best.set(key, Math.max(yield* measure, best.get(key) ?? 0))
      }
    }
    return best
  })

/** The rows of what was measured. A comparison with something that was not measured is left out. */
export const rowsOf = (described: ReadonlyArray<Described>, figures: Figures): ReadonlyArray<Row> =>
  described.flatMap((each) => {
    const value = figures.get(each.key)
    if (value === undefined) return []
    const against = (each.against ?? []).flatMap((other): ReadonlyArray<Comparison> => {
      const measured = figures.get(other.key)
      return measured === undefined ? [] : [{ ...other, value: measured }]
    })
    return [{ ...each, value, against }]
  })
