/**
 * One live migration of one VF between two hosts, for the demo: the state of the device goes from agent to agent, the memory of the guest from VMM to VMM, and
 * what the guest has attached moves. No coordinator. The steps are those of `docs/architecture.md`, "The way of one migration".
 *
 * D1 Until the attachment has moved, a step that fails, or an interrupt, resets the destination and puts the source back to RUNNING; the guest goes on there.
 *    After that it only goes forward: never two sides that run.
 * D2 The guest works on until STOP_COPY; no access of it is lost, it waits.
 */
import { Views } from "@stopcopy/agent"
import { EIO } from "@stopcopy/errno"
import type { MigrationState } from "@stopcopy/vfio"
import { type AddressSpace, beginMove, type Move } from "@stopcopy/vmm"
import type { Host as VmmHost } from "@stopcopy/vmm/node"
import { Cause, Clock, Effect, Fiber } from "effect"
import type { Display } from "./Display.ts"
import type { Guest } from "./Guest.ts"
import type { Migrated, Transfer } from "./Migrated.ts"
import { durationText, transferText } from "./Report.ts"
import { type End, ofDevice, type OpenEnd, transfer } from "./Transfer.ts"

interface MigrationOptions {
  readonly source: End
  readonly destination: End
  readonly guest: Guest
  /** The way to the socket of the destination's VF, and the guest's memory there. */
  readonly wire: ReturnType<VmmHost["wire"]>
  readonly space: AddressSpace
  readonly display: Display
}

/** Size of a chunk in bytes: the setup part takes several, the rest one. */
const chunkBytes = { setup: 40, state: 4096 } as const
/** The guest has so many answers at least while the source is in PRE_COPY. */
const liveAnswers = 40

const enter = (end: End, to: MigrationState) => end.agent.setState({ ...ofDevice(end), to })

/** Enters a state that opens a session. */
const openSession = (end: End, to: MigrationState) =>
  Effect.flatMap(enter(end, to), ({ session }) =>
    session === null
      ? Effect.dieMessage(`the arc to ${to} must open a session`)
      : Effect.succeed<OpenEnd>({ ...end, session: session.token })
  )

/** An effect's result with the nanoseconds it took. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeNanos
    const result = yield* effect
    return [result, Number((yield* Clock.currentTimeNanos) - start)] as const
  })

const after = (text: string) => (result: readonly [unknown, number]) => `${text}  ${durationText(result[1])}`

/** Copies the pages that were written since the last time to the memory at the destination; how many. */
const copyDirty = ({ guest: { attachment }, space }: MigrationOptions) =>
  Effect.flatMap(attachment.dirty.takeAll, (pages) =>
    Effect.as(attachment.memory.copyPages(pages, space.memory), pages.length)
  )

/** The memory while the guest writes it: all of it, then what was written meanwhile. */
const liveMemory = (options: MigrationOptions) =>
  Effect.gen(function* () {
    const { attachment, workload } = options.guest
    yield* attachment.dirty.start
    const pages = attachment.memory.residentPages
    yield* attachment.memory.copyPages(pages, options.space.memory)
    yield* workload.more(liveAnswers)
    return pages.length + (yield* copyDirty(options))
  })

/** PRE_COPY and RESUMING: the setup part and most of the memory move while the guest works, and the destination judges the setup part. */
const preCopy = (options: MigrationOptions) =>
  Effect.gen(function* () {
    const { destination, display, source } = options
    const [from, to] = yield* display.step(
      "PRE_COPY",
      Effect.all([openSession(source, "PRE_COPY"), openSession(destination, "RESUMING")]),
      () => "the guest works on; the destination is RESUMING"
    )
    const setup = yield* display.step(
      "setup part",
      transfer(from, to, { length: chunkBytes.setup, offset: 0 }),
      (sent) => `${transferText(sent)}; the destination accepts it`
    )
    const pages = yield* display.step(
      "guest memory",
      liveMemory(options),
      (count) => `${count} pages, while the guest writes them`
    )
    return { from, to, setup, pages }
  })

const differs = ({ destination, field, source }: Views.Difference): EIO =>
  new EIO({
    refusal: {
      code: "demo.view.differs",
      rule: "both sides must have the same migrated view before the destination runs",
      where: field,
      source,
      destination,
      remedy: "the source goes back to RUNNING; report this with the journals"
    }
  })

/** RESUMING to STOP, which loads the device, and the comparison that stands before the point of no return. */
const load = ({ destination, source }: MigrationOptions) =>
  Effect.gen(function* () {
    yield* enter(destination, "STOP")
    const viewOf = (end: End) => end.agent.digest({ device: end.device, migration: end.migration, view: true })
    const [before, now] = yield* Effect.all([viewOf(source), viewOf(destination)])
    const difference = Views.firstDifference(before.view ?? {}, now.view ?? {})
    return difference === undefined ? now.digests : yield* differs(difference)
  })

/** The guest's CPUs stand, no access is under way, and the block is saved. */
const stopGuest = (options: MigrationOptions, move: Move) =>
  options.guest.workload.processor.shut.pipe(
    Effect.zipRight(move.quiesce),
    Effect.zipRight(enter(options.source, "STOP_COPY"))
  )

interface Begun {
  readonly from: OpenEnd
  readonly to: OpenEnd
  readonly setup: Transfer
}

/** The rest of the block, and the pages that were written last. */
const lastData = (options: MigrationOptions, { from, setup, to }: Begun) =>
  Effect.gen(function* () {
    const state = yield* transfer(from, to, { length: chunkBytes.state, offset: setup.bytes })
    const pages = yield* copyDirty(options)
    yield* options.guest.attachment.dirty.stop
    return { state, pages }
  })

