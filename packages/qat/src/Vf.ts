/**
 * The VF as an actor: every command to its rule, every event to its place. Source: `docs/architecture.md`, "Who decides
 * what".
 */
import { EINVAL, type Errno } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import * as DmaLogging from "./DmaLoggingTurn.ts"
import * as Engine from "./EngineTurn.ts"
import * as FileTurn from "./FileTurn.ts"
import { asking, interrupt } from "./InterruptTurn.ts"
import * as Lifecycle from "./Lifecycle.ts"
import { schemaVersion } from "./MigrationFile.ts"
import * as Ops from "./MigrationOps.ts"
import * as Notify from "./pfvf/Notify.ts"
import * as Mailbox from "./pfvf/Serve.ts"
import { hex, refusal } from "./Refusals.ts"
import { atBar0 } from "./RegisterAccess.ts"
import { run } from "./RegisterRun.ts"
import { barBytes } from "./Registers.ts"
import * as SetState from "./SetState.ts"
import { begin, done, emit, refuse, type Turn, type VfAnswer, type VfDecision } from "./Turn.ts"
import { VfCommand } from "./VfCommand.ts"
import { VfEvent } from "./VfEvent.ts"
import { evolve } from "./VfEvolve.ts"
import { initial, Vf } from "./VfState.ts"

const badAccess = (bar: 0 | 2, offset: number): EINVAL =>
  new EINVAL({
    refusal: refusal({
      code: "register.access",
      rule: "a register access is 32 bits wide, aligned, and inside the BAR",
      where: `BAR${bar}`,
      source: hex(offset),
      destination: `0x0..${hex(barBytes[bar] - 4)}, a multiple of 4`,
      remedy: "use the offset of a register"
    })
  })

const badValue = (bar: 0 | 2, offset: number, value: number): EINVAL =>
  new EINVAL({
    refusal: refusal({
      code: "register.value",
      rule: "a register is 32 bits wide",
      where: `BAR${bar} ${hex(offset)}`,
      source: hex(value),
      destination: "0x0..0xffffffff",
      remedy: "write a wider value as two registers"
    })
  })

/** The bank whose flags a write acknowledges: what still holds asks again (rule I1 of `Interrupts.ts`). */
const acknowledged = (turn: Turn, bar: 0 | 2, offset: number, value: number): number => {
  if (turn.state.device === undefined || bar !== 0) return 0
  const register = atBar0(offset)
  return register?.kind === "csr" && register.name === "INT_FLAG" && value !== 0 ? 1 << register.bank : 0
}

const writeRegister = (turn: Turn, command: Extract<VfCommand, { readonly _tag: "WriteRegister" }>): VfDecision => {
  const { bar, offset, value } = command
  const closed = Ops.requireOpen(turn)
  if (closed !== undefined) return refuse(turn, "register write", closed)
  const inside = offset >= 0 && offset % 4 === 0 && offset + 4 <= barBytes[bar]
  if (!inside) return refuse(turn, "register write", badAccess(bar, offset))
  if (value < 0 || value > 0xffff_ffff) return refuse(turn, "register write", badValue(bar, offset, value))
  const before = asking(turn)
  const again = acknowledged(turn, bar, offset, value)
  emit(turn, { _tag: "RegisterWritten", bar, offset, value })
  interrupt(turn, before, bar === 2 ? Mailbox.afterWrite(turn, offset) : again)
  return done(turn)
}

/** What a command does. Synchronous and pure; refusals are recorded like everything else. */
export const decide = (state: Vf, command: VfCommand): VfDecision => decideIn(begin(state), command)

