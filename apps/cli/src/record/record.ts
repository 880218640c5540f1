/** `stopcopy record --listen A --connect B --journal FILE`: a proxy that records what a vfio-user client and its server say to each other. */
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import type { Accept } from "@stopcopy/vfio-user"
import type { Transport } from "@stopcopy/vfio-user/transport"
import { Effect, Either, Layer, Option } from "effect"
import { basename } from "node:path"
import { bestTransport } from "../BestTransport.ts"
import { newJournal } from "../journal/NewJournal.ts"
import { printLines } from "../Lines.ts"
import { misuse, Misuse, negative, Negative } from "../Outcome.ts"
import { Faults, parseFaults } from "./Fault.ts"
import { forwarding } from "./Proxy.ts"
import { ready } from "./Recorder.ts"
import { behavior } from "./Wire.ts"

export interface RecordOptions {
  readonly listen: string
  readonly connect: string
  readonly journal: string
  /** Of the stream; the name of the socket that is listened on if there is none. */
  readonly name: Option.Option<string>
  readonly payloads: boolean
  readonly fault: ReadonlyArray<string>
}

const nameOf = ({ listen, name }: RecordOptions): Either.Either<string, Misuse> => {
  const chosen = Option.getOrElse(name, () => basename(listen).replaceAll("/", "_"))
  return chosen === "" || chosen.includes("/")
    ? Either.left(new Misuse({ message: `--name '${chosen}': a name has no slash and is not empty` }))
    : Either.right(chosen)
}

/** All that can be wrong before anything is opened. */
const checked = (options: RecordOptions) =>
  Effect.gen(function* () {
    const faults = yield* Either.mapLeft(parseFaults(options.fault), (message) => new Misuse({ message }))
    const name = yield* nameOf(options)
    if (options.listen === options.connect) {
      return yield* new Misuse({ message: `--listen and --connect are both ${options.listen}: name two sockets` })
    }
    return { faults, name, file: yield* newJournal(options.journal, "the recorder's") }
  })

/** A client that comes before anything is recorded. */
const tooEarly: Accept = (connection) => {
  connection.close()
  return { received: () => undefined, drained: () => undefined, closed: () => undefined }
}

/** Whether the socket can be listened on, before a journal is made. */
const checkListen = (transport: Transport.Transport, listen: string): Effect.Effect<void, Misuse> =>
  Effect.scoped(transport.listen(listen, tooEarly)).pipe(
    Effect.mapError((error) =>
      error._tag === "SocketFailed"
        ? misuse({
            message: `--listen ${listen}: ${error.message}; name a socket in a folder that is there and can be written`
          })
        : misuse(error)
    )
  )

/**
 * Forwards and records until it is interrupted. `Misuse`: it could not begin; `Negative`: something could not be recorded any more. `onReady` is run when
 * clients can come.
 */
export const record = (
  options: RecordOptions,
  onReady: Effect.Effect<void> = Effect.void
): Effect.Effect<void, Misuse | Negative, FileSystem | Path> =>
  Effect.gen(function* () {
    const { faults, file, name } = yield* checked(options)
    const transport = yield* bestTransport((line) => printLines([line]))
    yield* checkListen(transport, options.listen)
    yield* Effect.gen(function* () {
      const system = yield* ActorSystem
      const actor = yield* Effect.mapError(Effect.flatMap(system.actor(behavior, name), ready), negative)
      const { connect, listen, payloads } = options
      const ended = yield* Effect.mapError(
        forwarding(transport, { listen, connect, payloads, faults: new Faults(faults), actor }),
        misuse
      )
      yield* printLines([`Recording ${listen} to ${connect} into ${file}, stream ${actor.stream}; Ctrl-C ends it`])
      yield* onReady
      return yield* new Negative({ message: `nothing more can be recorded: ${yield* ended}` })
    }).pipe(
      Effect.scoped,
      Effect.provide(ActorSystem.layer.pipe(Layer.provide(layerSqlite({ file })))),
      Effect.mapError((error) => (error._tag === "Negative" || error._tag === "Misuse" ? error : misuse(error)))
    )
  })
