/** Applies one event to a VF. Total: an event is a fact, whatever today's rules say. */
import * as Device from "./DeviceEvolve.ts"
import * as MigrationFile from "./MigrationFile.ts"
import { blockBytes } from "./mstate/Layout.ts"
import { atBar0, writeBar0, writeBar2 } from "./RegisterAccess.ts"
import { Latch, pokeLatch, pokeMisc, type RegisterFile, reset } from "./RegisterFile.ts"
import { banksPerVf, miscRegisters, receive } from "./Registers.ts"
import { engineBank, initialDevice, type VfDevice } from "./VfDevice.ts"
import type { RegisterWrite, VfEvent } from "./VfEvent.ts"
import { initial, type Vf } from "./VfState.ts"

type Of<Tag extends VfEvent["_tag"]> = Extract<VfEvent, { readonly _tag: Tag }>

const withRegisters = (state: Vf, change: (file: RegisterFile) => void): Vf => {
  const registers = state.registers.slice()
  change(registers)
  return { ...state, registers }
}

const withBlock = (state: Vf, offset: number, bytes: Uint8Array): Vf => {
  const block = state.block.slice()
  block.set(bytes.subarray(0, Math.max(0, blockBytes - offset)), offset)
  return { ...state, block }
}

/** The bank of which a write sets up a ring, its place in memory included: what was fetched before is not answered any more. */
const bankSetUp = (offset: number): number | undefined => {
  const register = atBar0(offset)
  if (register?.kind !== "ring" || register.name === "HEAD" || register.name === "TAIL") return undefined
  return register.bank
}

/** The device after writes to BAR0 at these offsets. `registers`: as they stood before. */
const deviceAfter = (device: VfDevice, registers: RegisterFile, offsets: ReadonlyArray<number>): VfDevice => {
  // How often each bank was set up, in the order in which the first write came to each.
  const times = new Map<number, number>()
  for (const offset of offsets) {
    const bank = bankSetUp(offset)
    if (bank !== undefined) times.set(bank, (times.get(bank) ?? 0) + 1)
  }
  let now = device
  for (const [bank, count] of times) now = Device.anew(now, registers, bank, count)
  return now
}

const written = (state: Vf, { bar, offset, value }: Of<"RegisterWritten">): Vf => {
  const { device, registerModel } = state
  if (bar === 2) return withRegisters(state, (file) => writeBar2(file, registerModel, offset, value))
  const register = device === undefined ? undefined : atBar0(offset)
  const after = withRegisters(state, (file) => {
    if (device !== undefined && register?.kind === "ring" && register.ring === receive && register.name === "HEAD") {
      Device.catchUp(file, register.bank, engineBank(device, register.bank), value)
    }
    writeBar0(file, registerModel, offset, value)
  })
  if (device === undefined || bankSetUp(offset) === undefined) return after
  return { ...after, device: deviceAfter(device, state.registers, [offset]) }
}

const applyWrite = (state: Vf, file: RegisterFile, [space, offset, value]: RegisterWrite): void => {
  if (space === 0) return writeBar0(file, state.registerModel, offset, value)
  const register = miscRegisters.find((fact) => fact.offset === offset)
  if (register !== undefined) pokeMisc(file, register.name, value)
}

const withDevice = (state: Vf, change: (device: VfDevice) => VfDevice): Vf =>
  state.device === undefined ? state : { ...state, device: change(state.device) }

const loaded = (state: Vf, event: Of<"StateLoaded">): Vf => ({
  ...withDevice(
    withRegisters(state, (file) => {
      for (const write of event.writes) applyWrite(state, file, write)
    }),
    (device) =>
      deviceAfter(
        device,
        state.registers,
        event.writes.flatMap(([space, offset]) => (space === 0 ? [offset] : []))
      )
  ),
  init: event.init ?? state.init,
  compatVersion: event.compatVersion ?? state.compatVersion
})

/** What every bank had under way is dropped, and the VF's registers are 0. */
const clearRegisters = (state: Vf): Vf =>
  withDevice({ ...state, registers: reset() }, (device) =>
    Device.withoutQueue(allBanks.reduce((now, bank) => Device.anew(now, state.registers, bank), device))
  )

const allBanks: ReadonlyArray<number> = Array.from({ length: banksPerVf }, (_, bank) => bank)

const forEachBank = (mask: number, act: (bank: number) => void): void => {
  for (let bank = 0; bank < banksPerVf; bank++) if ((mask & (1 << bank)) !== 0) act(bank)
}

/** A file that nobody can use any more is forgotten: its descriptor is closed and its session over. */
const withFile = (state: Vf, event: MigrationFile.Event): Vf => {
  const key = `${event.file}`
  const file = MigrationFile.evolve(state.files[key] ?? MigrationFile.initial, event)
  const nextFile = event._tag === "FileOpened" ? Math.max(state.nextFile, event.file + 1) : state.nextFile
  const isForgotten = file.closed && file.disabled
  return { ...state, nextFile, files: isForgotten ? without(state.files, key) : { ...state.files, [key]: file } }
}

const without = (files: Vf["files"], key: string): Vf["files"] => {
  const { [key]: _, ...others } = files
  return others
}

