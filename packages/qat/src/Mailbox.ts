/**
 * A guest's write to VM2PF of an emulated VF, from outside: waits for the mailbox lock if a migration holds it, then lets the PF answer.
 * Source: `qat_common/adf_sriov.c`, `adf_gen4_vf_mig.c`; section 3.3 of the driver specification.
 *
 * The PF's driver holds the lock while it handles a message, so that a save never reads a mailbox that is half way. Here handling is one turn of
 * the VF, and so is a save: neither can come in between the other, and taking the lock would only put two events into the journal for every
 * message. What stays is the other direction: from the moment that a migration has the lock until it gives it back no message is
 * handled. There is thus no lock to lose when the write is interrupted. A lock held for `service` is that of whoever has put it there.
 */
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { PfActor, VfActor } from "./Actors.ts"
import * as Pf from "./Pf.ts"

/**
 * Serves a 32-bit write to VM2PF. The answer is in PF2VM when it returns. `ENODEV` as for every register write. Interrupted while it waits, it has
 * written nothing.
 */
export const serveMailbox = (pf: PfActor, vf: VfActor, value: number): Effect.Effect<void, Errno | JournalError> => {
  const attempt: Effect.Effect<void, Errno | JournalError> = Effect.suspend(() => {
    const lock = `${vf.unsafeState().vfNumber}`
    const state = pf.unsafeState()
    if (state.locks[lock] !== "migration") {
      return Effect.asVoid(vf.ask({ _tag: "WriteMailbox", value, pf: Pf.factsOf(state) }))
    }
    // Another migration may have taken it before this fiber runs again.
    return Effect.zipRight(
      pf.until(({ locks }) => locks[lock] !== "migration"),
      attempt
    )
  })
  return attempt
}
