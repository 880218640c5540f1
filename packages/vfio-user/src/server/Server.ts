/**
 * Serves one device to one client after the other. Source: section 17 of the vfio-user specification. Device, migration state and migration file stay from one
 * client to the next.
 */
import type { MigrationFile, VfioDevice } from "@stopcopy/vfio"
import { Effect, type Scope } from "effect"
import type { Accept } from "../Connection.ts"
import { Clients } from "./Clients.ts"
import { Log } from "./Log.ts"
import { defaults, type Options } from "./Options.ts"
import { Served } from "./Served.ts"
import { Session } from "./Session.ts"

export interface Server {
  /** Serves a new connection. */
  readonly accept: Accept
}

/**
 * Serves until the scope ends; then connections are closed, the command that runs ends, and the migration file is closed unless the options keep it. `file`:
 * that of a session that an earlier server of this device has left open.
 */
export const serve = <E>(
  device: VfioDevice<E>,
  options: Partial<Options> = {},
  file?: MigrationFile<E>
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<never>()
    const served = new Served(device, { ...defaults, ...options }, file)
    const log = new Log(runtime, device.name)
    const { host, keepsMigrationFile, maxWaitingClients: maxWaiting } = served.options
    const clients = new Clients({
      make: (connection, told) => new Session(served, connection, runtime, log, told),
      maxWaiting,
      close: host.close,
      log,
      clock: yield* Effect.clock
    })
    const close = Effect.catchAllCause(served.closeFile, (cause) =>
      Effect.sync(() => log.failed("the migration file could not be closed", cause))
    )
    yield* Effect.addFinalizer(() => Effect.zipRight(clients.stop, keepsMigrationFile ? Effect.void : close))
    return { accept: (connection) => clients.accept(connection) }
  })
