/**
 * A VF's life with its driver: probe with every error path unwound, open, close, reset, AER, removal. Source:
 * `drivers/vfio/pci/qat/main.c`, `qat_common/qat_mig_dev.c`; sections 2 and 6 of the driver specification.
 */
import { EBUSY, ECANCELED, EINVAL, EIO, ENODEV, type Errno } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { fromErrno, fromOutside } from "./Failure.ts"
import * as Ops from "./MigrationOps.ts"
import { deviceTypes } from "./pf/DeviceType.ts"
import { because, hex } from "./Refusals.ts"
import { vfsPerPf } from "./Registers.ts"
import { done, emit, endSessions, refuse, type Turn, type VfDecision } from "./Turn.ts"
import { opNames, type VfCommand } from "./VfCommand.ts"
import type { ProbeStep } from "./VfEvent.ts"

/** PCI vendor of every QAT device. */
export const vendorIntel = 0x8086
/** The functions that the driver binds, and what they are called. 0x4947 (420xx) is not among them. */
export const idTable: ReadonlyMap<number, string> = new Map(deviceTypes.map(({ name, vf }) => [vf, `${name} VF`]))

type Probe = Extract<VfCommand, { readonly _tag: "Probe" }>

/** The error of a step that is not ours. */
const foreign = (errno: number, where: string): Errno =>
  fromOutside(
    errno,
    because(
      "driver.step",
      "every step of the kernel's core must succeed",
      where,
      `errno ${errno}`,
      "0",
      "see the host's log"
    )
  )

const unknownDevice = (command: Probe): ENODEV =>
  new ENODEV(
    because(
      "probe.id",
      "the driver must list the device",
      "PCI id",
      `${hex(command.vendor)}:${hex(command.deviceId)}`,
      [...idTable.keys()].map(hex).join(", "),
      "bind a 4xxx, 401xx or 402xx VF"
    )
  )

const noIndex = (command: Probe): ENODEV =>
  new ENODEV(
    because(
      "probe.index",
      "the function must be a VF",
      "VF index",
      `${command.vfIndex}`,
      `0..${vfsPerPf - 1}`,
      "bind the driver to a VF, not to its PF"
    )
  )

const noObject = (): ENODEV =>
  new ENODEV(
    because(
      "probe.pf",
      "the PF must be driven by its own driver",
      "PF accelerator object",
      "none",
      "one",
      "load the PF driver first"
    )
  )

const missingOp = (missing: ReadonlyArray<string>): EINVAL =>
  new EINVAL(
    because(
      "probe.ops",
      "the PF driver must have every migration op",
      "migration ops",
      `missing ${missing.join(", ")}`,
      opNames.join(", "),
      "use a PF driver that supports VF migration"
    )
  )

/** The result of one step of a probe. */
const probeStep = (command: Probe, step: ProbeStep): Errno | undefined => {
  const outcome = (errno: number): Errno | undefined => (errno === 0 ? undefined : foreign(errno, step))
  switch (step) {
    case "match":
      return command.vendor === vendorIntel && idTable.has(command.deviceId) ? undefined : unknownDevice(command)
    case "core init":
      return outcome(command.coreInit)
    case "VF index":
      return command.vfIndex < 0 || command.vfIndex >= vfsPerPf ? noIndex(command) : undefined
    case "create": {
      const { pfOps } = command
      if (pfOps === null) return noObject()
      const missing = opNames.filter((name) => !pfOps.includes(name))
      return missing.length > 0 ? missingOp(missing) : outcome(command.allocateDevice)
    }
    case "init":
      return outcome(command.allocateBlock)
    case "register":
      return outcome(command.register)
  }
}

const probeSteps: ReadonlyArray<ProbeStep> = ["match", "core init", "VF index", "create", "init", "register"]
/** Steps that leave something behind: to be undone in reverse. */
const undoable: ReadonlySet<ProbeStep> = new Set<ProbeStep>(["core init", "create", "init"])

const alreadyBound = (turn: Turn): EBUSY =>
  new EBUSY(
    because("probe.bound", "a VF is probed once", "VF", turn.state.lifecycle, "unbound", "remove the driver first")
  )

