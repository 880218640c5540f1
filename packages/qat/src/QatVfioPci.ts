/**
 * The variant driver of a QAT GEN4 VF over its actors: implements `MigratableDevice`, performs what a walk waits for, hands
 * out migration files. All rules are in the VF (`Vf.ts`); the waiting is in `Walk.ts`. Source: `drivers/vfio/pci/qat/main.c`.
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
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import type { DmaLogging, MigratableDevice, MigrationFile } from "@stopcopy/vfio"
import { Effect, Option, Schema } from "effect"
import type { PfActor, VfActor } from "./Actors.ts"
import { Hardware } from "./Hardware.ts"
import { serveMailbox } from "./Mailbox.ts"
import { blockBytes } from "./mstate/Layout.ts"
import { fileUnderWay, openFile } from "./OpenFile.ts"
import { readBar0, readBar2 } from "./RegisterAccess.ts"
import { isDrained } from "./RegisterFile.ts"
import { banksPerVf, miscIndex, miscRegisters } from "./Registers.ts"
import { flagsOf } from "./SetState.ts"
import { U32 } from "./Unsigned.ts"
import type { VfCommand } from "./VfCommand.ts"
import type { DirtyPage } from "./VfDevice.ts"
import { Walks } from "./Walk.ts"

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
    const bound = yield* vf.bound
    const walks = new Walks({ pf, vf, hardware: yield* Hardware, drained }, bound)
    const tell = (command: VfCommand) => Effect.asVoid(vf.ask(command))
    return {
      vf,
      get flags() {
        return flagsOf(vf.unsafeState())
      },
      setState: (requested) => walks.setState(requested),
      bound: { setState: (requested) => walks.setStateNow(requested), getState: () => vf.unsafeState().migrationState },
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
      openFile: Effect.map(vf.state, (state) =>
        Option.map(fileUnderWay(state), (file) => openFile(pf, vf, bound, file))
      ),
      recover: walks.recover
    }
  })
