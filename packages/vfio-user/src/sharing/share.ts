/**
 * Shares the one connection that a server has between its client and a guest's VMM: the client is an agent that migrates the device, the VMM may be any. A server has
 * one client at a time; this is how two of them use it. Source: section 17 of the vfio-user specification.
 */
import { Effect, type Scope } from "effect"
import { type Client, makeClient } from "../Client.ts"
import type { CallError, VersionRefused } from "../client/errors.ts"
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
  /** The client of the present connection, or of a new one; one that `makeClient` of the same sharing has made. */
  readonly client: Effect.Effect<Client, { readonly message: string }>
  /** The errno of what would change the device's migration state, or reset it; 0: it may. */
  readonly refuses: () => number
  /** VMMs that may wait for the one before them. Default: as a server has it. */
  readonly maxWaitingClients?: number
}

export interface Sharing {
  /** A client over the connection that `open` makes to the server, until the scope ends; its connection is shared. */
  readonly makeClient: <E, R>(
    open: Open<E, R>
  ) => Effect.Effect<Client, E | CallError | VersionRefused, R | Scope.Scope>
  /** Serves VMMs, one at a time, until the scope ends. */
  readonly serve: (options: GuestOptions) => Effect.Effect<Accept, never, Scope.Scope>
}

/** For one server. `name` is the device's, for the log. */
export const share = (name: string, close: CloseDescriptor): Sharing => {
  const upstreams = new WeakMap<Client, Upstream>()
  const makeShared: Sharing["makeClient"] = (open) =>
    Effect.suspend(() => {
      let made: Upstream | undefined
      const through = (accept: Accept) => open((connection) => (made = new Upstream(connection, accept, close)))
      return Effect.tap(makeClient(through, { closeDescriptor: close }), (client) => {
        if (made !== undefined) upstreams.set(client, made)
      })
    })
  const presentOf = (client: Client): Effect.Effect<Present, { readonly message: string }> => {
    const upstream = upstreams.get(client)
    return upstream === undefined
      ? Effect.fail({ message: "its connection is not shared" })
      : Effect.succeed({ client, upstream })
  }
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
  return { makeClient: makeShared, serve }
}
