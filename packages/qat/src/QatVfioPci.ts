/**
 * The variant driver of a QAT GEN4 VF over its actors: implements `MigratableDevice`, performs what a walk waits for, hands
 * out migration files. All rules are in the VF (`Vf.ts`); here is only the waiting. Source: `drivers/vfio/pci/qat/main.c`.
 *
 * Why suspending on the arcs into RUNNING_P2P and PRE_COPY_P2P is safe. Those are running states: the device must go on
 * answering registers and must not lose a doorbell, but must start no DMA. A drained bank does just that: head and tail
 * may move and are kept, nothing is fetched, and what had been fetched is answered before the drain ends. Queued requests
 * stay queued in guest memory and are worked on when the bank is released. So all stopping is done on that arc, and
 * RUNNING_P2P to STOP and back are no work.
 *
 * How the block is laid out. 4096 bytes, one per device, for saving and resuming: a setup part of 90 bytes (preamble,
 * CONFIG: what the PF can do), which PRE_COPY yields so that the destination can refuse while the source runs; behind it
 * the state part (preamble, GENER: mailbox version and SLAs, MISCBAR: interrupt and mailbox registers, ETRBAR: four banks);
 * then zeroes. `mstate/Layout.ts` has the offsets.
 *
 * Q1 One walk at a time; others queue behind it. Files and registers are served meanwhile, reset and close too.
 */
import { ECANCELED, type Errno, isErrno } from "@stopcopy/errno"
import { type JournalError, Operation } from "@stopcopy/runtime"
import type { DmaLogging, MigratableDevice, MigrationFile } from "@stopcopy/vfio"
import { Effect, Either, Exit, Fiber, Option, Schema } from "effect"
import type { PfActor, VfActor } from "./Actors.ts"
import { toErrno } from "./Failure.ts"
import { Hardware } from "./Hardware.ts"
import { serveMailbox } from "./Mailbox.ts"
import * as MailboxLock from "./MailboxLock.ts"
import { blockBytes } from "./mstate/Layout.ts"
import { fileUnderWay, openFile } from "./OpenFile.ts"
import { refusal } from "./Refusals.ts"
import { readBar0, readBar2 } from "./RegisterAccess.ts"
import { isDrained } from "./RegisterFile.ts"
import { banksPerVf, miscIndex, miscRegisters } from "./Registers.ts"
import { flagsOf } from "./SetState.ts"
import { U32 } from "./Unsigned.ts"
import type { VfCommand } from "./VfCommand.ts"
import type { DirtyPage } from "./VfDevice.ts"
import type { Vf } from "./VfState.ts"
import { atOnce, type Parts, perform, surroundings } from "./Waits.ts"

/** The driver bound to one VF. */
export interface QatVfioPci extends MigratableDevice<JournalError> {
  readonly vf: VfActor
  readonly open: Effect.Effect<void, Errno | JournalError>
  readonly close: Effect.Effect<void, Errno | JournalError>
  /** AER reported an error: the user is told. Recovery is `reset`. */
  readonly errorDetected: Effect.Effect<void, Errno | JournalError>
  /** Waits for the next time that the user is told of an error, as on the ERR interrupt. */
  readonly nextError: Effect.Effect<void, JournalError>
  readonly remove: Effect.Effect<void, Errno | JournalError>
  /** A 32-bit read by the guest; `offset` in bytes. Leaves no event. Offsets without a register read 0. */
  readonly readRegister: (bar: 0 | 2, offset: number) => Effect.Effect<number>
  /** A 32-bit write by the guest. `EINVAL` for an offset that is not aligned or not in the BAR. */
  readonly writeRegister: (bar: 0 | 2, offset: number, value: number) => Effect.Effect<void, Errno | JournalError>
  /**
   * Waits until the VF has given its interrupt vector more often than `seen` times, and gives how often it has. Of a device of the register
   * model `device`; never ends for others.
   */
  readonly interrupts: (seen: number) => Effect.Effect<number, JournalError>
  /**
   * DMA logging, an extension that the kernel driver does not have: `ENOTTY` in kernel mode, and where nothing stands behind the registers.
   * Sizes and addresses in bytes; a report tells the pages written since the last one, with the ring and request that wrote each last.
   */
  readonly startDmaLogging: (
    pageSize: bigint,
    ranges: ReadonlyArray<DmaLogging.Range>
  ) => Effect.Effect<void, Errno | JournalError>
  readonly stopDmaLogging: Effect.Effect<void, Errno | JournalError>
  readonly reportDmaLog: (
    iova: bigint,
    length: bigint,
    pageSize: bigint
  ) => Effect.Effect<ReadonlyArray<DirtyPage>, Errno | JournalError>
  /**
   * The migration file of the session that is under way, as the journal has it: for a front end whose own handle went with a connection or a process. It
   * goes on where the last one stopped. None without a session, and after the file was closed.
   */
  readonly openFile: Effect.Effect<Option.Option<MigrationFile<JournalError>>, JournalError>
  /** Carries on a walk that an earlier process began, if there is one. */
  readonly recover: Effect.Effect<void, JournalError>
}

