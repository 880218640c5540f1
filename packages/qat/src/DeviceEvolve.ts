/** Applies what happened behind the registers of an emulated device. Total, as `VfEvolve.ts`. */
import { HashMap } from "effect"
import type { DeviceEvent } from "./DeviceEvent.ts"
import type { Draft } from "./Draft.ts"
import * as Interrupts from "./Interrupts.ts"
import { withoutReported, withUnplacedMarked } from "./DirtyPages.ts"
import { pack, unpack } from "./Outcome.ts"
import { answersRestarting, fresh } from "./pfvf/MailboxState.ts"
import {
  clearBank,
  csr,
  hasLatch,
  Latch,
  movePointer,
  pokeCsr,
  pokeLatch,
  pokeMisc,
  type RegisterFile,
  ringRegister
} from "./RegisterFile.ts"
import { receive, transmit } from "./Registers.ts"
import { ringBytes } from "./RingStatus.ts"
import { type EngineBank, type VfDevice, withEngineBank } from "./VfDevice.ts"
import type { VfEvent } from "./VfEvent.ts"
import type { Vf } from "./VfState.ts"

type Of<Tag extends DeviceEvent["_tag"]> = Extract<DeviceEvent, { readonly _tag: Tag }>

/** EXP_STAT: this bit and the next are faults on the memory of ring 0 and of ring 1. */
export const ringFault = 0x100

const executed = (state: Vf, device: VfDevice, event: Of<"RequestsExecuted">, draft: Draft): Vf => {
  const { bank, count, head, outcomes, tail } = event
  const vf = draft.of(state)
  vf.device = withEngineBank(device, bank, (part) => ({
    ...part,
    executed: part.executed + count,
    unplaced: { count, tail, outcomes }
  }))
  const file = draft.registersOf(vf)
  movePointer(file, bank, transmit, "HEAD", head)
  Interrupts.settle(file, bank)
  return vf
}

/** The device after a reset of a bank: what was not placed is dropped. `registers`: as they stood before. */
export const anew = (device: VfDevice, registers: RegisterFile, bank: number, times = 1): VfDevice =>
  withEngineBank(withUnplacedMarked(device, registers, bank), bank, (part) => ({
    ...part,
    generation: part.generation + times,
    unplaced: null
  }))

/** The device after resets of banks, or new settings of their rings: how many, by bank. What those had not placed is dropped. `registers`: as they stood before. */
export const anewTimes = (device: VfDevice, registers: RegisterFile, times: ReadonlyArray<number>): VfDevice => {
  let now = device
  for (let bank = 0; bank < times.length; bank++) {
    const count = times[bank] ?? 0
    if (count > 0) now = anew(now, registers, bank, count)
  }
  return now
}

/** The engine leaves a slot free: where its tail meets the head, the ring is empty. */
const moveTail = (file: RegisterFile, bank: number, tail: number): void => {
  movePointer(file, bank, receive, "TAIL", tail)
  if (ringRegister(file, bank, receive, "HEAD") === tail) movePointer(file, bank, receive, "HEAD", tail)
}

/**
 * Before the guest's head moves to `head`: it may have taken responses whose placing is not recorded yet, and gives their slots back. Then the
 * tail is there too. Changes `file`.
 */
export const catchUp = (file: RegisterFile, bank: number, part: EngineBank, head: number): void => {
  const end = part.unplaced?.tail
  const size = ringBytes(ringRegister(file, bank, receive, "CONFIG"))
  if (end === undefined || size === 0) return
  const tail = ringRegister(file, bank, receive, "TAIL")
  if (((head - tail) & (size - 1)) <= ((end - tail) & (size - 1))) moveTail(file, bank, head)
}

const responsesPlaced = (
  state: Vf,
  device: VfDevice,
  { bank, count, tail }: Of<"ResponsesPlaced">,
  draft: Draft
): Vf => {
  const vf = draft.of(state)
  vf.device = withEngineBank(withUnplacedMarked(device, state.registers, bank), bank, (part) => ({
    ...part,
    placed: part.placed + count,
    unplaced: null
  }))
  const file = draft.registersOf(vf)
  moveTail(file, bank, tail)
  Interrupts.placed(file, bank)
  return vf
}

const amended = (device: VfDevice, { bank, response, slot }: Of<"OutcomeAmended">): VfDevice =>
  withEngineBank(device, bank, (part) => {
    if (part.unplaced === null) return part
    const outcomes = unpack(part.unplaced.outcomes)
    const changed = outcomes.map((outcome) => (outcome.slot === slot ? { ...outcome, response } : outcome))
    return { ...part, unplaced: { ...part.unplaced, outcomes: pack(changed) } }
  })

