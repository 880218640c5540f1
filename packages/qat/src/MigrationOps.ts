/**
 * The PF driver's migration operations, each on the turn of one VF. Source: `qat_common/qat_mig_dev.c`,
 * `adf_gen4_vf_mig.c`, `include/linux/qat/qat_mig_dev.h`; section 3 of the driver specification.
 *
 * O1 Setup size and remote setup size are independent: a save never changes the latter, a load never the former.
 * O2 A save writes the setup part once: while the setup size is not 0 it is left as it is.
 * O3 In safe mode a load that fails changes no register; in kernel mode it keeps what it had written.
 */
import type { EAGAIN } from "@stopcopy/errno"
import { EINVAL, ENODEV } from "@stopcopy/errno"
import { Either } from "effect"
import { type PfFacts, slasOfVf } from "./Compatibility.ts"
import { fromErrno } from "./Failure.ts"
import type { Block, General } from "./mstate/Block.ts"
import { loadState as loadStatePart, type LoadTarget, openSetup, judgeSetup } from "./mstate/Load.ts"
import { blockBytes, preambleBytes } from "./mstate/Layout.ts"
import { writeSetup, writeState, writeUnfinishedState } from "./mstate/Save.ts"
import { announcedBytes } from "./mstate/Window.ts"
import { refusal } from "./Refusals.ts"
import { collect, target } from "./RegisterTrace.ts"
import { snapshotBank, snapshotMisc } from "./Snapshot.ts"
import { emit, type Turn } from "./Turn.ts"

/** `init` and `open` of the migration device: sizes 0, no bank stopped. The block is zeroed by the probe. */
export const open = (turn: Turn): void => emit(turn, { _tag: "Opened" })

/** `close`: frees the private data, with it the marks of stopped banks. */
export const close = (turn: Turn): void => emit(turn, { _tag: "PrivateDataFreed" })

/** `reset`: both sizes 0. Block and marks of stopped banks stay. Registers are the function reset's business. */
export const reset = (turn: Turn): void =>
  emit(turn, { _tag: "ResetDone", cleared: turn.state.registerModel !== "memory" })

/** `resume`: every bank marked stopped runs again. Never fails. */
export const resume = (turn: Turn): void => release(turn, turn.state.stoppedBanks)

/** Lets these banks (one bit each) run again. */
export const release = (turn: Turn, banks: number): void => {
  if (banks !== 0) emit(turn, { _tag: "BanksReleased", banks })
}

/** `suspend` of one bank, after its drain: marked stopped. */
export const markStopped = (turn: Turn, bank: number): void => emit(turn, { _tag: "BankDrained", bank })

const general = (turn: Turn, pf: PfFacts): General => ({
  init: turn.state.init,
  compatVersion: turn.state.compatVersion,
  slas: slasOfVf(pf, turn.state.vfNumber)
})

/** `save_setup`: the setup part at the start of the block, unless it is there already. */
export const saveSetup = (turn: Turn, pf: PfFacts): void => {
  if (turn.state.setupSize !== 0) return
  const block = turn.state.block.slice()
  const size = writeSetup(block, pf)
  emit(turn, { _tag: "SetupSaved", pfVersion: pf.version, bytes: block.slice(0, size) })
}

const stateOf = (turn: Turn, pf: PfFacts): Block["state"] => {
  const { registers, registerModel } = turn.state
  const bank = (index: number) => snapshotBank(registers, registerModel, index)
  return {
    general: general(turn, pf),
    misc: snapshotMisc(registers, registerModel),
    banks: [bank(0), bank(1), bank(2), bank(3)]
  }
}

/** `save_state` under the mailbox lock: setup part if needed, then the state part behind it. */
export const saveState = (turn: Turn, pf: PfFacts): void => {
  saveSetup(turn, pf)
  const block = turn.state.block.slice()
  const offset = turn.state.setupSize
  const end = writeState(block, offset, stateOf(turn, pf))
  emit(turn, { _tag: "StateSaved", offset, pfVersion: pf.version, bytes: block.slice(offset, end) })
}

/** `save_state` without the lock: what is in the block when it gives up. The caller answers `ETIMEDOUT`. */
export const saveStateUnfinished = (turn: Turn, pf: PfFacts): void => {
  saveSetup(turn, pf)
  const block = turn.state.block.slice()
  const offset = turn.state.setupSize
  const end = writeUnfinishedState(block, offset, general(turn, pf))
  emit(turn, { _tag: "StateSaveUnfinished", offset, bytes: block.slice(offset, end) })
}