/** Binds the driver. Any step that fails undoes those before it, last first. */
export const probe = (turn: Turn, command: Probe): VfDecision => {
  if (turn.state.lifecycle !== "unbound") return refuse(turn, "probe", alreadyBound(turn))
  const completed: Array<ProbeStep> = []
  for (const step of probeSteps) {
    const error = probeStep(command, step)
    if (error !== undefined) {
      emit(turn, { _tag: "ProbeFailed", step, failure: fromErrno(error), unwound: completed.reverse() })
      return Behavior.refuse(turn.events, error)
    }
    if (undoable.has(step)) completed.push(step)
  }
  const { deviceId, vfIndex, mode, registerModel, registers, init, compatVersion, p2p } = command
  const facts = { deviceId, vfNumber: vfIndex, mode, registerModel, registers, init, compatVersion }
  emit(turn, { _tag: "Probed", ...facts, ...(p2p === undefined ? {} : { p2p }) })
  return done(turn)
}

/** Unbinds the driver and frees block and migration device. Files still held answer `ENODEV`. `EBUSY` while open. */
export const remove = (turn: Turn): VfDecision => {
  const { lifecycle } = turn.state
  if (lifecycle === "open") {
    return refuse(
      turn,
      "remove",
      new EBUSY(
        because("remove.open", "nobody may have the device open", "VF", "open", "closed", "close the device first")
      )
    )
  }
  if (lifecycle === "unbound") return refuse(turn, "remove", notBound())
  endSessions(turn)
  emit(turn, { _tag: "Removed" })
  return done(turn)
}

const notBound = (): ENODEV =>
  new ENODEV(because("vf.bound", "the driver must be bound", "VF", "unbound", "bound", "probe the device first"))

/** Opens the device: core enable, private data, RUNNING. Failing private data undo the core enable. */
export const open = (turn: Turn, command: Extract<VfCommand, { readonly _tag: "Open" }>): VfDecision => {
  const { lifecycle } = turn.state
  if (lifecycle === "unbound") return refuse(turn, "open", notBound())
  if (lifecycle === "open") {
    return refuse(
      turn,
      "open",
      new EBUSY(because("open.twice", "one user at a time", "VF", "open", "closed", "close the device first"))
    )
  }
  for (const [step, errno] of [
    ["core enable", command.coreEnable],
    ["private data", command.allocatePrivateData]
  ] as const) {
    if (errno === 0) continue
    const error = foreign(errno, step)
    emit(turn, { _tag: "OpenFailed", step, failure: fromErrno(error) })
    return Behavior.refuse(turn.events, error)
  }
  Ops.open(turn)
  return done(turn)
}

/** Ends a walk that is under way; its waiter is told `error`. */
const endOperation = (turn: Turn, error: Errno): void => {
  const { operation } = turn.state
  if (operation === null) return
  emit(turn, { _tag: "OperationEnded", id: operation.id, failure: fromErrno(error), file: null })
}

/** Closes the device and both sessions. A walk under way is cancelled. The migration state stays until the next open. */
export const close = (turn: Turn): VfDecision => {
  const closed = Ops.requireOpen(turn)
  if (closed !== undefined) return refuse(turn, "close", closed)
  endOperation(
    turn,
    new ECANCELED(
      because(
        "operation.closed",
        "the device must stay open",
        "operation",
        "closed",
        "open",
        "open the device and ask again"
      )
    )
  )
  // The kernel frees the private data while files still work; a write in between would find none (safe: files first).
  if (turn.state.mode === "safe") endSessions(turn)
  Ops.close(turn)
  endSessions(turn)
  emit(turn, { _tag: "Closed" })
  return done(turn)
}

/** A function reset is done: RUNNING from every state, both sessions over, sizes 0. A walk under way ends with `EIO`. */
export const resetDone = (turn: Turn): VfDecision => {
  if (turn.state.lifecycle === "unbound") {
    emit(turn, { _tag: "ResetIgnored" })
    return done(turn)
  }
  endOperation(
    turn,
    new EIO(
      because(
        "operation.reset",
        "no reset may come in between",
        "operation",
        "reset",
        "none",
        "the device is RUNNING; ask again"
      )
    )
  )
  Ops.reset(turn)
  endSessions(turn)
  return done(turn)
}

/** AER found an error: the user is told; the migration state is not touched until the recovery's reset. */
export const errorDetected = (turn: Turn): VfDecision => {
  if (turn.state.lifecycle === "unbound") return refuse(turn, "error detected", notBound())
  emit(turn, { _tag: "ErrorNotified" })
  return done(turn)
}
