/**
 * A small fleet on this machine: two emulators and a coordinator, each a process of its own, and guests at work on VFs, whose VMM is this process. It ends with
 * its scope: the coordinator first, so that no guest is left standing still.
 */
import { Addresses, type DeviceDescription } from "@stopcopy/agent"
import { type AgentClient, makeClient } from "@stopcopy/agent/client"
import { type Host as VmmHost, makeHost } from "@stopcopy/vmm/node"
import { Array as Arrays, Data, Deferred, Effect, type Scope } from "effect"
import { join } from "node:path"
import { type Coordinator, reach } from "../operate/Coordinator.ts"
import { busy, calm, type Guest, makeGuest, type Size } from "./Guest.ts"
import { Moves, type Place } from "./Moves.ts"
import { type ServiceFailed, type ServiceProcess, startService } from "./ServiceProcess.ts"
import { serveVmmAgent } from "./VmmAgent.ts"

/** Of the hosts, as the coordinator calls them. Guests begin on the first. */
const hostNames = ["alpha", "beta"] as const
export type HostName = (typeof hostNames)[number]

/** Something for each host, and for the coordinator. */
export type Journals = Readonly<Record<HostName | "coordinator", string>>

export interface Programs {
  readonly emulator: string
  readonly coordinator: string
}

export interface WorldOptions {
  readonly programs: Programs
  /** For sockets. */
  readonly folder: string
  readonly journals: Journals
  /** The PFs of each host, as options of the emulator. */
  readonly pfs: Readonly<Record<HostName, ReadonlyArray<string>>>
  /** Where the coordinator listens. */
  readonly listen: string
  /** How a command of this program is written that asks the coordinator. */
  readonly command: (words: string, url: string) => string
}

/** A host with its emulator. */
interface Host {
  readonly name: HostName
  readonly process: ServiceProcess
  readonly agent: AgentClient
  readonly devices: ReadonlyArray<DeviceDescription>
}

/** Anything that may go wrong with it. */
export interface WorldFailed {
  readonly _tag: string
  readonly message: string
}

/** What is not as it has to be. */
class WrongWorld extends Data.TaggedError("WrongWorld")<{ readonly message: string }> {}

export interface World {
  readonly hosts: Readonly<Record<HostName, Host>>
  readonly service: ServiceProcess
  readonly coordinator: Coordinator["Type"]
  readonly vmm: VmmHost
  readonly moves: Moves
  readonly guests: Array<Guest>
}

/** How long a call of an agent may take. */
const callTime = "10 seconds"
/** How long guests may take to leave when an emulator ends: they have left by then. And answers of the coordinator. */
const drainSeconds = "1"
const graceSeconds = "1"

const quiet = ["--log-level", "warning"]

/** Where the emulator's agent answers, and where the VMM stands before it. */
const agentPath = ({ folder }: WorldOptions, host: HostName): string => join(folder, `${host}.sock`)
const vmmPath = ({ folder }: WorldOptions, host: HostName): string => join(folder, `${host}-vmm.sock`)

const startHost = (name: HostName, options: WorldOptions) =>
  Effect.gen(function* () {
    const { folder, journals, pfs, programs } = options
    const places = ["--socket-dir", join(folder, name), "--agent", `unix:${agentPath(options, name)}`]
    const rest = ["--host", name, "--journal", journals[name], "--drain-seconds", drainSeconds, ...quiet, ...pfs[name]]
    const process = yield* startService({
      name: `the emulator ${name}`,
      says: "agent",
      program: programs.emulator,
      args: ["serve", ...places, ...rest]
    })
    const wrong = (reason: string) => new WrongWorld({ message: `the agent of ${name}: ${reason}` })
    const address = yield* Effect.mapError(Addresses.parse(process.address), wrong)
    const agent = yield* makeClient({ address, timeout: callTime })
    const { pfs: described } = yield* agent.describe
    const host: Host = { name, process, agent, devices: described.flatMap(({ vfs }) => vfs) }
    return host
  })

const startCoordinator = ({ journals, listen, programs }: WorldOptions) =>
  startService({
    name: "the coordinator",
    says: "api",
    program: programs.coordinator,
    args: ["serve", "--listen", listen, "--journal", journals.coordinator, "--grace-seconds", graceSeconds, ...quiet]
  })

/** Attempts after the first have a number behind the id of the migration. */
const migrationOf = (attempt: string): string => attempt.replace(/\.\d+$/, "")

const deviceOf = ({ devices, name }: Host, wanted: string): Effect.Effect<DeviceDescription, WrongWorld> => {
  const found = devices.find((device) => device.name === wanted)
  return found === undefined ? new WrongWorld({ message: `${name} has no VF ${wanted}` }) : Effect.succeed(found)
}

