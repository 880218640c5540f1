/** `stopcopy agent`: an agent for bare vfio-user sockets of anybody, so that a coordinator can move their devices. */
import { Addresses } from "@stopcopy/agent"
import { type Serving, servingOf } from "@stopcopy/agent/options"
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { problemLines } from "@stopcopy/service"
import { Transport } from "@stopcopy/vfio-user/transport"
import { bareSocket, serveAgent } from "@stopcopy/vmm/agent"
import { Effect, Either, Layer, Option } from "effect"
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

/** Nothing else than the migration commands goes over these connections: no descriptors are needed. */
const drivenOf = ({ free, keepsState, name, socket, verify }: BareDevice) =>
  Effect.map(
    bareSocket(name, (accept) => Transport.messages.connect(socket, accept)),
    (access) => ({ name, access, socketPath: socket, free, keepsState, verify })
  )

const serving = ({ devices, serving: how }: Plan, host: string) =>
  Effect.gen(function* () {
    const driven = yield* Effect.forEach(devices, drivenOf)
    const address = yield* serveAgent({ name: host, program: `stopcopy agent ${version}`, devices: driven, ...how })
    for (const { name, socket } of devices) yield* printLines([`device ${name} ${socket}`])
    yield* printLines([`agent ${Addresses.format(address)}`, "ready"])
  })

/** Serves until it is interrupted. `Misuse`: nothing was started. `onReady` is run when coordinators can call. */
export const agent = (
  options: AgentOptions,
  onReady: Effect.Effect<void> = Effect.void
): Effect.Effect<void, Misuse | Negative> =>
  Effect.gen(function* () {
    const plan = yield* planOf(options)
    yield* Effect.gen(function* () {
      yield* Effect.mapError(serving(plan, options.host), misuse)
      yield* onReady
      return yield* Effect.never
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.provide(ActorSystem.layer, Layer.mapError(layerSqlite({ file: options.journal, tapes: true }), negative))
      )
    )
  })
