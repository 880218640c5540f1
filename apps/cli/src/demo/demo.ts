/**
 * `stopcopy demo`: two emulators and a coordinator, each a process of its own, and guests at work over vfio-user. The coordinator refuses a migration, carries one
 * out, cancels one, and evacuates a host; the guests work on all the time. Then the guests' results, the journals of all processes, and the ledger over them must
 * agree.
 */
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import type { Migration } from "@stopcopy/coordinator-api"
import { Effect, Either, Logger, LogLevel, Schema, type Scope, Stream } from "effect"
import { plural } from "../Columns.ts"
import { type Live, makeLive } from "../operate/Live.ts"
import { type Misuse, negative, Negative } from "../Outcome.ts"
import { Terminal } from "../Terminal.ts"
import type { Guest } from "../world/Guest.ts"
import { pfsWith, slas } from "../world/Hardware.ts"
import { hangup } from "../world/hangup.ts"
import { downtimeLimitMillis, introduction } from "../world/Introduction.ts"
import type { Passage } from "../world/Moves.ts"
import {
  allowDowntime,
  oneDied,
  populate,
  startWorld,
  stopWorld,
  type World,
  type WorldFailed,
  type WorldOptions
} from "../world/World.ts"
import { downtimeLines } from "./Downtimes.ts"
import { demoFiles, type FileOptions } from "./Files.ts"
import { type AllChecked, checkJournals, type Moved } from "./Replayed.ts"
import { type Answered, filesLines, isBalanced, isSame, replayedLines, requestsLines } from "./Report.ts"
import { cancelled, evacuated, moved, refused, type Stage } from "./Steps.ts"

/** One guest moves by itself, the others with the evacuation. */
const evacuees = 8
const guestCount = evacuees + 1

const hardware = pfsWith(guestCount)
const pfs = { alpha: [...hardware.alpha, ...slas.alpha], beta: [...hardware.beta, ...slas.beta] }

/** Answers that guests wait for before, between and after migrations, at least. */
const answersBefore = 50
const answersBetween = 20
const answersAfter = 10

/** How long everything between start and end of the processes may take; it takes a quarter of that on two cores that do other work, too. */
const workTime = "80 seconds"
/** How long a failure waits for the news that a process has ended: then that is what is said. */
const newsTime = "500 millis"

/** What the live part leaves for the checks. */
interface Told {
  readonly answered: ReadonlyArray<Answered>
  readonly moved: ReadonlyArray<Moved>
  readonly migrations: ReadonlyArray<Migration>
}

/** Every guest has so many answers more. */
const everybody = (guests: ReadonlyArray<Guest>, count: number) =>
  Effect.forEach(guests, ({ workload }) => workload.more(count), { concurrency: "unbounded", discard: true })

/** What is said below a title. */
const inset = (live: Live): Live => ({
  rewrites: live.rewrites,
  now: (text) => live.now(`  ${text}`),
  say: (lines) => live.say(lines.map((line) => `  ${line}`))
})

/** The four things that the coordinator does. Gives those that moved a guest. */
const steps = (world: World, live: Live, isWhole: () => boolean) =>
  Effect.gen(function* () {
    const { coordinator, guests } = world
    const stage: Stage = { isWhole, coordinator, live: inset(live) }
    const { say } = stage.live
    const title = (text: string, command: string) => live.say(["", text, `  as by: ${coordinator.command(command)}`])
    yield* title("1. A migration that cannot be: vm-0 to PF b of beta", "migrate alpha/a/vf0 --to beta/b/vf0")
    yield* refused(stage, { key: "stopcopy-demo-refused", from: "alpha/a/vf0", to: "beta/b/vf0" })
    yield* everybody(guests.slice(0, 1), answersBetween)
    yield* say(["vm-0 has noticed nothing, and works on"])
    yield* title("2. A live migration: vm-0 to PF a of beta", "migrate alpha/a/vf0 --to beta/a/vf0")
    const first = yield* moved(stage, { key: "stopcopy-demo-moved", from: "alpha/a/vf0", to: "beta/a/vf0" })
    yield* everybody(guests.slice(0, 1), answersBetween)
    const { last, live: atWork } = world.moves.passageOf("vm-0") ?? noPassage
    const pages = `${atWork} pages of its memory went over while it worked, ${last} while it stood still`
    yield* say([`vm-0 works on, on beta; ${pages}`])
    yield* title(
      "3. A migration that is cancelled: vm-1, which may stand still for 1 ms and no more",
      "migrate alpha/a/vf1 --to beta/a/vf1 --downtime-limit 1ms --patience 1min"
    )
    yield* cancelled(stage, { key: "stopcopy-demo-cancelled", from: "alpha/a/vf1", to: "beta/a/vf1" })
    yield* everybody(guests.slice(1, 2), answersBetween)
    yield* say(["vm-1 works on, on alpha"])
    yield* title(`4. Alpha is to be switched off: its ${evacuees} VFs are evacuated`, "evacuate alpha --yes")
    const others = yield* evacuated(stage, "alpha", evacuees)
    yield* everybody(guests, answersAfter)
    yield* say([`nobody is left on alpha; all ${guests.length} guests work on, on beta`])
    return [first, ...others]
  })

const Agreed = Schema.Struct({ digests: Schema.NonEmptyArray(Schema.String) })
const decodeAgreed = Schema.decodeUnknownEither(Agreed)