const hostOf = (hosts: World["hosts"], wanted: string): Effect.Effect<Host, WrongWorld> => {
  const found = Arrays.findFirst(hostNames, (name) => name === wanted)
  return Effect.mapBoth(found, {
    onFailure: () => new WrongWorld({ message: `there is no host ${wanted}` }),
    onSuccess: (name) => hosts[name]
  })
}

const socketOf = (hosts: World["hosts"]) => (place: Place) =>
  Effect.gen(function* () {
    const { socketPath } = yield* deviceOf(yield* hostOf(hosts, place.host), place.device)
    return socketPath
  })

/** Where the coordinator says that a VF goes. */
const destinationOf = (known: Deferred.Deferred<Coordinator["Type"]>) => (attempt: string, from: Place) =>
  Effect.gen(function* () {
    const { client } = yield* Deferred.await(known)
    const { moves, to } = yield* client.migrations.show({ path: { id: migrationOf(attempt) } })
    const move = moves.find(({ source }) => source === from.device)
    if (move === undefined) return yield* new WrongWorld({ message: `${attempt} does not move ${from.device}` })
    return { host: to, device: move.destination }
  })

/** Starts everything but guests. */
export const startWorld = (options: WorldOptions): Effect.Effect<World, WorldFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const vmm = yield* makeHost()
    const { service, ...hosts } = yield* Effect.all(
      { alpha: startHost("alpha", options), beta: startHost("beta", options), service: startCoordinator(options) },
      { concurrency: 3 }
    )
    const guests: Array<Guest> = []
    const known = yield* Deferred.make<Coordinator["Type"]>()
    const moves = new Moves({ vmm, guests, destinationOf: destinationOf(known), socketOf: socketOf(hosts) })
    for (const name of hostNames) {
      const path = vmmPath(options, name)
      yield* serveVmmAgent({ host: name, path, emulator: agentPath(options, name), around: moves })
    }
    // Added last, so the first to end: while it has its way to the hosts it brings guests that stand still to an end.
    yield* Effect.addFinalizer(() => Effect.ignore(service.stop))
    const url = service.address
    const settings = { baseUrl: url, token: undefined, ca: undefined }
    const coordinator = yield* reach(settings, (words) => options.command(words, url))
    yield* Deferred.succeed(known, coordinator)
    for (const name of hostNames) {
      const address = `unix:${vmmPath(options, name)}`
      yield* coordinator.client.hosts.register({ payload: { name, address } })
    }
    const world: World = { hosts, service, coordinator, vmm, moves, guests }
    return world
  })

/** Who a guest is. Its work is the same every time; when it is done is not. */
interface Newcomer extends Place {
  readonly name: string
  readonly size: Size
  readonly seed: number
}

/** A guest that begins to work. The coordinator is told of it by whoever brings it. */
export const addGuest = (
  { guests, hosts, vmm }: World,
  newcomer: Newcomer
): Effect.Effect<Guest, WorldFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const guest = yield* makeGuest(vmm, { ...newcomer, socketPath: yield* socketOf(hosts)(newcomer) })
    guests.push(guest)
    yield* guest.workload.start
    return guest
  })

/** How many guests are brought at a time: each waits for answers most of the time. */
const together = 3

/** Brings guests to the VFs of the first host, `vm-0` to VF 0 and so on, and tells the coordinator. The first is a busy one. */
export const populate = (world: World, count: number): Effect.Effect<void, WorldFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const [host] = hostNames
    const { client } = world.coordinator
    const bring = (number: number) => {
      const newcomer = {
        name: `vm-${number}`,
        host,
        device: `a/vf${number}`,
        size: number === 0 ? busy : calm,
        seed: number
      }
      const { device, name } = newcomer
      return Effect.zipRight(
        addGuest(world, newcomer),
        client.groups.define({ path: { group: name }, payload: { host, devices: [device] } })
      )
    }
    const numbers = Array.from({ length: count }, (_, number) => number)
    yield* Effect.forEach(numbers, bring, { concurrency: together, discard: true })
    world.guests.sort((one, other) => one.name.localeCompare(other.name))
  })

/** The coordinator's policy, with another limit of the time that guests may stand still. */
export const allowDowntime = ({ coordinator: { client } }: World, downtimeLimitMillis: number) =>
  Effect.flatMap(client.policy.get(), (policy) => client.policy.put({ payload: { ...policy, downtimeLimitMillis } }))

/** Fails as soon as one of the processes ends on its own. */
export const oneDied = ({ hosts, service }: World): Effect.Effect<never, ServiceFailed> =>
  Effect.raceFirst(service.died, Effect.raceFirst(hosts.alpha.process.died, hosts.beta.process.died))

/** Asks all to end, the coordinator first, and waits for that. */
export const stopWorld = ({ hosts, service }: World): Effect.Effect<void, ServiceFailed> =>
  Effect.zipRight(
    service.stop,
    Effect.all([hosts.alpha.process.stop, hosts.beta.process.stop], { concurrency: 2, discard: true })
  )
