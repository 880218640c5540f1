/**
 * The walk from one migration state to another, arc by arc, as an operation: an arc that has to wait (drain, coalesced
 * interrupt, mailbox lock) ends the turn, and the outcome's turn goes on from there. Source: `drivers/vfio/pci/qat/main.c`,
 * `drivers/vfio/vfio_main.c`; section 4 of the driver specification.
 *
 * W1 The state after a failure is the last one reached; nothing is rolled back.
 * W2 Only the last arc of a walk may produce a file.
 */
import { EBUSY, EINVAL, type Errno, ETIMEDOUT } from "@stopcopy/errno"
import { MigrationFlags, type MigrationState, MigrationStates, NextState } from "@stopcopy/vfio"
import { Either } from "effect"
import { fromErrno } from "./Failure.ts"
import { deriveInterrupts } from "./InterruptTurn.ts"
import { blockBytes } from "./mstate/Layout.ts"
import * as Ops from "./MigrationOps.ts"
import { servePending } from "./pfvf/Serve.ts"
import { because as becauseAt } from "./Refusals.ts"
import { clearForSession, closeEnded, creationFailure, startSession } from "./Session.ts"
import { accept, askFile, emit, endSessions, refuse, type Turn, type VfDecision } from "./Turn.ts"
import type { Surroundings, VfCommand } from "./VfCommand.ts"
import { suspend, waitForBank, waitForNextBank } from "./Suspend.ts"
import type { Vf, Waiting } from "./VfState.ts"

/** What the driver offers: STOP_COPY, PRE_COPY, and P2P unless the device lacks it. The kernel driver knows no such device. */
export const flagsOf = ({ p2p }: Pick<Vf, "p2p">): number =>
  MigrationFlags.STOP_COPY | MigrationFlags.PRE_COPY | (p2p === false ? 0 : MigrationFlags.P2P)

/** What a walk begins with: the world, and the banks that it need not wait for. */
type Begun = Surroundings & { readonly idle?: number }

/** How far an arc got: done, waiting for the world, or refused. */
type Progress = "done" | "waiting" | Errno

/** The next arc's target; a parameter so that a table that hands out a file too early can be tested. */
export type NextArc = (from: MigrationState, requested: number) => Either.Either<MigrationState, EINVAL>

const arcsOf =
  (vf: Vf): NextArc =>
  (from, requested) =>
    Either.flatMap(NextState.nextState(flagsOf(vf), MigrationStates.toNumber(from), requested), (number) =>
      Either.fromOption(MigrationStates.fromNumber(number), () => new EINVAL({}))
    )

const because = (code: string, rule: string, source: string, destination: string, remedy: string) =>
  becauseAt(code, rule, "set state", source, destination, remedy)

const startPreCopy = (turn: Turn, world: Surroundings): Progress => {
  const failure = creationFailure(world)
  if (failure !== undefined) return failure
  clearForSession(turn)
  Ops.saveSetup(turn, world.pf)
  startSession(turn, "saving", turn.state.setupSize)
  return "done"
}

const startResuming = (turn: Turn, world: Surroundings): Progress => {
  const failure = creationFailure(world)
  if (failure !== undefined) return failure
  clearForSession(turn)
  startSession(turn, "resuming", 0)
  return "done"
}

/** The save of an arc into STOP_COPY: at once where nobody has the mailbox lock, behind it otherwise. */
const save = (turn: Turn, world: Surroundings, to: MigrationState): Progress => {
  if (world.mailbox === "free") return finishSave(turn, world, "free")
  emit(turn, { _tag: "ArcWaits", to, waiting: { _tag: "MailboxLock" } })
  return "waiting"
}

const noSavingFile = (from: MigrationState) =>
  new EINVAL(
    because(
      "arc.session",
      `${from} to STOP_COPY continues a session`,
      "no saving file",
      "a saving file",
      "enter PRE_COPY again, or reset the device"
    )
  )

const finishResuming = (turn: Turn, world: Surroundings): Progress => {
  const { resuming, files } = turn.state
  const received = resuming === null ? 0 : (files[`${resuming}`]?.filledSize ?? 0)
  const loaded = Ops.loadState(turn, received, world.pf)
  if (Either.isLeft(loaded)) return loaded.left
  endSessions(turn)
  return "done"
}