const pending = ({ operation }: Vf) =>
  operation === null || operation.waiting === null ? undefined : { id: operation.id, action: operation.waiting }

/** Only the latest end is kept: who asks for an earlier one comes too late. */
const superseded = (id: number, latest: number): ECANCELED =>
  new ECANCELED({
    refusal: refusal({
      code: "operation.superseded",
      rule: "only the end of the latest walk is kept",
      where: "operation",
      source: `${id}`,
      destination: `${latest}`,
      remedy: "read the device's state; the journal has the walk's end"
    })
  })

const ended = ({ ended }: Vf, id: number): Either.Either<number | null, Errno> | undefined => {
  if (ended === null || ended.id < id) return undefined
  if (ended.id > id) return Either.left(superseded(id, ended.id))
  return ended.failure === null ? Either.right(ended.file) : Either.left(toErrno(ended.failure))
}

const releaseLock = ({ pf, vf }: Parts): Effect.Effect<void, Errno | JournalError> =>
  Effect.suspend(() => {
    const { vfNumber } = vf.unsafeState()
    return pf.unsafeState().locks[`${vfNumber}`] === "migration" ? MailboxLock.release(pf, vfNumber) : Effect.void
  })

/** Lets banks run in hardware that the state has released, and only those: kernel mode may leave others drained. */
const releaseBanks = ({ drained, hardware, vf }: Parts): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { registers, vfNumber } = vf.unsafeState()
    const released = [...drained].filter((bank) => !isDrained(registers, bank))
    return Effect.forEach(
      released,
      (bank) => Effect.map(hardware.release(banksPerVf * vfNumber + bank), () => drained.delete(bank)),
      { discard: true }
    )
  })

/** What follows from the state once no walk is under way, whoever ended it: no lock of ours, and running banks run. */
const settle = (parts: Parts): Effect.Effect<void, Errno | JournalError> =>
  Effect.zipRight(releaseBanks(parts), releaseLock(parts))

/**
 * Carries walk `id` to its end, then gives the mailbox lock back and lets running banks run, whoever ended it. Begun, it cannot be interrupted (M2 of
 * `MigratableDevice`), only ended by a reset or a close; a walk whose process dies is left to `recover`. It has a fiber of its
 * own: an interrupted fiber interrupts its children even where it cannot be interrupted itself. As long as nothing has to be waited for, there is nothing to interrupt, and no fiber.
 */
const finish = (parts: Parts, id: number): Effect.Effect<number | null, Errno | JournalError> => {
  const work = { pending, ended, atOnce: atOnce(parts, id), perform: perform(parts, id) }
  const carried = Operation.drive(parts.vf, work, id).pipe(
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await)
  )
  return Effect.exit(Operation.advance(parts.vf, work, id)).pipe(
    Effect.flatMap(
      Exit.match({
        onFailure: (cause) => Effect.succeed(Exit.failCause(cause)),
        onSuccess: (result) => (result === undefined ? carried : Effect.exit(result))
      })
    ),
    Effect.flatMap((exit) => Effect.zipRight(settle(parts), exit)),
    Effect.uninterruptible
  )
}

const setState =
  (parts: Parts, turns: Effect.Semaphore) =>
  (requested: number): Effect.Effect<Option.Option<MigrationFile<JournalError>>, Errno | JournalError> =>
    Effect.gen(function* () {
      // A walk that nobody drives any more (its wait broke, or its process died) is carried to its end first.
      yield* recover(parts)
      const world = yield* surroundings(parts)
      const answer = yield* parts.vf.ask({ _tag: "SetState", requested, ...world })
      if (answer._tag !== "Operation") return Option.none()
      const file = yield* finish(parts, answer.id)
      return file === null ? Option.none() : Option.some(openFile(parts.pf, parts.vf, file))
    }).pipe(Effect.uninterruptible, turns.withPermits(1))

