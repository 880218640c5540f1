/**
 * Shares the one connection that a server has between its client and a guest's VMM: the client is an agent that migrates the device, the VMM may be any. A server has
 * one client at a time; this is how two of them use it. Source: section 17 of the vfio-user specification.
 */
import { Effect, type Scope } from "effect"
import type { Client } from "../Client.ts"
import type { Accept, CloseDescriptor, Connection } from "../Connection.ts"
import { Clients } from "../server/Clients.ts"
import { Log } from "../server/Log.ts"
import { defaults } from "../server/Options.ts"
import { GuestSession } from "./GuestSession.ts"
import type { Present } from "./Opening.ts"
import { Upstream } from "./Upstream.ts"

type Open<E, R> = (accept: Accept) => Effect.Effect<Connection, E, R>

/** How VMMs are served. */
export interface GuestOptions {
  /** The client of the present connection, or of a new one; made by the way that `through` gives. */
  readonly client: Effect.Effect<Client, { readonly message: string }>
  /** The errno of what would change the device's migration state, or reset it; 0: it may. */
  readonly refuses: () => number
  /** VMMs that may wait for the one before them. Default: as a server has it. */
  readonly maxWaitingClients?: number
}

export interface Sharing {
  /** The way to the server, with every connection shared. */
  readonly through: <E, R>(open: Open<E, R>) => Open<E, R>
  /** Serves VMMs, one at a time, until the scope ends. */
  readonly serve: (options: GuestOptions) => Effect.Effect<Accept, never, Scope.Scope>
}

/** For one server. `name` is the device's, for the log. */
export const share = (name: string, close: CloseDescriptor): Sharing => {
  let latest: Upstream | undefined
  const through =
    <E, R>(open: Open<E, R>): Open<E, R> =>
    (accept) =>
      open((connection) => {
        latest = new Upstream(connection, accept, close)
        return latest
      })
  const presentOf = (client: Client): Effect.Effect<Present, { readonly message: string }> =>
    latest === undefined
      ? Effect.fail({ message: "its connection is not shared" })
      : Effect.succeed({ client, upstream: latest })
  const serve = ({ client, maxWaitingClients = defaults.maxWaitingClients, refuses }: GuestOptions) =>
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime<never>()
      const log = new Log(runtime, name)
      const shared = { log, runtime, close, present: Effect.flatMap(client, presentOf), refuses }
      const clients = new Clients({
        make: (connection, told) => new GuestSession(shared, connection, told),
        maxWaiting: maxWaitingClients,
        close,
        log,
        clock: yield* Effect.clock
      })
      yield* Effect.addFinalizer(() => clients.stop)
      return (connection: Connection) => clients.accept(connection)
    })
  return { through, serve }
}
