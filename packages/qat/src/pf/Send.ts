/**
 * Sending a message of the PF to one VF: it is left in PF2VM until the VF acknowledges it, a second at most. Source: `adf_gen4_pfvf.c`,
 * `adf_pfvf_pf_msg.c` of `qat_common`; section 5.1 of the register specification.
 *
 * The driver reads the register every 4 µs. Here the VF's state tells when it has changed, so that nothing polls.
 */
import { type Errno, ETIMEDOUT } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Effect, Option } from "effect"
import type { PfActor, VfActor } from "../Actors.ts"
import type { PfMessage } from "../DeviceEvent.ts"
import { isTold } from "../pfvf/MailboxState.ts"
import { isPending } from "../pfvf/Message.ts"
import { because } from "../Refusals.ts"
import { misc } from "../RegisterFile.ts"
import type { Vf } from "../VfState.ts"

/** How long a VF has to read a message, in milliseconds. */
const acknowledgeMillis = 1_000

const isFree = ({ registers }: Vf): boolean => !isPending(misc(registers, "PF2VM"))

/** True once `predicate` holds; false when `millis` have passed without it. */
export const within = (
  vf: VfActor,
  predicate: (state: Vf) => boolean,
  millis: number
): Effect.Effect<boolean, JournalError> =>
  Effect.map(Effect.timeoutOption(vf.until(predicate), `${millis} millis`), Option.isSome)

const unread = (vf: number, message: PfMessage): ETIMEDOUT =>
  new ETIMEDOUT(
    because(
      "pf.message.unread",
      `a VF reads a message within ${acknowledgeMillis} ms`,
      `VF ${vf}`,
      `${message} not acknowledged`,
      "bit 0 of PF2VM cleared",
      "see whether the guest's driver still runs; the message stays"
    )
  )

/** Whether anybody reads the VF's mailbox, and is told this message. */
const reads = (state: Vf, message: PfMessage): boolean =>
  state.device !== undefined && state.lifecycle === "open" && isTold(state, message)

/**
 * Sends `message` if the VF is to be told, and waits until it has read it; true if it was to be told. What was sent before has its second first.
 * `ETIMEDOUT`: the message is left where it is, and the PF has a record of that.
 */
export const send = (pf: PfActor, vf: VfActor, message: PfMessage): Effect.Effect<boolean, Errno | JournalError> =>
  Effect.gen(function* () {
    if (!reads(vf.unsafeState(), message)) return false
    yield* within(vf, isFree, acknowledgeMillis)
    // The VF may have shut down, or been closed, meanwhile.
    if (!reads(vf.unsafeState(), message)) return false
    yield* vf.ask({ _tag: "NotifyVf", message })
    if (yield* within(vf, (state) => isFree(state) || state.lifecycle !== "open", acknowledgeMillis)) return true
    const { vfNumber } = vf.unsafeState()
    yield* pf.ask({ _tag: "NoteUnread", vf: vfNumber, message })
    return yield* unread(vfNumber, message)
  })