const readRegister = (vf: VfActor, bar: 0 | 2, offset: number): Effect.Effect<number> =>
  Effect.sync(() => {
    const { registers, registerModel } = vf.unsafeState()
    return bar === 0 ? readBar0(registers, registerModel, offset) : readBar2(registers, registerModel, offset)
  })

const nextError = (vf: VfActor): Effect.Effect<void, JournalError> =>
  Effect.suspend(() => {
    const { errorNotifications: before } = vf.unsafeState()
    return Effect.asVoid(vf.until(({ errorNotifications }) => errorNotifications > before))
  })

const interrupts = (vf: VfActor, seen: number): Effect.Effect<number, JournalError> =>
  Effect.map(
    vf.until(({ device }) => device !== undefined && device.interrupts > seen),
    ({ device }) => device?.interrupts ?? 0
  )

const isWord = Schema.is(U32)

/** Where VM2PF is in BAR2: behind it is the PF, which knows more than the VF does. */
const mailboxOffset = miscRegisters[miscIndex.VM2PF].vfOffset

const allBanks: ReadonlyArray<number> = Array.from({ length: banksPerVf }, (_, bank) => bank)

/** The driver over the actors of a PF and one of its VFs. The VF must have been probed. */
export const make = (pf: PfActor, vf: VfActor): Effect.Effect<QatVfioPci, never, Hardware> =>
  Effect.gen(function* () {
    const { registers } = vf.unsafeState()
    const drained = new Set(allBanks.filter((bank) => isDrained(registers, bank)))
    const parts: Parts = { pf, vf, hardware: yield* Hardware, drained }
    const turns = yield* Effect.makeSemaphore(1)
    const tell = (command: VfCommand) => Effect.asVoid(vf.ask(command))
    return {
      vf,
      get flags() {
        return flagsOf(vf.unsafeState())
      },
      setState: setState(parts, turns),
      getState: Effect.map(vf.state, ({ migrationState }) => migrationState),
      dataSize: Effect.succeed(BigInt(blockBytes)),
      reset: tell({ _tag: "ResetDone" }),
      open: tell({ _tag: "Open", coreEnable: 0, allocatePrivateData: 0 }),
      close: tell({ _tag: "Close" }),
      errorDetected: tell({ _tag: "ErrorDetected" }),
      nextError: nextError(vf),
      remove: tell({ _tag: "Remove" }),
      readRegister: (bar, offset) => readRegister(vf, bar, offset),
      writeRegister: (bar, offset, value) =>
        // A value that no register holds is refused as for every other register.
        bar === 2 && offset === mailboxOffset && isWord(value) && vf.unsafeState().device !== undefined
          ? serveMailbox(pf, vf, value)
          : tell({ _tag: "WriteRegister", bar, offset, value }),
      startDmaLogging: (pageSize, ranges) => tell({ _tag: "StartDmaLogging", pageSize, ranges }),
      stopDmaLogging: tell({ _tag: "StopDmaLogging" }),
      reportDmaLog: (iova, length, pageSize) =>
        Effect.map(vf.ask({ _tag: "ReportDmaLog", iova, length, pageSize }), (answer) =>
          answer._tag === "Pages" ? answer.pages : []
        ),
      interrupts: (seen) => interrupts(vf, seen),
      openFile: Effect.map(vf.state, (state) => Option.map(fileUnderWay(state), (file) => openFile(pf, vf, file))),
      recover: turns.withPermits(1)(recoverAll(parts))
    }
  })

/** As below, in a process that does not know what an earlier one had still released: every running bank is released. */
const recoverAll = (parts: Parts): Effect.Effect<void, JournalError> =>
  Effect.suspend(() => {
    for (const bank of allBanks) parts.drained.add(bank)
    return recover(parts)
  })

/**
 * A walk found in the journal is carried on; how it ends stands in the state, nobody waits for its file. What was still to
 * do after the end of a walk (lock, banks) is done.
 */
const recover = (parts: Parts): Effect.Effect<void, JournalError> =>
  Effect.suspend(() => {
    const { operation } = parts.vf.unsafeState()
    const rest = operation === null ? settle(parts) : Effect.asVoid(finish(parts, operation.id))
    return Effect.catchIf(rest, isErrno, () => Effect.void)
  })
