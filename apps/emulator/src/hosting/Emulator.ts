/**
 * An emulator: PFs with their VFs over one journal, each VF served on its socket. What is described is checked against the journal before anything is
 * changed.
 *
 * E1 A socket is there when its VF can be used; what connects earlier is refused by the system.
 * E2 In the end sockets go first, then their connections, then the engines, then the journal.
 */
import type { Address, HostService } from "@stopcopy/agent"
import type { CannotServe } from "@stopcopy/agent/server"
import type { Errno } from "@stopcopy/errno"
import { type ActorSystem, Journal, type JournalError } from "@stopcopy/runtime"
import type { Accept } from "@stopcopy/vfio-user"
import { type ListenError, loadLibc, makeDescriptorHost, Transport } from "@stopcopy/vfio-user/transport"
import { Effect, type Scope } from "effect"
import { emulatorHost } from "../agent/EmulatorHost.ts"
import type { Plan } from "../description/Plan.ts"
import { FaultPoints } from "../faults/FaultPoints.ts"
import { type HostedPf, hostPf } from "./HostedPf.ts"
import type { HostedVf } from "./HostedVf.ts"
import { socketFolder, socketPaths } from "./Names.ts"
import { plannedPfs } from "./Recorded.ts"
import { socketFolderFor, socketsRoot } from "./SocketFolder.ts"
import { checkAgent, checkSockets } from "./Places.ts"
import type { ContradictsJournal, FolderUnfit, NothingToHost, PlaceTaken } from "./StartError.ts"

export interface Emulator {
  readonly pfs: ReadonlyArray<HostedPf>
  readonly vfs: ReadonlyArray<HostedVf>
  readonly faults: FaultPoints
  /** Where the agent is. */
  readonly agent: Address
  /** Takes no more connections; those that are there stay. */
  readonly stopAccepting: Effect.Effect<void>
}

type StartError =
  CannotServe | Errno | JournalError | ListenError | ContradictsJournal | NothingToHost | FolderUnfit | PlaceTaken

/** Ends this process as the system's SIGKILL does: nothing is flushed, nothing is told. */
const abort = Effect.sync(() => void process.kill(process.pid, "SIGKILL"))

/** Restarts the PF of a device. */
const resetPfOf = (pfs: ReadonlyArray<HostedPf>, device: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const pf = pfs.find(({ vfs }) => vfs.some(({ name }) => name === device))
    return pf === undefined
      ? Effect.void
      : Effect.catchAllCause(pf.driver.reset, (cause) => Effect.logError(`${pf.name} could not be reset`, cause))
  })

/** What the process does with descriptors, if it passes any. */
const hostOf = (transport: Transport.Transport) =>
  transport.passesDescriptors
    ? Effect.map(Effect.option(loadLibc), (libc) =>
        libc._tag === "Some" ? { host: makeDescriptorHost(libc.value) } : {}
      )
    : Effect.succeed({})

/** Connections that come too late are closed at once. */
const refusing: Accept = (connection) => {
  connection.close()
  return { received: () => undefined, drained: () => undefined, closed: () => undefined }
}

/** Offers the host to whoever drives devices; where it is then. */
type OfferHost = (service: HostService) => Effect.Effect<Address, CannotServe, Scope.Scope>

/** The VFs served on their sockets; gives what ends that for new connections. */
const listening = (transport: Transport.Transport, vfs: ReadonlyArray<HostedVf>) =>
  Effect.gen(function* () {
    let isAccepting = true
    for (const { server, socketPath } of vfs) {
      yield* transport.listen(socketPath, (connection) =>
        isAccepting ? server.accept(connection) : refusing(connection)
      )
    }
    return Effect.sync(() => void (isAccepting = false))
  })

/** Whether everything can be where it is to be. Makes the folder of the sockets, and nothing else. */
export const checkPlaces = (
  { agent, socketDir }: Plan,
  pfs: ReadonlyArray<{ readonly name: string; readonly vfs: number }>
): Effect.Effect<void, FolderUnfit | PlaceTaken> =>
  checkAgent(agent.address).pipe(
    Effect.zipRight(checkSockets(pfs.flatMap((pf) => socketPaths(socketDir, pf)))),
    Effect.zipRight(socketsRoot(socketDir))
  )

/** Hosts what is planned until the scope ends. Whatever can be refused is, before a device is touched. */
export const host = (
  plan: Plan,
  offer: OfferHost
): Effect.Effect<Emulator, StartError, ActorSystem | Journal | Scope.Scope> =>
  Effect.gen(function* () {
    const planned = yield* plannedPfs(plan.pfs)
    yield* checkPlaces(plan, planned)
    for (const { name } of planned) yield* socketFolderFor(socketFolder(plan.socketDir, name))
    const transport = yield* Transport.best({ messagesOnly: plan.messagesOnly })
    const options = yield* hostOf(transport)
    const pfs: Array<HostedPf> = []
    const runtime = yield* Effect.runtime<never>()
    const faults = new FaultPoints(runtime, { abort, resetPf: (device) => resetPfOf(pfs, device) })
    for (const pf of planned) pfs.push(yield* hostPf(pf, { faults, options, socketDir: plan.socketDir }))
    const vfs = pfs.flatMap((pf) => pf.vfs)
    // First the agent, which makes fenced devices stand still, then those who could use them.
    const agent = yield* offer(emulatorHost(plan.host, pfs, faults, yield* Journal))
    const stopAccepting = yield* listening(transport, vfs)
    return { pfs, vfs, faults, agent, stopAccepting }
  })
