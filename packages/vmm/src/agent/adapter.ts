/**
 * The way to the vfio-user server of somebody else for an agent and a guest's VMM at one time: the agent has the server's one connection, and listens where the VMM
 * connects instead of there. Source: `docs/decisions/0014-two-clients-of-one-server.md`.
 */
import type { Accept, CloseDescriptor, Connection } from "@stopcopy/vfio-user"
import { share } from "@stopcopy/vfio-user"
import { Deferred, Effect, type Scope } from "effect"
import { accessThrough } from "./BareSocket.ts"
import type { DeviceAccess, GuestRule } from "./DeviceAccess.ts"

export interface AdapterOptions<E> {
  /** Of the device, as in `DrivenOptions`. */
  readonly name: string
  /** Connects to the server. */
  readonly open: (accept: Accept) => Effect.Effect<Connection, { readonly message: string }, Scope.Scope>
  /** Accepts connections of VMMs, by the same transport. */
  readonly listen: (accept: Accept) => Effect.Effect<void, E, Scope.Scope>
  readonly closeDescriptor: CloseDescriptor
}

/**
 * A VMM is served until the scope ends, from the moment on that an agent drives the device; one that comes earlier waits. Whatever becomes of it the agent keeps
 * its connection; with the connection to the server that of the VMM ends.
 */
export const adapter = <E>({
  closeDescriptor,
  listen,
  name,
  open
}: AdapterOptions<E>): Effect.Effect<DeviceAccess, E, Scope.Scope> =>
  Effect.gen(function* () {
    const sharing = share(name, closeDescriptor)
    const admitted = yield* Deferred.make<GuestRule>()
    let rule: GuestRule = () => 0
    const access = yield* accessThrough(name, sharing.makeClient(open))
    const client = Effect.flatMap(Deferred.await(admitted), (given) => {
      rule = given
      return access.client
    })
    yield* listen(yield* sharing.serve({ client, refuses: () => rule() }))
    return { client: access.client, admit: (given) => Effect.asVoid(Deferred.succeed(admitted, given)) }
  })
