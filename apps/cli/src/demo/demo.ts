/** `stopcopy demo`: a QAT VF moves live from one PF to another; both sides, the journal and a replay of it must agree. */
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { type Errno, isErrno } from "@stopcopy/errno"
import { Hardware, MigratedView, type VfState } from "@stopcopy/qat"
import { ActorSystem, type JournalError, withCorrelation } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer, Option } from "effect"
import { columns, plural } from "../Columns.ts"
import { newJournal } from "../journal/NewJournal.ts"
import { misuse, type Misuse, negative, Negative } from "../Outcome.ts"
import { Terminal } from "../Terminal.ts"
import { chunkSizes } from "./Chunks.ts"
import { type Display, make as makeDisplay } from "./Display.ts"
import { build, type Placed } from "./Fleet.ts"
import * as Guest from "./Guest.ts"
import type { Migrated } from "./Migrated.ts"
import { migrate } from "./Migration.ts"
import { type Replayed, replayAll, type Seen } from "./Replayed.ts"
import { comparisonText, leftOutText, refusalText, reportText } from "./Report.ts"

/** Chunk sizes of the demo are the same every time. */
const seed = 6
/** Rounds of work before the migration, and the first one of pre-copy. */
const roundsBefore = 20

const workBefore: ReadonlyArray<Guest.Write> = [
  ...Guest.start,
  ...Array.from({ length: roundsBefore }, (_, index) => Guest.work(index + 1)).flat()
]

const seenNow = (moment: string, { vf }: Placed["driver"]): Seen => ({
  moment,
  stream: vf.stream,
  sequence: vf.unsafePosition(),
  state: vf.unsafeState()
})

/** What the live part leaves for the checks. */
interface Live {
  readonly migrated: Migrated
  readonly equal: boolean
  readonly seen: ReadonlyArray<Seen>
  readonly refused: boolean
}

const moveLive = (display: Display, source: Placed, destination: Placed) =>
  migrate({
    source: source.driver,
    destination: destination.driver,
    nextSize: chunkSizes(seed),
    guestRuns: (chunk) => Guest.perform(source.driver, Guest.work(roundsBefore + chunk)),
    guestInP2P: Guest.perform(source.driver, Guest.burst(0, 60, 8)),
    display
  }).pipe(withCorrelation(`demo/${source.address}`))

const compare = (display: Display, source: VfState.Vf, destination: VfState.Vf) =>
  Effect.gen(function* () {
    const [before, after] = [MigratedView.migratedView(source), MigratedView.migratedView(destination)]
    const difference = MigratedView.firstDifference(before, after)
    yield* display.say(
      "",
      "Both sides compared by migratedView",
      ...comparisonText(before, after),
      difference === undefined
        ? "  The views are equal."
        : `  The views differ first in ${difference.field}: source ${difference.source}, destination ${difference.destination}.`,
      "",
      "Not in the view, and why",
      ...leftOutText()
    )
    return difference === undefined
  })

/** A third PF lacks LZ4: the setup part is refused while the VF runs, and the VF goes on running. */
const showRefusal = (display: Display, source: Placed, destination: Placed) =>
  Effect.gen(function* () {
    yield* display.say("", `Refused: on to ${destination.pf}, a PF without LZ4`)
    const result = yield* Effect.either(moveLive(display, source, destination))
    if (result._tag === "Right") {
      yield* display.say("  It was not refused.")
      return false
    }
    if (!isErrno(result.left)) return yield* Effect.fail(result.left)
    yield* display.say(...refusalText(result.left.strerror, result.left.refusal))
    const state = yield* source.driver.getState
    yield* display.say(`  The source VF ${source.address} is ${state}.`)
    return state === "RUNNING"
  })

const live = (display: Display): Effect.Effect<Live, Errno | JournalError, ActorSystem | Hardware> =>
  Effect.gen(function* () {
    const { destination, lacking, source } = yield* build
    yield* Guest.perform(source.driver, workBefore)
    yield* display.say(
      `Live migration of QAT VF ${source.address} (PF ${source.pf}) to ${destination.address} (PF ${destination.pf})`,
      `  The guest has made ${plural(workBefore.length, "register write")}; it goes on during pre-copy.`,
      ""
    )
    const migrated = yield* moveLive(display, source, destination)
    const atEnd = [seenNow("source, retired", source.driver), seenNow("destination, RUNNING", destination.driver)]
    const equal = yield* compare(display, source.driver.vf.unsafeState(), destination.driver.vf.unsafeState())
    yield* Effect.zipRight(source.driver.reset, source.driver.close)
    const refused = yield* showRefusal(display, destination, lacking)
    const last = [source, destination, lacking].map(({ driver }) => seenNow("at the end", driver))
    return { migrated, equal, refused, seen: [...atEnd, ...last] }
  })

const showReplay = (display: Display, replayed: ReadonlyArray<Replayed>) =>
  Effect.gen(function* () {
    const rows = replayed.map(({ again, live, moment, sameState, sequence, stream }) => [
      `  ${moment}`,
      stream,
      `after event ${sequence}`,
      again.slice(0, 16),
      live === again && sameState ? "equal" : "DIFFERENT"
    ])
    const same = replayed.every(({ again, live, sameState }) => live === again && sameState)
    yield* display.say(
      "",
      "The journal replayed in a fresh runtime",
      ...columns(rows),
      same ? "  States and digests are equal, the hash chain is whole." : "  The replay differs."
    )
    return same
  })

/** The path of the new journal: the one that was asked for, which must be free, or one in a fresh folder. */
const journalPath = (wanted: Option.Option<string>) =>
  Effect.gen(function* () {
    const [files, path] = yield* Effect.all([FileSystem, Path])
    if (Option.isNone(wanted))
      return path.join(yield* files.makeTempDirectory({ prefix: "stopcopy-demo-" }), "journal.db")
    return yield* newJournal(wanted.value, "the demo's")
  }).pipe(Effect.catchTags({ BadArgument: (error) => misuse(error), SystemError: (error) => misuse(error) }))

const runLive = (display: Display, file: string): Effect.Effect<Live, Misuse | Negative> =>
  live(display).pipe(
    Effect.mapError((error) => negative(error)),
    Effect.provide(Layer.merge(Hardware.layerIdle, ActorSystem.layer.pipe(Layer.provide(layerSqlite({ file }))))),
    Effect.mapError((error) => (error._tag === "Negative" ? error : misuse(error)))
  )

const disagreement = ({ equal, refused }: Live, same: boolean): Negative | undefined => {
  if (!equal) return new Negative({ message: "the views of source and destination differ" })
  if (!same) return new Negative({ message: "the journal does not replay to the same states" })
  return refused ? undefined : new Negative({ message: "the refusal did not leave the source RUNNING" })
}

/** Runs the demo; fails with `Negative` unless everything agrees. */
export const demo = (options: {
  readonly journal: Option.Option<string>
}): Effect.Effect<void, Misuse | Negative, FileSystem | Path | Terminal> =>
  Effect.gen(function* () {
    const display = yield* makeDisplay
    const { program } = yield* Terminal
    const file = yield* journalPath(options.journal)
    const outcome = yield* runLive(display, file)
    const { events, replayed } = yield* Effect.mapError(replayAll(file, outcome.seen), (error) => negative(error))
    const same = yield* showReplay(display, replayed)
    yield* display.say("", "Report", ...reportText({ migrated: outcome.migrated, events, journal: file, program }))
    const bad = disagreement(outcome, same)
    if (bad !== undefined) yield* bad
  })
