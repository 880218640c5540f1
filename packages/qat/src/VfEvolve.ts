/**
 * Applies one event to a VF. Total: an event is a fact, whatever today's rules say.
 *
 * E1 A VF that is the draft's own is changed in place (`Draft.ts`): what an event does is worked out from the VF as it stood before that.
 */
import * as Device from "./DeviceEvolve.ts"
import { Draft, type Writable } from "./Draft.ts"
import { bankSetUp, session, transition, withoutSizes } from "./MigrationEvolve.ts"
import * as MigrationFile from "./MigrationFile.ts"
import { atBar0, writeBar0, writeBar2 } from "./RegisterAccess.ts"
import { pokeMisc, reset } from "./RegisterFile.ts"
import { banksPerVf, receive } from "./Registers.ts"
import { engineBank, initialDevice } from "./VfDevice.ts"
import type { VfEvent } from "./VfEvent.ts"
import { initial, type Vf } from "./VfState.ts"

type Of<Tag extends VfEvent["_tag"]> = Extract<VfEvent, { readonly _tag: Tag }>

const written = (state: Vf, { bar, offset, value }: Of<"RegisterWritten">, draft: Draft): Vf => {
  const { device, registerModel } = state
  const vf = draft.of(state)
  if (bar === 2) {
    writeBar2(draft.registersOf(vf), registerModel, offset, value)
    return vf
  }
  const setUp = bankSetUp(offset)
  if (device !== undefined && setUp !== undefined) vf.device = Device.anew(device, state.registers, setUp)
  const register = device === undefined ? undefined : atBar0(offset)
  const file = draft.registersOf(vf)
  if (device !== undefined && register?.kind === "ring" && register.ring === receive && register.name === "HEAD") {
    Device.catchUp(file, register.bank, engineBank(device, register.bank), value)
  }
  writeBar0(file, registerModel, offset, value)
  return vf
}

const allBanksOnce: ReadonlyArray<number> = Array.from({ length: banksPerVf }, () => 1)

/** What every bank had under way is dropped, and the VF's registers are 0. */
const clearRegisters = (vf: Writable): Vf => {
  if (vf.device !== undefined) {
    vf.device = Device.withoutQueue(Device.anewTimes(vf.device, vf.registers, allBanksOnce))
  }
  vf.registers = reset()
  return vf
}

/** A file that nobody can use any more is forgotten: its descriptor is closed and its session over. */
const withFile = (state: Vf, event: MigrationFile.Event, draft: Draft): Vf => {
  const key = `${event.file}`
  const vf = draft.of(state)
  const file = MigrationFile.evolve(vf.files[key] ?? MigrationFile.initial, event)
  if (event._tag === "FileOpened") vf.nextFile = Math.max(vf.nextFile, event.file + 1)
  vf.files = file.closed && file.disabled ? without(vf.files, key) : { ...vf.files, [key]: file }
  return vf
}

const without = (files: Vf["files"], key: string): Vf["files"] => {
  const { [key]: _, ...others } = files
  return others
}

const probed = (state: Vf, event: Of<"Probed">): Vf => {
  const { _tag, ...facts } = event
  // Numbers go on and the latest end stays: somebody may still wait for an operation, hold a file, or await an error.
  const { ended, errorNotifications, files, nextFile, nextOperation } = state
  const kept = { ended, errorNotifications, files, nextFile, nextOperation }
  const device = facts.registerModel === "device" ? { device: state.device ?? initialDevice } : {}
  return { ...initial, ...facts, ...device, ...kept, lifecycle: "bound" }
}

const lifecycle = (state: Vf, event: VfEvent, draft: Draft): Vf | undefined => {
  switch (event._tag) {
    case "Probed":
      return probed(state, event)
    case "Removed": {
      const vf = withoutSizes(draft.of(state))
      vf.lifecycle = "unbound"
      vf.block = initial.block
      return vf
    }
    case "Opened": {
      const vf = withoutSizes(draft.of(state))
      vf.lifecycle = "open"
      vf.migrationState = "RUNNING"
      vf.stoppedBanks = 0
      return vf
    }
    case "ErrorNotified": {
      const vf = draft.of(state)
      vf.errorNotifications++
      return vf
    }
    case "PrivateDataFreed": {
      const vf = draft.of(state)
      vf.stoppedBanks = 0
      return vf
    }
    case "Closed": {
      // Disabling the function resets it; otherwise banks that a suspend had drained would stay so for the next user.
      const vf = draft.of(state)
      vf.lifecycle = "bound"
      return vf.registerModel === "memory" ? vf : clearRegisters(vf)
    }
    case "ResetDone": {
      const vf = withoutSizes(draft.of(state))
      vf.migrationState = "RUNNING"
      return event.cleared ? clearRegisters(vf) : vf
    }
    default:
      return undefined
  }
}

const handled = (state: Vf, event: Of<"MailboxHandled">, draft: Draft): Vf => {
  const vf = draft.of(state)
  const file = draft.registersOf(vf)
  pokeMisc(file, "VM2PF", event.vm2pf)
  if (event.pf2vm !== null) {
    pokeMisc(file, "PF2VM", event.pf2vm)
    if (vf.device === undefined) pokeMisc(file, "VINTSOUPF2VM", 1)
  }
  vf.init = event.init
  vf.compatVersion = event.compatVersion
  if (vf.device !== undefined) vf.device = Device.handled(vf.device, event)
  return vf
}

const guest = (state: Vf, event: VfEvent, draft: Draft): Vf | undefined => {
  switch (event._tag) {
    case "RegisterWritten":
      return written(state, event, draft)
    case "MailboxHandled":
      return handled(state, event, draft)
    default:
      return undefined
  }
}

const isFileEvent = (event: VfEvent): event is MigrationFile.Event =>
  event._tag.startsWith("File") || event._tag === "PrecopyInfoGiven"

/** The VF after `event`, which is `draft`'s; `state` may be, and is changed in place then. Events that only record (refusals, notifications) change nothing. */
export const evolveIn = (draft: Draft, state: Vf, event: VfEvent): Vf => {
  if (isFileEvent(event)) return withFile(state, event, draft)
  return (
    guest(state, event, draft) ??
    Device.evolve(state, event, draft) ??
    transition(state, event, draft) ??
    session(state, event, draft) ??
    lifecycle(state, event, draft) ??
    state
  )
}

/** The VF after `event`; `state` stays as it is. */
export const evolve = (state: Vf, event: VfEvent): Vf => evolveIn(new Draft(), state, event)
