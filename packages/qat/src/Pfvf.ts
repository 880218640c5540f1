/**
 * The mailbox between VF and PF, as far as the migration block carries it: INIT, SHUTDOWN, RESTARTING_COMPLETE and both
 * version requests. Handled before the VF's register write returns. Block messages and ring pair reset are not here yet:
 * as for every message it does not know, the PF acknowledges and does not answer.
 * Source: `qat_common/adf_pfvf_msg.h`, `adf_pfvf_pf_proto.c`; section 5 of the register specification.
 */
import { miscIndex, miscRegisters } from "./Registers.ts"
import { done, emit, type Turn, type VfDecision } from "./Turn.ts"
import type { VfCommand } from "./VfCommand.ts"
import { misc } from "./RegisterFile.ts"

/** Word: bit 0 doorbell and acknowledgement, bit 1 always 1, bits 7:2 type, bits 31:8 data. */
const doorbell = 0x1
const system = 0x2
const typeOf = (word: number): number => (word >>> 2) & 0x3f
const dataOf = (word: number): number => word >>> 8
const word = (type: number, data: number): number => (doorbell | system | (type << 2) | (data << 8)) >>> 0

/** VERSION_RESP from PF to VF: data 7:0 version, 9:8 verdict. */
const versionResponse = 0x02
const compatible = 1
const incompatible = 2
const undecided = 3
/** The PF's own compatibility version, and what it answers to a request of the legacy kind. */
const compatVersion = 5
const legacyVersion = 0x11

const verdict = (version: number): number => {
  if (version === 0) return incompatible
  return version <= compatVersion ? compatible : undecided
}

interface Handled {
  readonly message: string
  readonly init: number
  readonly compatVersion: number
  readonly answer: number | null
}

const handle = (turn: Turn, vm2pf: number): Handled => {
  const { init, compatVersion: known } = turn.state
  const version = dataOf(vm2pf) & 0xff
  switch (typeOf(vm2pf)) {
    case 0x03:
      return { message: "INIT", init: 1, compatVersion: known, answer: null }
    case 0x04:
      return { message: "SHUTDOWN", init: 0, compatVersion: known, answer: null }
    case 0x05:
      return {
        message: "VERSION_REQ",
        init,
        compatVersion: 0,
        answer: word(versionResponse, legacyVersion | (compatible << 8))
      }
    case 0x06:
      return {
        message: "COMPAT_VER_REQ",
        init,
        compatVersion: version,
        answer: word(versionResponse, compatVersion | (verdict(version) << 8))
      }
    case 0x0a:
      return { message: "RESTARTING_COMPLETE", init: 0, compatVersion: known, answer: null }
    default:
      return { message: `type ${typeOf(vm2pf)}`, init, compatVersion: known, answer: null }
  }
}

/** Serves the message in VM2PF, if its doorbell is set. */
export const serve = (turn: Turn): void => {
  const vm2pf = misc(turn.state.registers, "VM2PF")
  if ((vm2pf & doorbell) === 0) return
  const { answer, ...handled } = handle(turn, vm2pf)
  emit(turn, { _tag: "MailboxHandled", ...handled, vm2pf: (vm2pf & ~doorbell) >>> 0, pf2vm: answer })
}

type Command<Tag extends VfCommand["_tag"]> = Extract<VfCommand, { readonly _tag: Tag }>

/** A write to VM2PF. */
export const writeMailbox = (turn: Turn, { value }: Command<"WriteMailbox">): VfDecision => {
  emit(turn, { _tag: "RegisterWritten", bar: 2, offset: miscRegisters[miscIndex.VM2PF].vfOffset, value })
  serve(turn)
  return done(turn)
}

/** A message that the PF sends of itself. */
export const notify = (turn: Turn, { message }: Command<"NotifyVf">): VfDecision => {
  emit(turn, { _tag: "PfMessageSent", message, pf2vm: word(1, 0) })
  return done(turn)
}

/** Resets a bank, as the PF wishes. */
export const resetRingPair = (turn: Turn, { bank }: Command<"ResetRingPair">): VfDecision => {
  emit(turn, { _tag: "RingPairReset", bank })
  return done(turn)
}
