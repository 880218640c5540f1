/** Applies what happens to a VF while it is migrated: walks, sessions, the block, a load. Total, as `VfEvolve.ts`. */
import * as Device from "./DeviceEvolve.ts"
import type { Draft, Writable } from "./Draft.ts"
import { blockBytes } from "./mstate/Layout.ts"
import { atBar0, writeBar0 } from "./RegisterAccess.ts"
import { Latch, pokeLatch, pokeMisc, type RegisterFile } from "./RegisterFile.ts"
import { banksPerVf, miscRegisters } from "./Registers.ts"
import type { VfDevice } from "./VfDevice.ts"
import type { RegisterWrite, VfEvent } from "./VfEvent.ts"
import { initial, type Vf } from "./VfState.ts"

type Of<Tag extends VfEvent["_tag"]> = Extract<VfEvent, { readonly _tag: Tag }>

/** Puts bytes into the block, as far as it goes. */
const intoBlock = (vf: Writable, draft: Draft, offset: number, bytes: Uint8Array): Vf => {
  draft.blockOf(vf).set(bytes.subarray(0, Math.max(0, blockBytes - offset)), offset)
  return vf
}

/** The bank of which a write sets up a ring, its place in memory included: what was fetched before is not answered any more. */
export const bankSetUp = (offset: number): number | undefined => {
  const register = atBar0(offset)
  if (register?.kind !== "ring" || register.name === "HEAD" || register.name === "TAIL") return undefined
  return register.bank
}

/** The device after these writes. `registers`: as they stood before. */
const deviceAfter = (device: VfDevice, registers: RegisterFile, writes: ReadonlyArray<RegisterWrite>): VfDevice => {
  // How often each bank was set up.
  const times = new Array<number>(banksPerVf).fill(0)
  for (const [space, offset] of writes) {
    const bank = space === 0 ? bankSetUp(offset) : undefined
    if (bank !== undefined) times[bank] = (times[bank] ?? 0) + 1
  }
  return Device.anewTimes(device, registers, times)
}

const applyWrite = (state: Vf, file: RegisterFile, [space, offset, value]: RegisterWrite): void => {
  if (space === 0) return writeBar0(file, state.registerModel, offset, value)
  const register = miscRegisters.find((fact) => fact.offset === offset)
  if (register !== undefined) pokeMisc(file, register.name, value)
}

const loaded = (state: Vf, event: Of<"StateLoaded">, draft: Draft): Vf => {
  const vf = draft.of(state)
  if (state.device !== undefined) vf.device = deviceAfter(state.device, state.registers, event.writes)
  const file = draft.registersOf(vf)
  for (const write of event.writes) applyWrite(vf, file, write)
  vf.init = event.init ?? state.init
  vf.compatVersion = event.compatVersion ?? state.compatVersion
  return vf
}

const forEachBank = (mask: number, act: (bank: number) => void): void => {
  for (let bank = 0; bank < banksPerVf; bank++) if ((mask & (1 << bank)) !== 0) act(bank)
}

/** Both sizes of a setup part are 0 again. Changes `vf`. */
export const withoutSizes = (vf: Writable): Writable => {
  vf.setupSize = 0
  vf.remoteSetupSize = 0
  return vf
}

/** RPRESETCTL bit 2 of a device's bank; nothing stands behind the registers of the other models. */
const draining = (state: Vf, draft: Draft, bank: number, on: boolean): Vf => {
  if (state.device === undefined) return state
  const vf = draft.of(state)
  pokeLatch(draft.registersOf(vf), bank, Latch.draining, on)
  return vf
}

/** The VF after an event of a walk; undefined for an event of another kind. */
export const transition = (state: Vf, event: VfEvent, draft: Draft): Vf | undefined => {
  const { operation } = state
  switch (event._tag) {
    case "OperationStarted": {
      const { id, requested } = event
      const vf = draft.of(state)
      vf.nextOperation = id + 1
      vf.operation = { id, requested, to: null, waiting: null, drained: 0, file: null }
      return vf
    }
    case "ArcWaits": {
      const { to, waiting } = event
      const vf = draft.of(state)
      if (operation !== null) vf.operation = { ...operation, to, waiting }
      return waiting._tag === "Drain" ? draining(vf, draft, waiting.bank, true) : vf
    }
    case "DrainTimedOut":
      // The request to drain stays in the register; safe mode takes it back, so that the bank works on (quirk 8).
      return state.mode === "safe" ? draining(state, draft, event.bank, false) : state
    case "BankDrained": {
      const bit = 1 << event.bank
      const vf = draft.of(state)
      const file = draft.registersOf(vf)
      pokeLatch(file, event.bank, Latch.draining, false)
      pokeLatch(file, event.bank, Latch.drained, true)
      vf.stoppedBanks |= bit
      if (operation !== null) vf.operation = { ...operation, drained: operation.drained | bit }
      return vf
    }
    case "BanksReleased": {
      const vf = draft.of(state)
      const file = draft.registersOf(vf)
      forEachBank(event.banks, (bank) => pokeLatch(file, bank, Latch.drained | Latch.draining, false))
      vf.stoppedBanks &= ~event.banks
      return vf
    }
    case "ArcTaken": {
      const vf = draft.of(state)
      vf.migrationState = event.to
      if (operation !== null) vf.operation = { ...operation, to: null, waiting: null }
      return vf
    }
    case "OperationEnded": {
      const vf = draft.of(state)
      vf.operation = null
      vf.ended = { id: event.id, failure: event.failure, file: event.file }
      return vf
    }
    default:
      return undefined
  }
}

/** The VF after an event of a session; undefined for an event of another kind. */
export const session = (state: Vf, event: VfEvent, draft: Draft): Vf | undefined => {
  switch (event._tag) {
    case "BlockCleared": {
      const vf = withoutSizes(draft.of(state))
      vf.block = initial.block
      return vf
    }
    case "SetupSaved": {
      const vf = draft.of(state)
      vf.setupSize = event.bytes.length
      return intoBlock(vf, draft, 0, event.bytes)
    }
    case "StateSaved":
    case "StateSaveUnfinished":
    case "BlockReceived":
      return intoBlock(draft.of(state), draft, event.offset, event.bytes)
    case "BlockWiped":
      return intoBlock(draft.of(state), draft, event.offset, new Uint8Array(event.length))
    case "SessionStarted": {
      const { file, kind } = event
      const vf = draft.of(state)
      if (vf.operation !== null) vf.operation = { ...vf.operation, file }
      vf[kind] = file
      return vf
    }
    case "SessionsEnded": {
      const vf = draft.of(state)
      vf.saving = null
      vf.resuming = null
      return vf
    }
    case "RemoteSetupSized": {
      const vf = draft.of(state)
      vf.remoteSetupSize = event.size
      return vf
    }
    case "StateLoaded":
      return loaded(state, event, draft)
    default:
      return undefined
  }
}
