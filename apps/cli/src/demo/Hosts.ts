/**
 * The two hosts of the demo: an emulator each, with its agent, its journal and its sockets. The source has one VF; the destination has one that can take it,
 * and one of a PF that lacks what the guest uses.
 */
import { Addresses, type DeviceDescription } from "@stopcopy/agent"
import { type AgentClient, type ClientError, makeClient, type TokenExposed } from "@stopcopy/agent/client"
import { Data, Effect, type Scope } from "effect"
import { join } from "node:path"
import { type EmulatorFailed, type EmulatorProcess, startEmulator } from "./EmulatorProcess.ts"

/** Where journals are. */
export interface Journals {
  readonly source: string
  readonly destination: string
}

export interface HostsOptions {
  /** The emulator's program. */
  readonly program: string
  /** For sockets. */
  readonly folder: string
  readonly journals: Journals
}

/** A host with its emulator. */
export interface Host {
  readonly name: string
  readonly process: EmulatorProcess
  readonly agent: AgentClient
  readonly devices: ReadonlyArray<DeviceDescription>
}

export interface Hosts {
  readonly source: Host
  readonly destination: Host
}

/** Names of devices: `PF/vfN`. */
export const device = "a/vf0"
export const lackingDevice = "b/vf0"

/** All that the engine does for symmetric crypto and compression, without bit 16: AES-GCM in one pass. */
const withoutGcm = "0x400002d"

/** The PFs of each. Rates of the VF's SLA may be above the source's, never below. */
const pfs = {
  source: ["--pf", "a=4xxx:1", "--sla", "a/vf0=sym:400:800"],
  destination: ["--pf", "a=4xxx:1", "--sla", "a/vf0=sym:500:1000", "--pf", `b=4xxx:1,capabilities=${withoutGcm}`]
} as const

/** How long a call of an agent may take. */
const callTime = "10 seconds"
/** How long guests may take to leave when an emulator ends. The demo's has left by then. */
const drainSeconds = "1"

/** What an agent says is not what the demo needs. */
class WrongHost extends Data.TaggedError("WrongHost")<{ readonly message: string }> {}

type HostsError = EmulatorFailed | WrongHost | ClientError | TokenExposed | Effect.Effect.Error<AgentClient["describe"]>

const startHost = (
  name: keyof Hosts,
  { folder, journals, program }: HostsOptions
): Effect.Effect<Host, HostsError, Scope.Scope> =>
  Effect.gen(function* () {
    const files = ["--socket-dir", join(folder, name), "--agent", `unix:${join(folder, `${name}.sock`)}`]
    const quiet = ["--log-level", "warning", "--drain-seconds", drainSeconds]
    const args = ["serve", "--host", name, "--journal", journals[name], ...files, ...quiet, ...pfs[name]]
    const process = yield* startEmulator({ name, program, args })
    const address = yield* Effect.mapError(
      Addresses.parse(process.agent),
      (reason) => new WrongHost({ message: `the ${name} emulator's agent: ${reason}` })
    )
    const agent = yield* makeClient({ address, timeout: callTime })
    const described = yield* agent.describe
    return { name, process, agent, devices: described.pfs.flatMap(({ vfs }) => vfs) }
  })

/** Starts both at the same time; they end with the scope. */
export const startHosts = (options: HostsOptions): Effect.Effect<Hosts, HostsError, Scope.Scope> =>
  Effect.all(
    { source: startHost("source", options), destination: startHost("destination", options) },
    { concurrency: "unbounded" }
  )

/** A device as the host described it when it had started. */
export const deviceOf = ({ devices, name }: Host, wanted: string): Effect.Effect<DeviceDescription, WrongHost> => {
  const found = devices.find((each) => each.name === wanted)
  return found === undefined
    ? new WrongHost({ message: `the ${name} emulator has no device ${wanted}` })
    : Effect.succeed(found)
}

/** Fails as soon as one of the emulators ends on its own. */
export const oneDied = ({ destination, source }: Hosts): Effect.Effect<never, EmulatorFailed> =>
  Effect.raceFirst(source.process.died, destination.process.died)

/** Asks both to end, and waits for that. */
export const stopHosts = ({ destination, source }: Hosts): Effect.Effect<void, EmulatorFailed> =>
  Effect.all([source.process.stop, destination.process.stop], { concurrency: "unbounded", discard: true })
