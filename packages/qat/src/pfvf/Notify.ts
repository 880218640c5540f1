/**
 * What the PF does to a VF of itself: messages that nobody asked for, and the reset of a bank. Source: `qat_common/adf_pfvf_pf_msg.c`;
 * section 5.3 of the register specification. Who waits for their acknowledgement is `pf/Send.ts`.
 */
import { EINVAL, type Errno } from "@stopcopy/errno"
import { asking, interrupt } from "../InterruptTurn.ts"
import { mailboxBit } from "../Interrupts.ts"
import { because } from "../Refusals.ts"
import { done, emit, refuse, type Turn, type VfDecision } from "../Turn.ts"
import type { VfCommand } from "../VfCommand.ts"
import { isTold } from "./MailboxState.ts"
import { message as word, toVf } from "./Message.ts"

type Command<Tag extends VfCommand["_tag"]> = Extract<VfCommand, { readonly _tag: Tag }>

const notEmulated = (operation: string): Errno =>
  new EINVAL(
    because(
      "vf.device",
      "the VF must be of the register model device",
      operation,
      "registers alone",
      "an emulated device",
      "probe the VF with the register model device"
    )
  )

/** Sends a message. One that the VF would not be told changes nothing. */
export const notify = (turn: Turn, { message }: Command<"NotifyVf">): VfDecision => {
  if (turn.state.device === undefined) return refuse(turn, "notify", notEmulated("message of the PF"))
  if (!isTold(turn.state, message)) return done(turn)
  const before = asking(turn)
  emit(turn, { _tag: "PfMessageSent", message, pf2vm: word(toVf[message]) })
  interrupt(turn, before, mailboxBit)
  return done(turn)
}

/** Lets the PF listen to the VF again. Nothing happens where it does, and has nothing to forget. */
export const restartMailbox = (turn: Turn, { forget }: Command<"RestartMailbox">): VfDecision => {
  const { compatVersion, device, init } = turn.state
  if (device === undefined) return refuse(turn, "restart mailbox", notEmulated("mailbox"))
  const known = init !== 0 || compatVersion !== 0 || device.restarting
  if (device.mailbox?.masked === true || (forget && known)) {
    emit(turn, { _tag: "MailboxRestarted", forgotten: forget })
  }
  return done(turn)
}

/** Resets a bank, as the PF wishes. */
export const resetRingPair = (turn: Turn, { bank }: Command<"ResetRingPair">): VfDecision => {
  if (turn.state.device === undefined) return refuse(turn, "reset ring pair", notEmulated("ring pair reset"))
  const before = asking(turn)
  emit(turn, { _tag: "RingPairReset", bank })
  interrupt(turn, before)
  return done(turn)
}