/**
 * Begins one arc; `RUNNING_P2P` to `STOP` and back are no work, the banks are stopped already. Without P2P the arcs past those states do their
 * work as well.
 */
const beginArc = (turn: Turn, world: Begun, from: MigrationState, to: MigrationState): Progress => {
  switch (`${from}>${to}`) {
    case "RUNNING>RUNNING_P2P":
    case "PRE_COPY>PRE_COPY_P2P":
    case "RUNNING>STOP":
      return suspend(turn, to, world.idle)
    case "RUNNING_P2P>RUNNING":
    case "PRE_COPY_P2P>PRE_COPY":
    case "STOP>RUNNING":
      Ops.resume(turn)
      servePending(turn, world.pf)
      deriveInterrupts(turn)
      return "done"
    case "RUNNING_P2P>STOP":
    case "STOP>RUNNING_P2P":
      return "done"
    case "STOP>STOP_COPY":
      return creationFailure(world) ?? save(turn, world, to)
    case "STOP>RESUMING":
      return startResuming(turn, world)
    case "STOP_COPY>STOP":
    case "PRE_COPY>RUNNING":
    case "PRE_COPY_P2P>RUNNING_P2P":
      endSessions(turn)
      return "done"
    case "RUNNING>PRE_COPY":
    case "RUNNING_P2P>PRE_COPY_P2P":
      return startPreCopy(turn, world)
    case "PRE_COPY_P2P>STOP_COPY":
      return turn.state.saving === null ? noSavingFile(from) : save(turn, world, to)
    case "PRE_COPY>STOP_COPY":
      return turn.state.saving === null ? noSavingFile(from) : suspended(turn, world, to, suspend(turn, to, world.idle))
    case "RESUMING>STOP":
      return finishResuming(turn, world)
    default:
      return new EINVAL(
        because(
          "arc.unknown",
          "the driver has this arc",
          `${from} to ${to}`,
          "an arc of the table",
          "ask for a supported state"
        )
      )
  }
}

/** The save of an arc into STOP_COPY, once it is known how it stands with the mailbox lock. */
const finishSave = (turn: Turn, world: Surroundings, lock: "free" | "taken" | "timed out"): Progress => {
  const opens = turn.state.migrationState === "STOP"
  if (opens) clearForSession(turn)
  if (lock === "timed out") {
    emit(turn, { _tag: "MailboxLockTimedOut" })
    Ops.saveStateUnfinished(turn, world.pf)
    // Without P2P this arc has stopped the banks itself, and the state that stays is one that runs.
    if (turn.state.migrationState === "PRE_COPY") Ops.release(turn, turn.state.operation?.drained ?? 0)
    return new ETIMEDOUT(
      because(
        "arc.mailbox",
        "the PF's mailbox lock of this VF must be free within 5 ms",
        "held",
        "free",
        "try again; the PF was serving a mailbox message"
      )
    )
  }
  if (lock === "taken") emit(turn, { _tag: "MailboxLockTaken" })
  Ops.saveState(turn, world.pf)
  if (opens) startSession(turn, "saving", blockBytes)
  else if (turn.state.saving !== null) askFile(turn, { _tag: "Fill", file: turn.state.saving, filledSize: blockBytes })
  return "done"
}

const end = (turn: Turn, id: number, failure: Errno | undefined, file: number | null): VfDecision => {
  emit(turn, { _tag: "OperationEnded", id, failure: failure === undefined ? null : fromErrno(failure), file })
  return accept(turn, { _tag: "Operation", id })
}

/** The user's reference goes; the session and the device's own reference stay, as with every walk that fails (W1). */
const fileTooEarly = (turn: Turn, file: number): Errno => {
  askFile(turn, { _tag: "Close", file })
  return new EINVAL(
    because(
      "arc.file",
      "only the last arc of a walk may produce a file",
      `file ${file} from an earlier arc`,
      "none",
      "this is a defect of the arc table, report it"
    )
  )
}

