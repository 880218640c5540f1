/** The way to a device that an agent drives: a client of its server, for as long as the connection lasts. */
import { HostFailed } from "@stopcopy/agent"
import type { Client } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import type { Attachment } from "../Attachment.ts"

export interface DeviceAccess {
  /** The client of the present connection: another one after a connection was lost. */
  readonly client: Effect.Effect<Client, HostFailed>
  /** Guests that use the same connection may come from now on; told once, with the rule for them. None: no guest does. */
  readonly admit?: (rule: GuestRule) => Effect.Effect<void>
}

/** The errno for a guest's VMM that would change the device's migration state, or reset it; 0: it may. */
export type GuestRule = () => number

/**
 * The device that a VMM has attached: the migration commands go over the connection of its guest. It is the device at which the attachment is now, and no other
 * one when the guest has gone there.
 */
export const attached = (name: string, attachment: Attachment): DeviceAccess => {
  const here = attachment.name
  const away = (reason: string) => new HostFailed({ device: name, reason })
  return {
    client: Effect.flatMap(attachment.state, (state) => {
      if (state._tag === "Detached") return away("the device is detached")
      if (state.name !== here) return away(`its guest has gone to ${state.name}; attach it anew to drive it`)
      return state._tag === "Connected"
        ? Effect.succeed(attachment.client)
        : away(`the connection is lost: ${state.reason}`)
    })
  }
}
