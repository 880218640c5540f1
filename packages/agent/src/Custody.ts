/**
 * Whether a device stands in STOP_COPY because an agent's caller put it there. Its state may have gone to another host already, and only the caller knows whether that one
 * was given the guest: so until the caller, a fence or a reset by the agent leads it out of there, the guest's VMM does not.
 */
import { Effect } from "effect"
import type { CustodyActor } from "./CustodyActor.ts"
import { HostFailed } from "./Errors.ts"

export interface Custody {
  readonly taken: () => boolean
  /** Ends when it is *written*: the process may end at any moment, and the VMM is back before the caller. */
  readonly keep: (taken: boolean) => Effect.Effect<void, HostFailed>
}

/** Of this process alone: for hosts whose devices end with it. */
export const custodyInMemory = (): Custody => {
  let now = false
  return {
    taken: () => now,
    keep: (taken) =>
      Effect.sync(() => {
        now = taken
      })
  }
}

/** In the journal of a host, of the device that errors call `device`. */
export const custodyOf = (device: string, actor: CustodyActor): Custody => ({
  taken: () => actor.unsafeState().taken,
  keep: (taken) =>
    Effect.mapError(
      actor.ask({ _tag: "KeepCustody", taken }),
      ({ message }) => new HostFailed({ device, reason: message })
    )
})
