/**
 * `stopcopy demo`: two emulators, each a process of its own, and a guest at work on a VF of the first over vfio-user. The VF moves live to the second. Both
 * sides, the guest's results, the journals and the ledger over them must agree.
 */
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import { isErrno } from "@stopcopy/errno"
import type { Ledger } from "@stopcopy/qat"
import { type Host as VmmHost, makeHost } from "@stopcopy/vmm/node"
import { Effect, Logger, LogLevel, type Scope } from "effect"
import { plural } from "../Columns.ts"
import { negative, Negative, type Misuse } from "../Outcome.ts"
import { Terminal } from "../Terminal.ts"
import { type Display, make as makeDisplay } from "./Display.ts"
import { demoFiles, type FileOptions } from "./Files.ts"
import { type Guest, guestSpace, makeGuest } from "./Guest.ts"
import {
  device,
  deviceOf,
  type Host,
  type Hosts,
  type HostsOptions,
  lackingDevice,
  oneDied,
  startHosts,
  stopHosts
} from "./Hosts.ts"
import type { Migrated } from "./Migrated.ts"
import { migrate } from "./Migration.ts"
import { type Checked, checkJournals, type Seen } from "./Replayed.ts"
import { type Answers, isSame, refusalText, replayedText, reportText, requestsText } from "./Report.ts"

/** Migrations by their ids, which are the correlations in both journals. */
const migrations = { refused: "demo/refused", moved: "demo/moved" } as const

/** Answers that the guest waits for before, between and after the migrations, at least. */
const answersBefore = 100
const answersBetween = 40
const answersAfter = 150

/** How long everything between start and end of the emulators may take; it takes a second or two. */
const workTime = "60 seconds"
/** How long a failure waits for the news that an emulator has ended: then that is what is said. */
const newsTime = "500 millis"

/** What the live part leaves for the checks. */
interface Live {
  readonly migrated: Migrated
  readonly answers: Answers
  readonly wrong: number
  readonly accounts: ReadonlyArray<Ledger.GuestAccount>
}

/** Everybody who takes part. */
interface World {
  readonly display: Display
  readonly hosts: Hosts
  readonly vmm: VmmHost
  readonly guest: Guest
}

/** A migration of the guest's VF to a device of the destination, where its memory is new. */
const moveTo = ({ display, guest, hosts, vmm }: World, wanted: string, migration: string) =>
  Effect.gen(function* () {
    const to = yield* deviceOf(hosts.destination, wanted)
    const end = (host: Host, name: string) => ({ agent: host.agent, device: name, migration, epoch: 0 })
    return yield* migrate({
      source: end(hosts.source, device),
      destination: end(hosts.destination, wanted),
      guest,
      wire: vmm.wire(to.socketPath),
      space: yield* guestSpace(vmm),
      display
    })
  })

/** The destination's other PF lacks AES-GCM: the setup part is refused while the guest works, and the guest works on. */
const showRefusal = (world: World) =>
  Effect.gen(function* () {
    const { display, guest, hosts } = world
    yield* display.say("", `Refused: to ${lackingDevice} of the destination, on a PF without AES-GCM`)
    const result = yield* Effect.either(moveTo(world, lackingDevice, migrations.refused))
    if (result._tag === "Right") return yield* new Negative({ message: "a PF without AES-GCM took the VF" })
    if (!isErrno(result.left)) return yield* Effect.fail(result.left)
    yield* display.say(...refusalText(result.left.strerror, result.left.refusal))
    yield* guest.workload.more(answersBetween)
    const { state } = yield* hosts.source.agent.getState({ device })
    if (state !== "RUNNING") return yield* new Negative({ message: `the refusal left the source in ${state}` })
    yield* display.say("  The source VF is RUNNING, and the guest works on.")
  })

const introduce = ({ display, guest, hosts, vmm }: World) => {
  const { destination, source } = hosts
  const how = vmm.transport.passesDescriptors ? "with shared memory and eventfds" : "by messages alone"
  return display.say(
    `  source       process ${source.process.pid}, VF ${device}`,
    `  destination  process ${destination.process.pid}, VFs ${destination.devices.map(({ name }) => name).join(", ")}`,
    `  guest        at work on ${device} of the source: ${guest.kinds.join(", ")}`,
    `               over vfio-user, ${how}`
  )
}

