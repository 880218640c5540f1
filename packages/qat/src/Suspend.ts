/**
 * Suspending a VF, bank by bank: drain, mark stopped, let a coalesced interrupt come out. Source: `qat_common/
 * adf_gen4_vf_mig.c`, `adf_gen4_hw_data.c`; section 3.1 of the driver specification.
 *
 * The interpreter does the waiting. It polls RPRESETSTS every 20 µs for up to 5 s, and RPINTSOU for as long as named here.
 */
import { type Errno, ETIMEDOUT } from "@stopcopy/errno"
import type { MigrationState } from "@stopcopy/vfio"
import { hasUnplaced } from "./EngineWork.ts"
import * as Ops from "./MigrationOps.ts"
import { refusal } from "./Refusals.ts"
import { readCsr } from "./RegisterAccess.ts"
import { banksPerVf, clockHz, coalescingEnable } from "./Registers.ts"
import { emit, type Turn } from "./Turn.ts"

/** Longest drain of one bank, in milliseconds, and how often it is polled, in microseconds. */
export const drainTimeoutMillis = 5_000
export const drainPollMicros = 20

/** Cap of the coalescing wait, in microseconds: the kernel means 1 s and gets 1,000 s. */
const safeCapMicros = 1_000_000
const kernelCapMicros = 1_000_000_000

/** The response ring's bit in per-bank masks. */
const receiveBit = 2

type Progress = "done" | "waiting" | Errno

/**
 * How long a bank's coalesced interrupt may still take, in microseconds: none if there is nothing to wait for, null for a
 * wait without end (kernel mode with a timer that comes to 0).
 */
export const coalescingWait = (turn: Turn, bank: number): number | null | undefined => {
  const { registers, registerModel, mode } = turn.state
  const control = readCsr(registers, registerModel, bank, "INT_COL_CTL")
  if ((control & coalescingEnable) === 0) return undefined
  if ((readCsr(registers, registerModel, bank, "INT_COL_EN") & receiveBit) === 0) return undefined
  if ((readCsr(registers, registerModel, bank, "E_STAT") & receiveBit) !== 0) return undefined
  const clocks = (2 * (((control & 0x7fff_ffff) << 8) >>> 0)) % 0x1_0000_0000
  const micros = Math.floor((clocks * 1_000_000) / clockHz)
  if (micros === 0) return mode === "safe" ? undefined : null
  return Math.min(micros, mode === "safe" ? safeCapMicros : kernelCapMicros)
}

/** Starts the drain of `bank`, or ends the suspend when all banks are done. */
export const waitForBank = (turn: Turn, to: MigrationState, bank: number): Progress => {
  if (bank === banksPerVf) return "done"
  emit(turn, { _tag: "ArcWaits", to, waiting: { _tag: "Drain", bank } })
  return "waiting"
}

/**
 * Begins to suspend the VF. Banks up to `idle` had nothing under way when the turn began: nothing is waited for, and so no wait is recorded, but for those that
 * the turn itself finds at work.
 */
export const suspend = (turn: Turn, to: MigrationState, idle = -1): Progress =>
  idle < 0 || hasUnplaced(turn.state, 0) ? waitForBank(turn, to, 0) : waitForNextBank(turn, to, 0, true, idle)

const timedOut = (turn: Turn, bank: number): Errno =>
  new ETIMEDOUT({
    refusal: refusal({
      code: "arc.drain",
      rule: `a bank must drain within ${drainTimeoutMillis} ms`,
      where: `bank ${bank} (bank ${banksPerVf * turn.state.vfNumber + bank} of the PF)`,
      source: "requests still in flight",
      destination: "drained",
      remedy: "let the workload pause and try again, or reset the device"
    })
  })

/**
 * The drain of `bank` has ended. A timeout ends the suspend; in safe mode this attempt's banks run again (quirk 8). Banks behind it, up to `until`, are
 * drained too.
 */
export const waitForNextBank = (
  turn: Turn,
  to: MigrationState,
  bank: number,
  drained: boolean,
  until = bank
): Progress => {
  if (!drained) {
    emit(turn, { _tag: "DrainTimedOut", bank })
    if (turn.state.mode === "safe") Ops.release(turn, turn.state.operation?.drained ?? 0)
    return timedOut(turn, bank)
  }
  Ops.markStopped(turn, bank)
  const limitMicros = coalescingWait(turn, bank)
  if (limitMicros === undefined) {
    const next = bank + 1
    // What was recorded since they were looked at is waited for. What was fetched only is fetched again: a report of a drained bank is stale.
    const isDrained = next <= until && next < banksPerVf && !hasUnplaced(turn.state, next)
    return isDrained ? waitForNextBank(turn, to, next, true, until) : waitForBank(turn, to, next)
  }
  emit(turn, { _tag: "ArcWaits", to, waiting: { _tag: "Coalescing", bank, limitMicros } })
  return "waiting"
}
