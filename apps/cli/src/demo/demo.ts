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
import { millisText } from "../operate/Units.ts"
import { type Misuse, negative, Negative } from "../Outcome.ts"
import { Terminal } from "../Terminal.ts"
import { busy, calm, type Guest } from "../world/Guest.ts"
import { hangup } from "../world/hangup.ts"
import type { Passage } from "../world/Moves.ts"
import {
  addGuest,
  oneDied,
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

/** Guests: one moves by itself, the others with the evacuation. */
const evacuees = 8

/** What the VF of the first guest is promised: an SLA names ring pairs, so it fits only the same VF number. Rates elsewhere may be higher, never lower. */
const sla = (rates: string): ReadonlyArray<string> => ["--sla", `a/vf0=sym:${rates}`]
const vfs = `a=4xxx:${evacuees + 1}`
/** Symmetric crypto alone, and without AES-GCM in one pass (bit 16). */
const lesser = "b=4xxx:1,services=sym,capabilities=0x4000009"

const pfs = { alpha: ["--pf", vfs, ...sla("400:800")], beta: ["--pf", vfs, "--pf", lesser, ...sla("500:1000")] }

/** Longer than the coordinator's own 300 ms: four processes, and whatever else runs here, share this machine. */
const downtimeLimitMillis = 10_000

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

const introduce = ({ coordinator, guests, hosts, service, vmm }: World, live: Live) => {
  const [first] = guests
  const how = vmm.transport.passesDescriptors ? "with shared memory and eventfds" : "by messages alone"
  return live.say([
    `  alpha        process ${hosts.alpha.process.pid}: PF a with ${evacuees + 1} VFs`,
    `  beta         process ${hosts.beta.process.pid}: PF a with ${evacuees + 1} VFs; PF b with one, without AES-GCM and compression`,
    `  coordinator  process ${service.pid}: ${coordinator.baseUrl}`,
    `  guests       ${first?.name} to vm-${evacuees}, at work on the VFs of alpha over vfio-user, ${how}`,
    `               ${first?.name}: ${first?.kinds.join(", ")} on all ring pairs; the others one of these, now and then`,
    `  policy       a guest may stand still for ${millisText(downtimeLimitMillis)} here (the usual limit is 300 ms), as this machine may be busy`
  ])
}

/** The coordinator's policy with the limits of the demo. */
const allowLonger = ({ coordinator: { client } }: World) =>
  Effect.flatMap(client.policy.get(), (policy) => client.policy.put({ payload: { ...policy, downtimeLimitMillis } }))

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
    yield* refused(stage, { from: "alpha/a/vf0", to: "beta/b/vf0" })
    yield* everybody(guests.slice(0, 1), answersBetween)
    yield* say(["vm-0 has noticed nothing, and works on"])
    yield* title("2. A live migration: vm-0 to PF a of beta", "migrate alpha/a/vf0 --to beta/a/vf0")
    const first = yield* moved(stage, { from: "alpha/a/vf0", to: "beta/a/vf0" })
    yield* everybody(guests.slice(0, 1), answersBetween)
    yield* say(["vm-0 works on, on beta"])
    yield* title(
      "3. A migration that is cancelled: vm-1, which may stand still for 1 ms and no more",
      "migrate alpha/a/vf1 --to beta/a/vf1 --downtime-limit 1ms --patience 1min"
    )
    yield* cancelled(stage, { from: "alpha/a/vf1", to: "beta/a/vf1" })
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
    const numbers = Array.from({ length: evacuees + 1 }, (_, number) => number)
    yield* Effect.forEach(numbers, (number) => addGuest(world, number, number === 0 ? busy : calm), { concurrency: 3 })
    world.guests.sort((one, other) => one.name.localeCompare(other.name))
    const { guests, moves } = world
    yield* allowLonger(world)
    yield* introduce(world, live)
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
  if (checked.guests.length !== evacuees + 1) return `${checked.guests.length} of ${evacuees + 1} guests were moved`
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
