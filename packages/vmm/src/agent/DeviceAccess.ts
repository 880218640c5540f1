/** The way to a device that an agent drives: a client of its server, for as long as the connection lasts. */
import { HostFailed } from "@stopcopy/agent"
import type { Client } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import type { Attachment } from "../Attachment.ts"

export interface DeviceAccess {
  /** The client of the present connection: another one after a connection was lost. */
  readonly client: Effect.Effect<Client, HostFailed>
}

/** The device that a VMM has attached: the migration commands go over the connection of its guest. */
export const attached = (name: string, attachment: Attachment): DeviceAccess => ({
  client: Effect.flatMap(attachment.state, (state) => {
    if (state._tag === "Connected") return Effect.succeed(attachment.client)
    const reason = state._tag === "Lost" ? `the connection is lost: ${state.reason}` : "the device is detached"
    return new HostFailed({ device: name, reason })
  })
})