/** What both sides of each migration had when the coordinator compared them. */
const digestsOf = ({ coordinator }: World) =>
  coordinator.events({ after: 0, follow: false }).pipe(
    Stream.filter(({ type }) => type === "Agreed"),
    Stream.runFold(new Map<string, string>(), (digests, { correlation, payload }) =>
      Either.match(decodeAgreed(payload), {
        onLeft: () => digests,
        onRight: ({ digests: [digest] }) => digests.set(correlation, digest)
      })
    )
  )

const noPassage: Passage = { live: 0, last: 0, before: 0, until: 0 }

/** The guests from the beginning of their work to its end. They are gone when the processes are asked to end. */
const lives = (world: World, live: Live, isWhole: () => boolean) =>
  Effect.gen(function* () {
    yield* populate(world, guestCount)
    const { guests, moves } = world
    yield* allowDowntime(world, downtimeLimitMillis)
    yield* live.say(introduction(world, guestCount))
    yield* everybody(guests.slice(0, 1), answersBefore)
    const migrations = yield* steps(world, live, isWhole)
    yield* Effect.forEach(guests, ({ workload }) => workload.stop, { concurrency: "unbounded", discard: true })
    const digests = yield* digestsOf(world)
    const told: Told = {
      migrations,
      answered: guests.map(({ name, workload: { report, taken } }) => ({
        guest: name,
        passage: moves.passageOf(name) ?? noPassage,
        taken,
        wrong: report.wrong
      })),
      moved: migrations.flatMap(({ attempt, group, id, moves: [move] }) => {
        const guest = guests.find(({ name }) => name === group)
        if (guest === undefined || move === undefined) return []
        const migration = attempt > 1 ? `${id}.${attempt}` : id
        const { accounts } = guest.workload
        return [{ guest: group, migration, ...move, digest: digests.get(migration) ?? "", accounts }]
      })
    }
    return told
  }).pipe(
    Effect.scoped,
    Effect.timeoutFail({
      duration: workTime,
      onTimeout: () => new Negative({ message: `the guests' work and the migrations took longer than ${workTime}` })
    })
  )

/**
 * Work with all processes. If one ends meanwhile that is the failure, whatever else it led to. An interrupt waits until the work has put back what it had begun: a
 * race that is interrupted itself would not.
 */
const whileAllLive = <A, E, R>(world: World, work: (isWhole: () => boolean) => Effect.Effect<A, E, R>) =>
  Effect.uninterruptibleMask((restore) => {
    let isWhole = true
    const died = Effect.tapError(oneDied(world), () => Effect.sync(() => (isWhole = false)))
    const working = Effect.catchAll(
      work(() => isWhole),
      (error) => Effect.delay(Effect.fail(error), newsTime)
    )
    return Effect.raceFirst(restore(working), restore(died))
  })

/** From the start of the processes to their end. */
const runLive = (live: Live, options: WorldOptions): Effect.Effect<Told, Negative, Terminal> =>
  Effect.gen(function* () {
    yield* live.now("  starting ...")
    const world = yield* startWorld(options)
    const told = yield* whileAllLive(world, (isWhole) => lives(world, live, isWhole))
    yield* stopWorld(world)
    return told
  }).pipe(
    Effect.scoped,
    Effect.mapError((error: WorldFailed | Negative) => (error instanceof Negative ? error : negative(error))),
    Logger.withMinimumLogLevel(LogLevel.None)
  )

/** The first thing that does not agree. */
const disagreement = ({ answered }: Told, checked: AllChecked): string | undefined => {
  const wrong = answered.reduce((sum, one) => sum + one.wrong, 0)
  if (wrong > 0) return `${plural(wrong, "result")} of the guests' requests are wrong`
  if (checked.guests.length !== guestCount) return `${checked.guests.length} of ${guestCount} guests were moved`
  if (!isBalanced(checked, answered)) return "the ledger is not balanced"
  return checked.guests.every(isSame) ? undefined : "the journals do not replay to the same states"
}

const run = (
  options: FileOptions
): Effect.Effect<void, Misuse | Negative, FileSystem | Path | Terminal | Scope.Scope> =>
  Effect.gen(function* () {
    yield* hangup
    const live = yield* makeLive(false)
    const { program } = yield* Terminal
    const files = yield* demoFiles(options)
    const { journals } = files
    yield* live.say(["A fleet on this machine: two hosts and a coordinator, each a process of its own"])
    const command = (words: string): string => `stopcopy ${words}`
    const told = yield* runLive(live, { ...files, pfs, listen: "127.0.0.1:0", command })
    const checked = yield* Effect.mapError(checkJournals(journals, told.moved), negative)
    yield* live.say(["", "Requests of the guests", ...requestsLines(told.answered, checked)])
    yield* live.say([
      "",
      "How long they stood still, in milliseconds",
      ...downtimeLines(told.migrations).map((line) => `  ${line}`)
    ])
    yield* live.say(["", "The journals, read again after all processes have ended", ...replayedLines(checked)])
    const [first] = told.moved
    const report = { journals, events: checked.events, program, migration: first?.migration ?? "" }
    yield* live.say(["", "Journals", ...filesLines(report)])
    const bad = disagreement(told, checked)
    if (bad !== undefined) yield* new Negative({ message: bad })
  })

/** Runs the demo; fails with `Negative` unless everything agrees. */
export const demo = (options: FileOptions): Effect.Effect<void, Misuse | Negative, FileSystem | Path | Terminal> =>
  Effect.scoped(run(options))
