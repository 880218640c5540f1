/**
 * Taking the PF's mailbox lock of one VF for a save. Source: `qat_common/adf_gen4_vf_mig.c`, `adf_sriov.c`; section 3.3 of
 * the driver specification.
 */
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Effect, Schedule } from "effect"
import type { PfActor } from "./Actors.ts"

/** How long a save tries, and how long it sleeps between two tries. The kernel sleeps 0.5 to 1 ms. */
const lockTimeoutMillis = 5
const retryMicros = 500

const tries = Schedule.intersect(
  Schedule.spaced(`${retryMicros} micros`),
  Schedule.recurs((lockTimeoutMillis * 1000) / retryMicros)
)

/** True when the lock was had within 5 ms. Having it already, after a restart, counts as having it. */
export const take = (pf: PfActor, vf: number): Effect.Effect<boolean, Errno | JournalError> =>
  pf.ask({ _tag: "LockMailbox", vf, holder: "migration" }).pipe(
    Effect.retry({ schedule: tries, while: (error) => error._tag === "EBUSY" }),
    Effect.as(true),
    Effect.catchTag("EBUSY", () => Effect.succeed(false))
  )

/** Gives the lock back. Without it nothing happens. */
export const release = (pf: PfActor, vf: number): Effect.Effect<void, Errno | JournalError> =>
  pf.ask({ _tag: "UnlockMailbox", vf, holder: "migration" })
