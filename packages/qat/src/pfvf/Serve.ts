/**
 * The PF's side of a VF's messages: each is handled before the VF's register write returns, so that whoever sees it acknowledged finds the
 * answer there. Source: `qat_common/adf_pfvf_pf_proto.c`, `adf_sriov.c`; sections 5.1 and 5.2 of the register specification.
 *
 * M1 The answer is in PF2VM and the doorbell of VM2PF is cleared in the same turn; only an unread notification of the PF is not overwritten:
 *    the answer then waits for its acknowledgement.
 * M2 A message of an unknown type is acknowledged and not answered, and is the last that is noticed.
 * M3 A plain register write carries no values of the PF: block messages and RP_RESET are then unknown, and nothing is masked.
 */
import type { PfFacts } from "../Compatibility.ts"
import { asking, interrupt } from "../InterruptTurn.ts"
import { mailboxBit } from "../Interrupts.ts"
import * as Ops from "../MigrationOps.ts"
import { misc } from "../RegisterFile.ts"
import { miscIndex, miscRegisters } from "../Registers.ts"
import { done, emit, refuse, type Turn, type VfDecision } from "../Turn.ts"
import type { VfCommand } from "../VfCommand.ts"
import { type BlockRequest, readBlock } from "./BlockMessages.ts"
import {
  acknowledged,
  compatVersion,
  dataOf,
  isPending,
  isUnreadNotification,
  message,
  toPf,
  toVf,
  typeOf
} from "./Message.ts"

/** VERSION_RESP: data 7:0 version, 9:8 verdict. */
const verdicts = { compatible: 1, incompatible: 2, undecided: 3 } as const
/** What a PF answers to a request of the legacy kind. */
const legacyVersion = 0x11

/** RP_RESET_RESP. A bank that the VF does not have (2) cannot be named in two bits. */
const ringPairReset = { done: 0, unsupported: 1, timeout: 3 } as const

const versionAnswer = (version: number, verdict: number): number => message(toVf.VERSION_RESP, version | (verdict << 8))

const verdict = (version: number): number => {
  if (version === 0) return verdicts.incompatible
  return version <= compatVersion ? verdicts.compatible : verdicts.undecided
}

/** What the world has to say to a message: the PF's values, and whether it can reset a bank. */
interface World {
  readonly pf: PfFacts
  readonly ringPairReset?: "timeout" | "unsupported"
}

interface Handled {
  readonly message: string
  readonly init?: number
  readonly compatVersion?: number
  readonly answer?: number
  readonly masked?: true
}

/** The messages that need nothing of the PF but its memory of the VF; undefined for others. */
const remembered = (vm2pf: number): Handled | undefined => {
  switch (typeOf(vm2pf)) {
    case toPf.INIT:
      return { message: "INIT", init: 1 }
    case toPf.SHUTDOWN:
      return { message: "SHUTDOWN", init: 0 }
    case toPf.VERSION_REQ:
      return { message: "VERSION_REQ", compatVersion: 0, answer: versionAnswer(legacyVersion, verdicts.compatible) }
    case toPf.COMPAT_VER_REQ: {
      const version = dataOf(vm2pf) & 0xff
      const answer = versionAnswer(compatVersion, verdict(version))
      return { message: "COMPAT_VER_REQ", compatVersion: version, answer }
    }
    case toPf.RESTARTING_COMPLETE:
      return { message: "RESTARTING_COMPLETE", init: 0 }
    default:
      return undefined
  }
}

const blockAnswer = (request: BlockRequest, vm2pf: number, { pf }: World): Handled => ({
  message: request,
  answer: message(toVf.BLKMSG_RESP, readBlock(request, dataOf(vm2pf), pf))
})

/** Data 1:0 bank, the rest 0. The bank is reset before the answer is there. */
const resetAnswer = (turn: Turn, vm2pf: number, world: World): Handled => {
  const data = dataOf(vm2pf)
  const result = data >>> 2 === 0 ? (world.ringPairReset ?? "done") : "unsupported"
  if (result === "done") emit(turn, { _tag: "RingPairReset", bank: data & 3 })
  return { message: "RP_RESET", answer: message(toVf.RP_RESET_RESP, ringPairReset[result]) }
}