/** PRE_COPY_P2P, STOP_COPY, the rest of the data, STOP: everything up to the point of no return. */
const switchOver = (options: MigrationOptions, move: Move, begun: Begun) =>
  Effect.gen(function* () {
    const { display, source } = options
    const [, drain] = yield* display.step(
      "PRE_COPY_P2P",
      timed(enter(source, "PRE_COPY_P2P")),
      after("banks drained, registers still answer")
    )
    const [, stop] = yield* display.step(
      "STOP_COPY",
      timed(stopGuest(options, move)),
      after("the guest stands still, the block is saved")
    )
    const [last, sending] = yield* display.step(
      "rest of the data",
      timed(lastData(options, begun)),
      ([{ pages, state }, nanos]) => `${transferText(state)}, ${pages} pages  ${durationText(nanos)}`
    )
    const [digests, loading] = yield* display.step(
      "RESUMING to STOP",
      timed(load(options)),
      after("loaded; both sides have the same migrated view")
    )
    return { digests, last, parts: { drain, stop, transfer: sending, load: loading } }
  })

/** For somebody who has interrupted. */
const sayPutBack = ({ destination, display, source }: MigrationOptions): Effect.Effect<void> =>
  Effect.all([source.agent.getState(ofDevice(source)), destination.agent.getState(ofDevice(destination))]).pipe(
    Effect.flatMap(([left, right]) =>
      display.say(
        `  Interrupted and put back: the source VF is ${left.state}, the destination VF is reset (${right.state}).`
      )
    ),
    Effect.catchAll((error) => display.say(`  Interrupted; the states cannot be told: ${error.message}`))
  )

/**
 * A source that is gone has taken its log along, and would be waited for. In a fiber of its own: where the migration is interrupted, nothing of it can be
 * interrupted again.
 */
const stopDirtyLog = ({ attachment }: Guest): Effect.Effect<void> =>
  Effect.raceFirst(Effect.ignore(attachment.dirty.stop), attachment.until("Lost")).pipe(
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await),
    Effect.asVoid
  )

/** Resets a device at whatever epoch it stands: a vote that it has given is withdrawn. */
const reset = (end: End) =>
  Effect.flatMap(end.agent.getState(ofDevice(end)), ({ epoch }) => end.agent.reset({ ...ofDevice(end), epoch }))

/** Gives up: the destination is reset, the source runs again, and so does the guest. What cannot be undone is said. */
const putBack = (options: MigrationOptions): Effect.Effect<void> => {
  const { destination, display, guest, source } = options
  const failed = (what: string) => (error: { readonly message: string }) =>
    display.say(`  ${what} failed: ${error.message}`)
  return Effect.all(
    [
      Effect.catchAll(reset(destination), failed("resetting the destination")),
      Effect.catchAll(enter(source, "RUNNING"), failed("putting the source back to RUNNING")),
      stopDirtyLog(guest),
      guest.workload.processor.open
    ],
    { discard: true }
  )
}

/** Puts back whatever fails or is interrupted. */
const orPutBack =
  (options: MigrationOptions) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.onError(work, (cause) =>
      Effect.zipRight(putBack(options), Cause.isInterrupted(cause) ? sayPutBack(options) : Effect.void)
    )

/** Up to the point of no return. The destination has voted for the epoch then. */
const untilLoaded = (options: MigrationOptions, move: Move, epoch: number) =>
  Effect.gen(function* () {
    const begun = yield* preCopy(options)
    const { digests, last, parts } = yield* switchOver(options, move, begun)
    const { agent, device, migration } = options.destination
    const [, grant] = yield* timed(agent.grant({ device, migration, epoch, digest: digests.whole }))
    return { begun, digests, last, parts, grant }
  })

/** What the guest has attached moves, the source is fenced, the destination may run. Nothing of it goes back. */
const takeOver = (options: MigrationOptions, move: Move, epoch: number) =>
  Effect.gen(function* () {
    const { destination, source } = options
    yield* orPutBack(options)(move.commit)
    yield* source.agent.fence({ ...ofDevice(source), epoch })
    yield* destination.agent.adopt({ ...ofDevice(destination), epoch })
  })

/** The destination runs, and the guest goes on there. */
const goOn = ({ destination, guest }: MigrationOptions, move: Move, epoch: number) =>
  Effect.zipRight(enter({ ...destination, epoch }, "RUNNING"), move.resume).pipe(
    Effect.zipRight(guest.workload.processor.open)
  )

/** Migrates. The source is in STOP afterwards and fenced, the destination RUNNING. An interrupt after the point of no return waits. */
export const migrate = (options: MigrationOptions) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { destination, display, guest, source } = options
      const epoch = Math.max(source.epoch, destination.epoch) + 1
      const move = yield* restore(beginMove(guest.attachment, options.wire, options.space))
      const loaded = yield* restore(untilLoaded(options, move, epoch)).pipe(orPutBack(options))
      const [, taking] = yield* display.step(
        `epoch ${epoch}`,
        timed(takeOver(options, move, epoch)),
        after("the destination has voted for it, the source is fenced")
      )
      const [, resume] = yield* display.step(
        "RUNNING",
        timed(goOn(options, move, epoch)),
        after("the guest goes on at the destination")
      )
      const { begun, digests, grant, last, parts } = loaded
      const migrated: Migrated = {
        setup: begun.setup,
        state: last.state,
        pages: { live: begun.pages, last: last.pages },
        blackout: { ...parts, epoch: grant + taking, resume },
        epoch,
        digests
      }
      return migrated
    })
  ).pipe(Effect.scoped)
