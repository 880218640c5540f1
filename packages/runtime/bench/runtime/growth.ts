/** Section: how appending, replaying and restoring one actor grow with its history. */
import { ActorSystem } from "@stopcopy/runtime"
import { Effect } from "effect"
import { counter } from "./counter.ts"
import { fill, fold, id, removeSnapshots, restoreMillis, saveSnapshot } from "./history.ts"
import { sustained, systemIn } from "./load.ts"
import { collect, inFolder, millisOf, type Row, type Section } from "@stopcopy/workbench"
import { eventsAfterSnapshot, grownSizes, growthWarmUp, maxRepeats, repeatedEvents, grownAtOnce } from "./sizes.ts"

/** What was measured at one size. */
interface Grown {
  readonly events: number
  readonly appendsPerSecond: number
  readonly eventsPerSecond: number
  readonly restoreMillis: number
  readonly snapshotMillis: number
}

/** How often something is measured at a size. */
const times = (events: number): number => Math.max(1, Math.min(maxRepeats, Math.floor(repeatedEvents / events)))

/** The least of its milliseconds. */
const best = <E, R>(events: number, millis: Effect.Effect<number, E, R>): Effect.Effect<number, E, R> =>
  Effect.map(Effect.replicateEffect(Effect.zipRight(collect, millis), times(events)), (all) => Math.min(...all))

/** Milliseconds until the last of `events` commands on one actor is durable. */
const appendMillis = (file: string, events: number) =>
  systemIn(
    file,
    Effect.gen(function* () {
      const system = yield* ActorSystem
      const actor = yield* system.actor(counter, id)
      return yield* millisOf(sustained([actor], events, grownAtOnce))
    })
  )

/** Measures a journal of `events` events, in `file`. */
const readAll = (file: string, events: number) =>
  Effect.gen(function* () {
    yield* removeSnapshots(file)
    const folds = yield* Effect.replicateEffect(Effect.zipRight(collect, fold(file)), times(events))
    const restored = yield* best(events, restoreMillis(file))
    yield* saveSnapshot(file, events, folds[0]?.json ?? "")
    yield* fill(file, events, eventsAfterSnapshot)
    const snapshotMillis = yield* best(events, restoreMillis(file))
    return { foldMillis: Math.min(...folds.map(({ millis }) => millis)), restored, snapshotMillis }
  })

const grownTo = (events: number): Effect.Effect<Grown, unknown> =>
  Effect.gen(function* () {
    const thrownAway = inFolder((file) => appendMillis(file, events))
    const before = yield* Effect.replicateEffect(Effect.zipRight(collect, thrownAway), times(events) - 1)
    return yield* inFolder((file) =>
      Effect.gen(function* () {
        const append = Math.min(...before, yield* appendMillis(file, events))
        const { foldMillis, restored, snapshotMillis } = yield* readAll(file, events)
        return {
          events,
          appendsPerSecond: (events * 1000) / append,
          eventsPerSecond: (events * 1000) / foldMillis,
          restoreMillis: restored,
          snapshotMillis
        }
      })
    )
  })

const size = (events: number): string => `${events.toLocaleString("en-US")} events`

/** One measure at all sizes, each against the smallest. */
const series = (
  name: string,
  word: Row["word"],
  unit: string,
  all: ReadonlyArray<Grown>,
  value: (grown: Grown) => number
): ReadonlyArray<Row> =>
  all.map((grown, index) => ({
    name: `${name}, ${size(grown.events)}`,
    word,
    unit,
    value: value(grown),
    against: all
      .slice(0, index === 0 ? 0 : 1)
      .map((first) => ({ to: `that of ${size(first.events)}`, value: value(first) }))
  }))

export const growth: Effect.Effect<Section, unknown> = Effect.map(
  Effect.zipRight(grownTo(growthWarmUp), Effect.forEach(grownSizes, grownTo)),
  (all) => ({
    title: "Growth: one actor from its first event on",
    rows: [
      ...series("sustained append", "durable", "commands/s", all, ({ appendsPerSecond }) => appendsPerSecond),
      ...series("Replay.stateAt", "none", "events/s", all, ({ eventsPerSecond }) => eventsPerSecond),
      ...series("restored from the first event", "none", "ms", all, ({ restoreMillis: millis }) => millis),
      ...series(
        `restored from a snapshot and ${eventsAfterSnapshot} events`,
        "none",
        "ms",
        all,
        ({ snapshotMillis }) => snapshotMillis
      )
    ]
  })
)
