/** `stopcopy agent`: an agent for bare vfio-user sockets of anybody, so that a coordinator can move their devices. */
import { Addresses } from "@stopcopy/agent"
import { guestAt } from "@stopcopy/agent/client"
import { type Serving, servingOf } from "@stopcopy/agent/options"
import { checkServing } from "@stopcopy/agent/server"
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { problemLines } from "@stopcopy/service"
import { closeDescriptor, Transport } from "@stopcopy/vfio-user/transport"
import { adapter, bareSocket, type DrivenOptions, examine, serveAgent } from "@stopcopy/vmm/agent"
import { Effect, Either, Layer, Logger, Option } from "effect"
import { bestTransport } from "../BestTransport.ts"
import { printLines } from "../Lines.ts"
import { misuse, Misuse, type Negative, negative } from "../Outcome.ts"
import { version } from "../Version.ts"
import { type BareDevice, parseDevices } from "./Device.ts"

export interface AgentOptions {
  readonly device: ReadonlyArray<string>
  readonly host: string
  readonly journal: string
  readonly agent: string
  readonly tokenFile: Option.Option<string>
  readonly tlsCert: Option.Option<string>
  readonly tlsKey: Option.Option<string>
  readonly insecure: boolean
}

interface Plan {
  readonly devices: ReadonlyArray<BareDevice>
  readonly serving: Serving
}

/** What is to be done, or everything that is wrong with it. */
const planOf = (options: AgentOptions): Either.Either<Plan, Misuse> => {
  const devices = parseDevices(options.device)
  const certificate = { cert: Option.getOrUndefined(options.tlsCert), key: Option.getOrUndefined(options.tlsKey) }
  const { agent, insecure } = options
  const serving = servingOf({ agent, certificate, insecure, tokenFile: Option.getOrUndefined(options.tokenFile) })
  if (Either.isRight(devices) && Either.isRight(serving)) {
    return Either.right({ devices: devices.right, serving: serving.right })
  }
  const problems = [...(Either.isLeft(devices) ? devices.left : []), ...(Either.isLeft(serving) ? serving.left : [])]
  return Either.left(new Misuse({ message: `${problemLines(problems)}\nnothing was started` }))
}

/** Without a guest nothing but migration commands goes over a connection: no descriptors are needed. */
const accessOf = ({ guest, name, socket }: BareDevice, transport: Transport.Transport) => {
  if (guest === undefined) return bareSocket(name, (accept) => Transport.messages.connect(socket, accept))
  return adapter({
    name,
    open: (accept) => transport.connect(socket, accept),
    listen: (accept) => transport.listen(guest, accept),
    closeDescriptor
  }).pipe(
    Effect.mapError((error) => {
      const isNoFolder = error._tag === "SocketFailed" && error.code === "ENOENT"
      const reason = isNoFolder ? `there is no folder ${error.path}: make it, or name another place` : error.message
      return new Misuse({ message: `--device ${name}=${socket},guest=${guest}: ${reason}` })
    })
  )
}

/** Whether the server is there and has a device that migrates. */
const examined = (driven: DrivenOptions, { socket }: BareDevice) =>
  Effect.catchTag(examine(driven), "HostFailed", ({ device, reason }) =>
    Effect.fail(
      new Misuse({ message: `--device ${device}=${socket}: ${reason}; start its server, or name another socket` })
    )
  )

/** The device as it is described: a VMM of a guest finds it at the agent's socket for guests, and is asked beside that one. */
const drivenOf = (device: BareDevice, transport: Transport.Transport) =>
  Effect.gen(function* () {
    const { free, guest, keepsState, name, socket, verify } = device
    const access = yield* accessOf(device, transport)
    const asked = guest === undefined ? {} : { guest: guestAt(guest) }
    return { name, access, socketPath: guest ?? socket, free, keepsState, verify, ...asked }
  })

/** Everything that can be wrong with sockets and devices shows here: before a journal is made. */
const reached = ({ devices, serving: how }: Plan) =>
  Effect.gen(function* () {
    yield* checkServing(how)
    const withGuests = devices.some(({ guest }) => guest !== undefined)
    const transport = withGuests ? yield* bestTransport((line) => Effect.logWarning(line)) : Transport.messages
    const all = yield* Effect.forEach(devices, (device) =>
      Effect.map(drivenOf(device, transport), (driven) => ({ device, driven }))
    )
    for (const { device, driven } of all) yield* examined(driven, device)
    return all.map(({ driven }) => driven)
  })

const serving = ({ devices, serving: how }: Plan, host: string, driven: ReadonlyArray<DrivenOptions>) =>
  Effect.gen(function* () {
    const address = yield* serveAgent({ name: host, program: `stopcopy agent ${version}`, devices: driven, ...how })
    for (const { guest, name, socket } of devices) {
      yield* printLines([`device ${name} ${socket}${guest === undefined ? "" : ` guest ${guest}`}`])
    }
    yield* printLines([`agent ${Addresses.format(address)}`, "ready"])
  })

/** What happens while it serves goes to standard error, JSON lines as of the other services: standard output is for what others read. */
const logging = Layer.merge(
  Logger.remove(Logger.prettyLoggerDefault),
  Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.jsonLogger))
)

/** Serves until it is interrupted. `Misuse`: nothing was started. `onReady` is run when coordinators can call. */
export const agent = (
  options: AgentOptions,
  onReady: Effect.Effect<void> = Effect.void
): Effect.Effect<void, Misuse | Negative> =>
  Effect.gen(function* () {
    const plan = yield* planOf(options)
    const driven = yield* Effect.mapError(reached(plan), misuse)
    const journal = Layer.mapError(layerSqlite({ file: options.journal, tapes: true }), negative)
    yield* Effect.gen(function* () {
      yield* Effect.mapError(serving(plan, options.host, driven), misuse)
      yield* onReady
      return yield* Effect.never
    }).pipe(Effect.scoped, Effect.provide(Layer.provide(ActorSystem.layer, journal)))
  }).pipe(Effect.scoped, Effect.provide(logging))
