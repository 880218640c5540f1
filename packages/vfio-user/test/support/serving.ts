/** A served device with a client, for tests: descriptors are numbers that are counted. */
import { Server, type Options } from "@stopcopy/vfio-user"
import { Effect, Logger, type Scope } from "effect"
import { MemoryConnection } from "./MemoryConnection.ts"
import { MemoryDevice, type Setup } from "./MemoryDevice.ts"

interface Serving {
  readonly device: MemoryDevice
  readonly server: Server.Server
  /** A new connection, not yet negotiated. */
  readonly connect: (passesDescriptors?: boolean) => MemoryConnection
  /** Descriptors that were closed, in order. */
  readonly closed: Array<number>
  /** Descriptors that were signalled, in order. */
  readonly signalled: Array<number>
  /** Level and text of what was logged. */
  readonly logs: Array<string>
}

/** Serves a memory device until the scope ends. */
export const serving = (
  setup: Setup = {},
  options: Partial<Options> = {}
): Effect.Effect<Serving, never, Scope.Scope> =>
  Effect.gen(function* () {
    const device = new MemoryDevice(setup)
    const [closed, signalled, logs]: [Array<number>, Array<number>, Array<string>] = [[], [], []]
    const host = {
      close: (descriptor: number) => void closed.push(descriptor),
      signal: (descriptor: number) => void signalled.push(descriptor),
      mapDescriptor: undefined
    }
    const logger = Logger.make(({ logLevel, message }) => void logs.push(`${logLevel.label} ${String(message)}`))
    const server = yield* Effect.provide(
      Server.serve(device, { host, ...options }),
      Logger.replace(Logger.defaultLogger, logger)
    )
    const connect = (passesDescriptors = true) => new MemoryConnection(passesDescriptors).connect(server.accept)
    return { device, server, connect, closed, signalled, logs }
  })
