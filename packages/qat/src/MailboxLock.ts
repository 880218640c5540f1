/**
 * Taking the PF's mailbox lock of one VF for a save. Source: `qat_common/adf_gen4_vf_mig.c`, `adf_sriov.c`; section 3.3 of
 * the driver specification.
 */
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { PfActor } from "./Actors.ts"
import { poll } from "./Poll.ts"

/** How long a save tries, and how long it sleeps between two tries (the kernel: 0.5 to 1 ms), in microseconds. */
const lockTimeoutMicros = 5_000
const retryMicros = 1_000

/** True when the lock was free. */
export const tryTake = (pf: PfActor, vf: number): Effect.Effect<boolean, Errno | JournalError> =>
  pf.ask({ _tag: "LockMailbox", vf, holder: "migration" }).pipe(
    Effect.as(true),
    Effect.catchTag("EBUSY", () => Effect.succeed(false))
  )

/** True when the lock was had within 5 ms. Having it already, after a restart, counts as having it. */
export const take = (pf: PfActor, vf: number): Effect.Effect<boolean, Errno | JournalError> =>
  poll(tryTake(pf, vf), retryMicros, lockTimeoutMicros)

/** Gives the lock back. Without it nothing happens. */
export const release = (pf: PfActor, vf: number): Effect.Effect<void, Errno | JournalError> =>
  pf.ask({ _tag: "UnlockMailbox", vf, holder: "migration" })