const walk = (turn: Turn, world: Begun, next: NextArc): VfDecision => {
  for (;;) {
    const { operation, migrationState: from } = turn.state
    if (operation === null) return accept(turn, { _tag: "Done" })
    const { id, requested, file } = operation
    if (MigrationStates.toNumber(from) === requested) return end(turn, id, undefined, file)
    if (file !== null) return end(turn, id, fileTooEarly(turn, file), null)
    const to = next(from, requested)
    if (Either.isLeft(to)) return end(turn, id, to.left, null)
    const progress = beginArc(turn, world, from, to.right)
    if (progress === "waiting") return accept(turn, { _tag: "Operation", id })
    if (progress !== "done") return end(turn, id, progress, null)
    emit(turn, { _tag: "ArcTaken", from, to: to.right })
  }
}

type Command<Tag extends VfCommand["_tag"]> = Extract<VfCommand, { readonly _tag: Tag }>

const busy = (id: number) =>
  new EBUSY(
    because(
      "operation.busy",
      "one walk at a time",
      `operation ${id} is under way`,
      "none",
      "wait for it to end, or reset the device"
    )
  )

/** Starts a walk. `ENODEV` unless open, `EBUSY` while another is under way. */
export const setState = (turn: Turn, command: Command<"SetState">, next: NextArc = arcsOf(turn.state)): VfDecision => {
  const closed = Ops.requireOpen(turn)
  if (closed !== undefined) return refuse(turn, "set state", closed)
  if (turn.state.operation !== null) return refuse(turn, "set state", busy(turn.state.operation.id))
  const { resuming, saving } = turn.state
  emit(turn, { _tag: "OperationStarted", id: turn.state.nextOperation, requested: command.requested })
  const walked = walk(turn, command, next)
  if (command.closes === true) for (const file of [saving, resuming]) closeEnded(turn, file)
  return walked
}

type Outcome = Command<"DrainEnded"> | Command<"CoalescingEnded"> | Command<"MailboxLockEnded">

/** All banks are stopped: an arc that also saves goes on with that. */
const suspended = (turn: Turn, world: Surroundings, to: MigrationState, progress: Progress): Progress =>
  progress === "done" && to === "STOP_COPY" ? save(turn, world, to) : progress

const takeOutcome = (turn: Turn, command: Outcome, to: MigrationState): Progress => {
  switch (command._tag) {
    case "DrainEnded":
      return suspended(turn, command, to, waitForNextBank(turn, to, command.bank, command.drained, command.until))
    case "CoalescingEnded":
      emit(turn, { _tag: "CoalescingQuiesced", bank: command.bank })
      return suspended(turn, command, to, waitForBank(turn, to, command.bank + 1))
    case "MailboxLockEnded":
      return finishSave(turn, command, command.taken ? "taken" : "timed out")
  }
}

/** Whether `command` is the outcome of what the walk waits for now. */
const isAwaited = (waiting: Waiting, command: Outcome): boolean => {
  switch (command._tag) {
    case "DrainEnded":
      return waiting._tag === "Drain" && waiting.bank === command.bank
    case "CoalescingEnded":
      return waiting._tag === "Coalescing" && waiting.bank === command.bank
    case "MailboxLockEnded":
      return waiting._tag === "MailboxLock"
  }
}

/**
 * Goes on with a walk after an outcome. An outcome that no operation waits for (a reset or a close came first, or it
 * came twice) changes nothing: the waiter finds the operation's end in the state.
 */
export const outcome = (turn: Turn, command: Outcome): VfDecision => {
  const { operation, migrationState: from } = turn.state
  if (operation === null || operation.id !== command.operation || operation.to === null || operation.waiting === null) {
    return accept(turn, { _tag: "Operation", id: command.operation })
  }
  const { id, to, waiting } = operation
  if (!isAwaited(waiting, command)) return accept(turn, { _tag: "Operation", id })
  const progress = takeOutcome(turn, command, to)
  if (progress === "waiting") return accept(turn, { _tag: "Operation", id })
  if (progress !== "done") return end(turn, id, progress, null)
  emit(turn, { _tag: "ArcTaken", from, to })
  return walk(turn, command, arcsOf(turn.state))
}