const decideIn = (turn: Turn, command: VfCommand): VfDecision => {
  switch (command._tag) {
    case "Probe":
      return Lifecycle.probe(turn, command)
    case "Remove":
      return Lifecycle.remove(turn)
    case "Open":
      return Lifecycle.open(turn, command)
    case "Close":
      return Lifecycle.close(turn)
    case "ResetDone":
      return Lifecycle.resetDone(turn)
    case "ErrorDetected":
      return Lifecycle.errorDetected(turn)
    case "SetState":
      return SetState.setState(turn, command)
    case "DrainEnded":
    case "CoalescingEnded":
    case "MailboxLockEnded":
      return SetState.outcome(turn, command)
    case "ReadFile":
    case "WriteFile":
    case "IoctlFile":
    case "CloseFile":
    case "ForceFilePosition":
      return FileTurn.decide(turn, command)
    case "WriteRegister":
      return writeRegister(turn, command)
    case "EngineExecuted":
      return Engine.executed(turn, command)
    case "EngineAmended":
      return Engine.amended(turn, command)
    case "EnginePlaced":
      return Engine.placed(turn, command)
    case "EngineFaulted":
      return Engine.faulted(turn, command)
    case "CoalescingRanOut":
      return Engine.coalescingRanOut(turn, command)
    case "WriteMailbox":
      return Mailbox.writeMailbox(turn, command)
    case "NotifyVf":
      return Notify.notify(turn, command)
    case "RestartMailbox":
      return Notify.restartMailbox(turn, command)
    case "ResetRingPair":
      return Notify.resetRingPair(turn, command)
    case "StartDmaLogging":
      return DmaLogging.start(turn, command)
    case "StopDmaLogging":
      return DmaLogging.stop(turn)
    case "ReportDmaLog":
      return DmaLogging.report(turn, command)
  }
}

/** Size of a packed register write in bytes: u32 offset with the BAR in bit 31, u32 value; little endian. */
const packedBytes = 8
const bar2Bit = 0x8000_0000

const packing: Behavior.Packing<VfEvent, VfCommand> = {
  type: "RegisterWritten",
  entryBytes: packedBytes,
  write: (event, view, offset) => {
    if (event._tag !== "RegisterWritten") return false
    view.setUint32(offset, (event.offset | (event.bar === 2 ? bar2Bit : 0)) >>> 0, true)
    view.setUint32(offset + 4, event.value, true)
    return true
  },
  read: (view, offset) => {
    const place = view.getUint32(offset, true)
    return {
      _tag: "RegisterWritten",
      bar: (place & bar2Bit) === 0 ? 0 : 2,
      offset: place & 0x7fff_ffff,
      value: view.getUint32(offset + 4, true)
    }
  },
  command: (event) => {
    if (event._tag !== "RegisterWritten") throw new TypeError(`${event._tag} is not packed`)
    return { _tag: "WriteRegister", bar: event.bar, offset: event.offset, value: event.value }
  }
}

/** The stream of a VF is `vf/NAME`; its files' are `vf/NAME/file/N`. */
export const behavior: Behavior.Behavior<Vf, VfCommand, VfEvent, VfAnswer, Errno> = Behavior.make({
  name: "vf",
  version: schemaVersion,
  state: Vf,
  command: VfCommand,
  event: VfEvent,
  initial,
  decide,
  conclude: (state, command) => {
    const turn = begin(state)
    const { answer, events } = decideIn(turn, command)
    return { answer, events, state: turn.state }
  },
  evolve,
  route: (event) => ("file" in event && isFileTag(event._tag) ? routeOf(event.file) : undefined),
  packing,
  repeatable: ({ _tag }) => repeatable.has(_tag),
  run,
  // Outcomes are most of what an engine records.
  implied: (event) => (event._tag === "RequestsExecuted" ? { ...event, _tag: "EngineExecuted" } : undefined)
})

/** What a migration waits for: walks and their files. What they lead to is as large as the migration block at most. */
const repeatable: ReadonlySet<VfCommand["_tag"]> = new Set([
  "SetState",
  "DrainEnded",
  "CoalescingEnded",
  "MailboxLockEnded",
  "ReadFile",
  "WriteFile",
  "IoctlFile",
  "CloseFile"
])

/** Routes of files that were used lately: most events of a session go to one file. */
const routes = new Map<number | null, Behavior.Route>()
const mostRoutes = 64

const routeOf = (file: number | null): Behavior.Route => {
  const known = routes.get(file)
  if (known !== undefined) return known
  if (routes.size === mostRoutes) routes.clear()
  const made = { suffix: `file/${file}`, behavior: "file" }
  routes.set(file, made)
  return made
}

const isFileTag = (tag: VfEvent["_tag"]): boolean => tag.startsWith("File") || tag === "PrecopyInfoGiven"
