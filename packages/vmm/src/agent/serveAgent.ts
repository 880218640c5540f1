/** Serves the agent's contract for devices that are driven over vfio-user: those of a VMM, or bare sockets. */
import { type Address, Host, type HostFailed } from "@stopcopy/agent"
import { type CannotServe, serve, type ServeOptions } from "@stopcopy/agent/server"
import type { EINVAL } from "@stopcopy/errno"
import type { ActorSystem, JournalError } from "@stopcopy/runtime"
import { Effect, type Scope } from "effect"
import { agentHost, type AgentHostOptions } from "./AgentHost.ts"
import { drive, type DrivenOptions } from "./DrivenDevice.ts"

export interface AgentOptions extends AgentHostOptions, ServeOptions {
  readonly devices: ReadonlyArray<DrivenOptions>
}

/**
 * Serves until the scope ends; gives the address with the port that was chosen. Epochs are kept in the journal of the actors, durably: it is the same one after a
 * restart, or a device that was fenced runs again. A device that does not hold its epoch is stopped before anything is served.
 */
export const serveAgent = ({
  devices,
  ...options
}: AgentOptions): Effect.Effect<Address, CannotServe | HostFailed | EINVAL | JournalError, ActorSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const driven = yield* Effect.forEach(devices, drive)
    return yield* Effect.provideService(serve(options), Host, yield* agentHost(options, driven))
  })