const unknown = (vm2pf: number): Handled => ({ message: `type ${typeOf(vm2pf)}` })

/** The messages that ask something of the PF. */
const asked = (turn: Turn, vm2pf: number, world: World): Handled => {
  switch (typeOf(vm2pf)) {
    case toPf.LARGE_BLOCK_REQ:
      return blockAnswer("LARGE_BLOCK_REQ", vm2pf, world)
    case toPf.MEDIUM_BLOCK_REQ:
      return blockAnswer("MEDIUM_BLOCK_REQ", vm2pf, world)
    case toPf.SMALL_BLOCK_REQ:
      return blockAnswer("SMALL_BLOCK_REQ", vm2pf, world)
    case toPf.RP_RESET:
      return resetAnswer(turn, vm2pf, world)
    case 0:
      return unknown(vm2pf)
    default:
      return { ...unknown(vm2pf), masked: true }
  }
}

/** Serves the message in VM2PF, if its doorbell is set and the PF listens. True if it was answered. */
const serve = (turn: Turn, world?: World): boolean => {
  const { compatVersion: known, device, init, registers } = turn.state
  const vm2pf = misc(registers, "VM2PF")
  if (!isPending(vm2pf) || device?.mailbox?.masked === true) return false
  const handled = remembered(vm2pf) ?? (world === undefined ? unknown(vm2pf) : asked(turn, vm2pf, world))
  const { answer = null, masked } = handled
  const waits = device !== undefined && answer !== null && isUnreadNotification(misc(turn.state.registers, "PF2VM"))
  emit(turn, {
    _tag: "MailboxHandled",
    message: handled.message,
    init: handled.init ?? init,
    compatVersion: handled.compatVersion ?? known,
    vm2pf: acknowledged(vm2pf),
    pf2vm: waits ? null : answer,
    ...(waits ? { queued: answer } : {}),
    ...(masked === undefined ? {} : { masked })
  })
  return answer !== null && !waits
}

/**
 * A doorbell that a load has put into VM2PF rings at this PF. It is heard when the device runs, so that until then both sides of a migration hold
 * the same words. At the source it was not heard: one is pending there only if that PF did not listen.
 */
export const servePending = (turn: Turn, pf: PfFacts): void => {
  if (turn.state.device !== undefined) serve(turn, { pf })
}

/** The VF has read what was in PF2VM: an answer that waited for that is sent. */
const sendQueued = (turn: Turn): boolean => {
  const queued = turn.state.device?.mailbox?.queued ?? null
  if (queued === null || isPending(misc(turn.state.registers, "PF2VM"))) return false
  emit(turn, { _tag: "QueuedAnswerSent", pf2vm: queued })
  return true
}

const offsetOf = (name: "PF2VM" | "VM2PF"): number => miscRegisters[miscIndex[name]].vfOffset
const [pf2vmOffset, vm2pfOffset] = [offsetOf("PF2VM"), offsetOf("VM2PF")]

/** What a plain write to BAR2 at `offset` (bytes) means to the mailbox, once it is stored. Gives what asks anew: bits of `Interrupts.pending`. */
export const afterWrite = (turn: Turn, offset: number): number => {
  const sent = offset === vm2pfOffset ? serve(turn) : offset === pf2vmOffset && sendQueued(turn)
  return sent ? mailboxBit : 0
}

/** A write to VM2PF, with all that the PF needs to answer. Refused as a register write is. */
export const writeMailbox = (
  turn: Turn,
  command: Extract<VfCommand, { readonly _tag: "WriteMailbox" }>
): VfDecision => {
  const closed = Ops.requireOpen(turn)
  if (closed !== undefined) return refuse(turn, "register write", closed)
  const before = asking(turn)
  emit(turn, { _tag: "RegisterWritten", bar: 2, offset: vm2pfOffset, value: command.value })
  const answered = serve(turn, turn.state.device === undefined ? undefined : command)
  interrupt(turn, before, answered ? mailboxBit : 0)
  return done(turn)
}