/**
 * `load_setup` with `length` bytes received. `EAGAIN` while the setup part is not whole, `EINVAL` if it is none or does not
 * fit. In kernel mode its size is kept even then, so that the next call skips the check (quirk 1).
 */
export const loadSetup = (turn: Turn, length: number, pf: PfFacts): Either.Either<void, EAGAIN | EINVAL> => {
  if (turn.state.remoteSetupSize !== 0) return Either.right(undefined)
  const opened = openSetup(turn.state.block, length)
  if (Either.isLeft(opened)) return Either.left(opened.left)
  const size = opened.right.end
  const bad = judgeSetup(opened.right, pf)
  const failure = bad === undefined ? undefined : new EINVAL({ refusal: bad })
  if (failure === undefined || turn.state.mode === "kernel") emit(turn, { _tag: "RemoteSetupSized", size })
  emit(turn, {
    _tag: "SetupJudged",
    size,
    pfVersion: pf.version,
    failure: failure === undefined ? null : fromErrno(failure)
  })
  return failure === undefined ? Either.right(undefined) : Either.left(failure)
}

const incomplete = (have: number, wanted: number): EINVAL =>
  new EINVAL({
    refusal: refusal({
      code: "mstate.stream.incomplete",
      rule: "the whole stream must have been written in this session",
      where: "resuming file",
      source: `${have} bytes written`,
      destination: `${wanted} bytes announced`,
      remedy: "write the rest of the stream, or reset the device to give the session up"
    })
  })

/** Safe mode: setup part and state part must have arrived in this session (quirks 4 and 5). */
const requireWholeStream = (turn: Turn, received: number, pf: PfFacts): Either.Either<void, EINVAL> => {
  const setup = loadSetup(turn, received, pf)
  if (Either.isLeft(setup)) {
    return Either.left(setup.left._tag === "EAGAIN" ? incomplete(received, blockBytes) : setup.left)
  }
  const offset = turn.state.remoteSetupSize
  if (received < offset + preambleBytes) return Either.left(incomplete(received, offset + preambleBytes))
  const { block } = turn.state
  const end = offset + announcedBytes(new DataView(block.buffer, block.byteOffset, block.byteLength), offset)
  return received < end ? Either.left(incomplete(received, end)) : Either.right(undefined)
}

/** In kernel mode all 4096 bytes count as received; so the setup part cannot be incomplete, but the types do not know. */
const kernelSetup = (turn: Turn, pf: PfFacts): Either.Either<void, EINVAL> =>
  Either.mapLeft(loadSetup(turn, blockBytes, pf), (error) =>
    error._tag === "EINVAL" ? error : incomplete(blockBytes, blockBytes)
  )

/** `load_state`: programs the device from the block. `received`: bytes written in this session. `EINVAL`. */
export const loadState = (turn: Turn, received: number, pf: PfFacts): Either.Either<void, EINVAL> => {
  const safe = turn.state.mode === "safe"
  const ready = safe ? requireWholeStream(turn, received, pf) : kernelSetup(turn, pf)
  if (Either.isLeft(ready)) return ready
  const trace = collect(turn.state.registers, turn.state.registerModel)
  const into: LoadTarget = target(trace, slasOfVf(pf, turn.state.vfNumber))
  const result = loadStatePart(turn.state.block, turn.state.remoteSetupSize, into)
  const undone = safe && Either.isLeft(result)
  emit(turn, {
    _tag: "StateLoaded",
    pfVersion: pf.version,
    init: undone ? null : trace.init,
    compatVersion: undone ? null : trace.compatVersion,
    writes: undone ? [] : trace.writes,
    failure: Either.isLeft(result) ? fromErrno(result.left) : null
  })
  return result
}

/** `ENODEV` for a device that nobody has open. */
export const requireOpen = (turn: Turn): ENODEV | undefined =>
  turn.state.lifecycle === "open"
    ? undefined
    : new ENODEV({
        refusal: refusal({
          code: "vf.open",
          rule: "the device must be open",
          where: "VF",
          source: turn.state.lifecycle,
          destination: "open",
          remedy: "probe and open the device first"
        })
      })