/** The guest's answers over the demo, from the first to the last. */
const liveWith = (world: World) =>
  Effect.gen(function* () {
    const { display, guest } = world
    const { workload } = guest
    yield* workload.start
    yield* introduce(world)
    yield* workload.more(answersBefore)
    const before = workload.taken
    yield* showRefusal(world)
    const afterRefusal = workload.taken
    yield* display.say("", `Live migration: ${device} of the source to ${device} of the destination`)
    const migrated = yield* moveTo(world, device, migrations.moved)
    const atMove = workload.taken
    yield* workload.more(answersAfter)
    yield* workload.stop
    const { taken, wrong } = workload.report
    const answers = { before, refused: afterRefusal - before, during: atMove - afterRefusal, after: taken - atMove }
    const live: Live = { migrated, answers, wrong, accounts: workload.accounts }
    return live
  })

/** The guest from its first attachment to the end of its work. It is gone when the emulators are asked to end. */
const guestLife = (display: Display, hosts: Hosts) =>
  Effect.gen(function* () {
    const vmm = yield* makeHost()
    const { socketPath } = yield* deviceOf(hosts.source, device)
    return yield* liveWith({ display, hosts, vmm, guest: yield* makeGuest(vmm, socketPath) })
  }).pipe(
    Effect.scoped,
    Effect.timeoutFail({
      duration: workTime,
      onTimeout: () => new Negative({ message: `the guest's work and the migrations took longer than ${workTime}` })
    })
  )

/**
 * Work with both emulators. If one ends meanwhile that is the failure, whatever else it led to. An interrupt waits until the work has put back what it had
 * begun: a race that is interrupted itself would not.
 */
const whileBothLive = <A, E, R>(hosts: Hosts, work: Effect.Effect<A, E, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.raceFirst(
      restore(Effect.catchAll(work, (error) => Effect.delay(Effect.fail(error), newsTime))),
      restore(oneDied(hosts))
    )
  )

/** A terminal that is closed ends the demo as SIGTERM does: its emulators are in groups of their own. */
const hangup = Effect.acquireRelease(
  Effect.sync(() => {
    const end = (): void => void process.kill(process.pid, "SIGTERM")
    process.once("SIGHUP", end)
    return end
  }),
  (end) => Effect.sync(() => process.off("SIGHUP", end))
)

/** From the start of the emulators to their end. */
const runLive = (display: Display, options: HostsOptions): Effect.Effect<Live, Negative> =>
  Effect.gen(function* () {
    yield* hangup
    const hosts = yield* startHosts(options)
    const live = yield* whileBothLive(hosts, guestLife(display, hosts))
    yield* stopHosts(hosts)
    return live
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) => (error._tag === "Negative" ? error : negative(error))),
    Logger.withMinimumLogLevel(LogLevel.None)
  )

const seenOf = ({ digests: { whole } }: Migrated): ReadonlyArray<Seen> => {
  const both = { stream: `vf/${device}`, migration: migrations.moved, digest: whole }
  return [
    { ...both, side: "source", to: "STOP_COPY" },
    { ...both, side: "destination", to: "STOP" }
  ]
}

/** The first thing that does not agree. */
const disagreement = ({ wrong }: Live, { findings, replayed }: Checked): Negative | undefined => {
  if (wrong > 0) return new Negative({ message: `${plural(wrong, "result")} of the guest's requests are wrong` })
  if (findings.length > 0) return new Negative({ message: "the ledger is not balanced" })
  return isSame(replayed) ? undefined : new Negative({ message: "the journals do not replay to the same states" })
}

const run = (
  options: FileOptions
): Effect.Effect<void, Misuse | Negative, FileSystem | Path | Terminal | Scope.Scope> =>
  Effect.gen(function* () {
    const display = yield* makeDisplay
    const { program } = yield* Terminal
    const files = yield* demoFiles(options)
    const { journals } = files
    yield* display.say("Two emulators of QAT devices, each a process of its own")
    const live = yield* runLive(display, files)
    const { accounts, answers, migrated, wrong } = live
    const checking = checkJournals(journals, seenOf(migrated), `vf/${device}`, accounts)
    const checked = yield* Effect.mapError(checking, (error) => negative(error))
    yield* display.say("", "Requests of the guest", ...requestsText(answers, checked, wrong))
    yield* display.say(
      "",
      "The journals, read again after both emulators have ended",
      ...replayedText(checked.replayed)
    )
    const report = { checked, journals, migrated, migration: migrations.moved, program }
    yield* display.say("", "Report", ...reportText(report))
    const bad = disagreement(live, checked)
    if (bad !== undefined) yield* bad
  })

/** Runs the demo; fails with `Negative` unless everything agrees. */
export const demo = (options: FileOptions): Effect.Effect<void, Misuse | Negative, FileSystem | Path | Terminal> =>
  Effect.scoped(run(options))