/** What the PF remembers of the mailbox after it handled a message. */
export const handled = (device: VfDevice, event: Extract<VfEvent, { readonly _tag: "MailboxHandled" }>): VfDevice => {
  const { masked, message, queued } = event
  const ready = message === "RESTARTING_COMPLETE" ? { ...device, restarting: false } : device
  if (masked === undefined && queued === undefined) return ready
  const { mailbox = fresh } = device
  return { ...ready, mailbox: { masked: masked ?? mailbox.masked, queued: queued ?? mailbox.queued } }
}

/** The device after its VF was reset, which empties the mailbox; the PF's memory of the VF and its mask stay. */
export const withoutQueue = (device: VfDevice): VfDevice => {
  const { mailbox, ...others } = device
  if (mailbox === undefined || mailbox.queued === null) return device
  return mailbox.masked ? { ...others, mailbox: { ...mailbox, queued: null } } : others
}

const withoutMask = (device: VfDevice): VfDevice => {
  const { mailbox, ...others } = device
  if (mailbox === undefined || !mailbox.masked) return device
  return mailbox.queued === null ? others : { ...others, mailbox: { ...mailbox, masked: false } }
}

/** A bank after its reset. Whether it stands still for a migration is not the reset's business. */
const bankReset = (file: RegisterFile, bank: number): void => {
  const held = [Latch.drained, Latch.draining].filter((latch) => hasLatch(file, bank, latch))
  clearBank(file, bank)
  for (const latch of held) pokeLatch(file, bank, latch, true)
}

const withDevice = (state: Vf, device: VfDevice, draft: Draft): Vf => {
  const vf = draft.of(state)
  vf.device = device
  return vf
}

/** Changes of registers alone. */
const inRegisters = (state: Vf, draft: Draft, change: (file: RegisterFile) => void): Vf => {
  const vf = draft.of(state)
  change(draft.registersOf(vf))
  return vf
}

/** What the PF did of itself. */
const byPf = (
  state: Vf,
  device: VfDevice,
  event: Of<"PfMessageSent" | "MailboxRestarted" | "QueuedAnswerSent">,
  draft: Draft
): Vf => {
  const vf = draft.of(state)
  switch (event._tag) {
    case "PfMessageSent":
      if (event.message === "RESTARTING") vf.device = { ...device, restarting: answersRestarting(state) }
      pokeMisc(draft.registersOf(vf), "PF2VM", event.pf2vm)
      return vf
    case "MailboxRestarted": {
      const listening = withoutMask(device)
      vf.device = event.forgotten ? { ...listening, restarting: false } : listening
      if (event.forgotten) vf.init = vf.compatVersion = 0
      return vf
    }
    case "QueuedAnswerSent":
      vf.device = withoutQueue(device)
      pokeMisc(draft.registersOf(vf), "PF2VM", event.pf2vm)
      return vf
  }
}

/** The VF after `event`; undefined for an event of another kind, or a VF with nothing behind its registers. Changes `draft` as `VfEvolve.ts` does. */
export const evolve = (state: Vf, event: VfEvent, draft: Draft): Vf | undefined => {
  const { device } = state
  if (device === undefined) return undefined
  switch (event._tag) {
    case "RequestsExecuted":
      return executed(state, device, event, draft)
    case "OutcomeAmended":
      return withDevice(state, amended(device, event), draft)
    case "ResponsesPlaced":
      return responsesPlaced(state, device, event, draft)
    case "RingFaulted": {
      const marked = withDevice(state, withUnplacedMarked(device, state.registers, event.bank), draft)
      return inRegisters(marked, draft, (file) =>
        pokeCsr(file, event.bank, "EXP_STAT", csr(file, event.bank, "EXP_STAT") | (ringFault << event.ring))
      )
    }
    case "CoalescingElapsed":
      return inRegisters(state, draft, (file) => Interrupts.elapsed(file, event.bank))
    case "InterruptsDerived":
      return inRegisters(state, draft, Interrupts.derive)
    case "InterruptRaised":
      return withDevice(state, { ...device, interrupts: device.interrupts + 1 }, draft)
    case "RingPairReset":
      return inRegisters(withDevice(state, anew(device, state.registers, event.bank), draft), draft, (file) =>
        bankReset(file, event.bank)
      )
    case "PfMessageSent":
    case "MailboxRestarted":
    case "QueuedAnswerSent":
      return byPf(state, device, event, draft)
    case "DmaLoggingStarted": {
      const { ranges } = event
      return withDevice(state, { ...device, dirtyLog: { ranges, pages: HashMap.empty() } }, draft)
    }
    case "DmaLoggingStopped":
      return withDevice(state, { ...device, dirtyLog: null }, draft)
    case "DmaLogReported":
      return device.dirtyLog === null
        ? state
        : withDevice(state, { ...device, dirtyLog: withoutReported(device.dirtyLog, event.iova, event.length) }, draft)
    default:
      return undefined
  }
}
