/** Applies what happened behind the registers of an emulated device. Total, as `VfEvolve.ts`. */
import { HashMap } from "effect"
import type { DeviceEvent } from "./DeviceEvent.ts"
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

const withRegisters = (state: Vf, change: (file: RegisterFile) => void): Vf => {
  const registers = state.registers.slice()
  change(registers)
  return { ...state, registers }
}

const executed = (state: Vf, device: VfDevice, event: Of<"RequestsExecuted">): Vf => {
  const { bank, count, head, outcomes, tail } = event
  return {
    ...withRegisters(state, (file) => {
      movePointer(file, bank, transmit, "HEAD", head)
      Interrupts.settle(file, bank)
    }),
    device: withEngineBank(device, bank, (part) => ({
      ...part,
      executed: part.executed + count,
      unplaced: { count, tail, outcomes }
    }))
  }
}

/**
 * The device after a reset of a bank, or new settings of its rings, `times` of them: what was not placed is dropped. `registers`: as they stood before.
 */
export const anew = (device: VfDevice, registers: RegisterFile, bank: number, times = 1): VfDevice =>
  withEngineBank(withUnplacedMarked(device, registers, bank), bank, (part) => ({
    ...part,
    generation: part.generation + times,
    unplaced: null
  }))

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

const responsesPlaced = (state: Vf, device: VfDevice, { bank, count, tail }: Of<"ResponsesPlaced">): Vf => ({
  ...withRegisters(state, (file) => {
    moveTail(file, bank, tail)
    Interrupts.placed(file, bank)
  }),
  device: withEngineBank(withUnplacedMarked(device, state.registers, bank), bank, (part) => ({
    ...part,
    placed: part.placed + count,
    unplaced: null
  }))
})

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

/** The VF after `event`; undefined for an event of another kind, or a VF with nothing behind its registers. */
export const evolve = (state: Vf, event: VfEvent): Vf | undefined => {
  const { device } = state
  if (device === undefined) return undefined
  switch (event._tag) {
    case "RequestsExecuted":
      return executed(state, device, event)
    case "OutcomeAmended":
      return { ...state, device: amended(device, event) }
    case "ResponsesPlaced":
      return responsesPlaced(state, device, event)
    case "RingFaulted":
      return {
        ...withRegisters(state, (file) =>
          pokeCsr(file, event.bank, "EXP_STAT", csr(file, event.bank, "EXP_STAT") | (ringFault << event.ring))
        ),
        device: withUnplacedMarked(device, state.registers, event.bank)
      }
    case "CoalescingElapsed":
      return withRegisters(state, (file) => Interrupts.elapsed(file, event.bank))
    case "InterruptsDerived":
      return withRegisters(state, Interrupts.derive)
    case "InterruptRaised":
      return { ...state, device: { ...device, interrupts: device.interrupts + 1 } }
    case "RingPairReset":
      return {
        ...withRegisters(state, (file) => bankReset(file, event.bank)),
        device: anew(device, state.registers, event.bank)
      }
    case "PfMessageSent": {
      const told = withRegisters(state, (file) => pokeMisc(file, "PF2VM", event.pf2vm))
      return event.message === "RESTARTING"
        ? { ...told, device: { ...device, restarting: answersRestarting(state) } }
        : told
    }
    case "MailboxRestarted": {
      const listening = { ...state, device: withoutMask(device) }
      if (!event.forgotten) return listening
      return { ...listening, init: 0, compatVersion: 0, device: { ...listening.device, restarting: false } }
    }
    case "QueuedAnswerSent":
      return {
        ...withRegisters(state, (file) => pokeMisc(file, "PF2VM", event.pf2vm)),
        device: withoutQueue(device)
      }
    case "DmaLoggingStarted": {
      const { ranges } = event
      return { ...state, device: { ...device, dirtyLog: { ranges, pages: HashMap.empty() } } }
    }
    case "DmaLoggingStopped":
      return { ...state, device: { ...device, dirtyLog: null } }
    case "DmaLogReported":
      return device.dirtyLog === null
        ? state
        : { ...state, device: { ...device, dirtyLog: withoutReported(device.dirtyLog, event.iova, event.length) } }
    default:
      return undefined
  }
}
