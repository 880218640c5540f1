/**
 * The client of a vfio-user server: all commands as effects over any `Connection`. Sources: QEMU `docs/interop/vfio-user.rst`; sections 1 to 17 of the
 * vfio-user specification. Needs no Node.
 *
 * Calls may be made at once: they are pipelined, and those of one turn share a write. Interrupting a call forgets its reply; the server may still do it.
 * A call fails with the errno of the server, or with `CallTimedOut`, `Disconnected`, `ProtocolViolation`, `UnknownErrno`.
 * While calls wait, DMA_READ and DMA_WRITE of the server are served.
 */
import type { DmaAccess } from "@stopcopy/vfio"
import { DmaFault } from "@stopcopy/vfio"
import { Effect, Either, Schedule, type Scope } from "effect"
import { call } from "./client/call.ts"
import { announcedDataBytes, type Core, makeCore, tickMillis } from "./client/Core.ts"
import type { CallError, Disconnected, ProtocolViolation, VersionRefused } from "./client/errors.ts"
import { type Features, makeFeatures } from "./client/features.ts"
import { type Interrupts, makeInterrupts } from "./client/interrupts.ts"
import { makeMemory, type Memory } from "./client/memory.ts"
import { agree, type Negotiated, proposal } from "./client/negotiate.ts"
import { makeRegions, type Regions } from "./client/regions.ts"
import { makeServerCommands } from "./client/ServerCommands.ts"
import { Command } from "./Command.ts"
import type { Accept, CloseDescriptor, Connection } from "./Connection.ts"
import * as Version from "./messages/Version.ts"

export { withTimeout } from "./client/call.ts"

export interface ClientOptions {
  /** The memory that the server may ask for. Default: none, every DMA_READ and DMA_WRITE is `EFAULT`. */
  readonly dma?: DmaAccess
  /** Closes descriptors that the server passes. A connection that passes descriptors cannot do without: it would leak them, and is a defect. */
  readonly closeDescriptor?: CloseDescriptor
}

export interface Client extends Memory, Regions, Interrupts, Features {
  readonly negotiated: Negotiated
  /** The calls without effects, for callers to whom a microsecond matters. */
  readonly core: Core
  /** Ends when the connection has ended, with the reason. */
  readonly ended: Effect.Effect<Disconnected | ProtocolViolation>
}

const fault = (address: bigint, length: number, direction: "read" | "write") =>
  Either.left(new DmaFault({ address, length, direction }))

/** No memory at all. */
const noMemory: DmaAccess = {
  read: (address, length) => fault(address, length, "read"),
  write: (address, bytes) => fault(address, bytes.length, "write"),
  mayWrite: (address, length) => fault(address, length, "write")
}

/** For a connection that has no descriptors. */
const closeNothing: CloseDescriptor = () => undefined

const closeOf = ({ passesDescriptors }: Connection, { closeDescriptor }: ClientOptions): CloseDescriptor => {
  if (closeDescriptor !== undefined) return closeDescriptor
  if (passesDescriptors) throw new TypeError("give closeDescriptor to a client whose connection passes descriptors")
  return closeNothing
}

const negotiate = (core: Core): Effect.Effect<Negotiated, CallError | VersionRefused> =>
  Effect.flatMap(
    call(
      core,
      {
        command: Command.VERSION,
        payload: proposal(core.passesDescriptors),
        leastBytes: Version.headBytes
      },
      Version.decode
    ),
    (answer) => agree(answer, core.passesDescriptors)
  )

const untilEnded = (core: Core): Effect.Effect<Disconnected | ProtocolViolation> =>
  Effect.suspend(() => {
    const ended = core.ended()
    if (ended !== undefined) return Effect.succeed(ended)
    const told = Effect.async<void>((resume) => {
      const cancel = core.onDrained(() => resume(Effect.void))
      return Effect.sync(cancel)
    })
    return Effect.zipRight(told, untilEnded(core))
  })

/** Opens a connection and serves the client's side of it until the scope ends. */
const openCore = <E, R>(
  open: (accept: Accept) => Effect.Effect<Connection, E, R>,
  options: ClientOptions
): Effect.Effect<Core, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime()
    const commands = makeServerCommands(options.dma ?? noMemory, announcedDataBytes, runtime)
    const cores: Array<Core> = []
    yield* open((connection) => {
      const { core, receiver } = makeCore(connection, {
        closeDescriptor: closeOf(connection, options),
        serve: commands.serve
      })
      cores.push(core)
      return receiver
    })
    const core = yield* Effect.orDie(Effect.fromNullable(cores[0]))
    yield* Effect.addFinalizer(() => Effect.zipRight(commands.stop, Effect.sync(core.close)))
    return core
  })

/**
 * A client over the connection that `open` makes, such as `(accept) => transport.connect(path, accept)`, after VERSION was negotiated. Closed with the
 * scope.
 */
export const makeClient = <E, R>(
  open: (accept: Accept) => Effect.Effect<Connection, E, R>,
  options: ClientOptions = {}
): Effect.Effect<Client, E | CallError | VersionRefused, R | Scope.Scope> =>
  Effect.gen(function* () {
    const core = yield* openCore(open, options)
    // Also where it is made again in the middle of something that is not to be interrupted: the scope's end would wait for it for ever.
    yield* Effect.forkScoped(Effect.interruptible(Effect.repeat(Effect.sync(core.tick), Schedule.spaced(tickMillis))))
    const negotiated = yield* negotiate(core)
    return {
      negotiated,
      core,
      ended: untilEnded(core),
      ...makeMemory(core, negotiated),
      ...makeRegions(core, negotiated),
      ...makeInterrupts(core, negotiated),
      ...makeFeatures(core, negotiated)
    }
  })
