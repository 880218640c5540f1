/**
 * What a PF remembers of the mailbox of an emulated VF, beside INIT and version: whether it still listens, and an answer that waits. Source:
 * `qat_common/adf_pfvf_pf_proto.c`, `adf_sriov.c`, `adf_gen4_pfvf.c`; sections 4.3 and 5.2 of the register specification.
 */
import { Schema } from "effect"
import { U32 } from "../Unsigned.ts"

export const Mailbox = Schema.Struct({
  /** A message of an unknown type came: the VF's interrupt stays masked in the PF, which notices no doorbell any more until SR-IOV starts anew. */
  masked: Schema.Boolean,
  /** An answer that waits until the VF has read the notification that is in PF2VM. */
  queued: Schema.NullOr(U32)
})
export type Mailbox = typeof Mailbox.Type

/** A mailbox as it comes up. */
export const fresh: Mailbox = { masked: false, queued: null }

/** From this compatibility version on a VF answers RESTARTING, and understands RESTARTED and FATAL_ERROR. */
const fallbackVersion = 5

interface Known {
  readonly init: number
  readonly compatVersion: number
}

/** Whether the VF tells its PF when it is ready for a restart. */
export const answersRestarting = ({ compatVersion }: Pick<Known, "compatVersion">): boolean =>
  compatVersion >= fallbackVersion

/** Whether the VF is told: it has sent INIT, and knows messages of this kind. */
export const isTold = (vf: Known, message: "RESTARTING" | "RESTARTED" | "FATAL_ERROR"): boolean =>
  vf.init !== 0 && (message === "RESTARTING" || answersRestarting(vf))