const lifecycle = (state: Vf, event: VfEvent): Vf | undefined => {
  switch (event._tag) {
    case "Probed": {
      const { _tag, ...facts } = event
      // Numbers go on and the latest end stays: somebody may still wait for an operation, hold a file, or await an error.
      const { ended, errorNotifications, files, nextFile, nextOperation } = state
      const kept = { ended, errorNotifications, files, nextFile, nextOperation }
      const device = facts.registerModel === "device" ? { device: state.device ?? initialDevice } : {}
      return { ...initial, ...facts, ...device, ...kept, lifecycle: "bound" }
    }
    case "Removed":
      return { ...state, lifecycle: "unbound", block: initial.block, setupSize: 0, remoteSetupSize: 0 }
    case "Opened":
      return {
        ...state,
        lifecycle: "open",
        migrationState: "RUNNING",
        stoppedBanks: 0,
        setupSize: 0,
        remoteSetupSize: 0
      }
    case "ErrorNotified":
      return { ...state, errorNotifications: state.errorNotifications + 1 }
    case "PrivateDataFreed":
      return { ...state, stoppedBanks: 0 }
    case "Closed": {
      // Disabling the function resets it; otherwise banks that a suspend had drained would stay so for the next user.
      const closed: Vf = { ...state, lifecycle: "bound" }
      return state.registerModel === "memory" ? closed : clearRegisters(closed)
    }
    case "ResetDone": {
      const after: Vf = { ...state, migrationState: "RUNNING", setupSize: 0, remoteSetupSize: 0 }
      return event.cleared ? clearRegisters(after) : after
    }
    default:
      return undefined
  }
}

/** RPRESETCTL bit 2 of a device's bank; nothing stands behind the registers of the other models. */
const draining = (state: Vf, bank: number, on: boolean): Vf =>
  state.device === undefined ? state : withRegisters(state, (file) => pokeLatch(file, bank, Latch.draining, on))

const transition = (state: Vf, event: VfEvent): Vf | undefined => {
  const { operation } = state
  switch (event._tag) {
    case "OperationStarted": {
      const { id, requested } = event
      const started = { id, requested, to: null, waiting: null, drained: 0, file: null }
      return { ...state, nextOperation: id + 1, operation: started }
    }
    case "ArcWaits": {
      const { to, waiting } = event
      const waits: Vf = operation === null ? state : { ...state, operation: { ...operation, to, waiting } }
      return waiting._tag === "Drain" ? draining(waits, waiting.bank, true) : waits
    }
    case "DrainTimedOut":
      // The request to drain stays in the register; safe mode takes it back, so that the bank works on (quirk 8).
      return state.mode === "safe" ? draining(state, event.bank, false) : state
    case "BankDrained": {
      const bit = 1 << event.bank
      const drained = withRegisters(state, (file) => {
        pokeLatch(file, event.bank, Latch.draining, false)
        pokeLatch(file, event.bank, Latch.drained, true)
      })
      const mine = operation === null ? null : { ...operation, drained: operation.drained | bit }
      return { ...drained, stoppedBanks: state.stoppedBanks | bit, operation: mine }
    }
    case "BanksReleased": {
      const released = withRegisters(state, (file) =>
        forEachBank(event.banks, (bank) => pokeLatch(file, bank, Latch.drained | Latch.draining, false))
      )
      return { ...released, stoppedBanks: state.stoppedBanks & ~event.banks }
    }
    case "ArcTaken":
      return {
        ...state,
        migrationState: event.to,
        operation: operation === null ? null : { ...operation, to: null, waiting: null }
      }
    case "OperationEnded":
      return { ...state, operation: null, ended: { id: event.id, failure: event.failure, file: event.file } }
    default:
      return undefined
  }
}

const session = (state: Vf, event: VfEvent): Vf | undefined => {
  switch (event._tag) {
    case "BlockCleared":
      return { ...state, block: initial.block, setupSize: 0, remoteSetupSize: 0 }
    case "SetupSaved":
      return { ...withBlock(state, 0, event.bytes), setupSize: event.bytes.length }
    case "StateSaved":
    case "StateSaveUnfinished":
    case "BlockReceived":
      return withBlock(state, event.offset, event.bytes)
    case "BlockWiped":
      return withBlock(state, event.offset, new Uint8Array(event.length))
    case "SessionStarted": {
      const { operation } = state
      const started = operation === null ? null : { ...operation, file: event.file }
      return { ...state, [event.kind]: event.file, operation: started }
    }
    case "SessionsEnded":
      return { ...state, saving: null, resuming: null }
    case "RemoteSetupSized":
      return { ...state, remoteSetupSize: event.size }
    case "StateLoaded":
      return loaded(state, event)
    default:
      return undefined
  }
}

const guest = (state: Vf, event: VfEvent): Vf | undefined => {
  switch (event._tag) {
    case "RegisterWritten":
      return written(state, event)
    case "MailboxHandled":
      return {
        ...withRegisters(state, (file) => {
          pokeMisc(file, "VM2PF", event.vm2pf)
          if (event.pf2vm === null) return
          pokeMisc(file, "PF2VM", event.pf2vm)
          if (state.device === undefined) pokeMisc(file, "VINTSOUPF2VM", 1)
        }),
        init: event.init,
        compatVersion: event.compatVersion,
        ...(state.device === undefined ? {} : { device: Device.handled(state.device, event) })
      }
    default:
      return undefined
  }
}

const isFileEvent = (event: VfEvent): event is MigrationFile.Event =>
  event._tag.startsWith("File") || event._tag === "PrecopyInfoGiven"

/** The VF after `event`. Events that only record (refusals, notifications) change nothing. */
export const evolve = (state: Vf, event: VfEvent): Vf => {
  if (isFileEvent(event)) return withFile(state, event)
  return (
    guest(state, event) ??
    Device.evolve(state, event) ??
    transition(state, event) ??
    session(state, event) ??
    lifecycle(state, event) ??
    state
  )
}
