/**
 * The connection to a vfio-user server that somebody else has made, for an agent that stands alone. A server has one client at a time: where a guest's VMM is
 * that client, nobody answers here (`adapter` is for both). Made when it is needed, again when it was lost.
 */
import { HostFailed } from "@stopcopy/agent"
import { type Accept, type Client, type Connection, makeClient } from "@stopcopy/vfio-user"
import { Effect, ExecutionStrategy, Exit, Scope } from "effect"
import type { DeviceAccess } from "./DeviceAccess.ts"

interface Present {
  readonly client: Client
  readonly scope: Scope.CloseableScope
}

type Open = (accept: Accept) => Effect.Effect<Connection, { readonly message: string }, Scope.Scope>

/** A connection that is taken and not served waits: the server has another client. */
const silent = "it takes connections and does not answer: another client has the device, most likely its guest's VMM"

const reasonOf = (error: { readonly message: string; readonly _tag?: string }): string =>
  error._tag === "CallTimedOut" || error._tag === "Disconnected" ? `${silent} (${error.message})` : error.message

/** A new client of the server. */
type Make = Effect.Effect<Client, { readonly message: string; readonly _tag?: string }, Scope.Scope>

/** The way to the server that `make` has clients of, one at a time, until the scope ends. */
export const accessThrough = (name: string, make: Make): Effect.Effect<DeviceAccess, never, Scope.Scope> =>
  Effect.gen(function* () {
    const parent = yield* Effect.scope
    const turn = yield* Effect.makeSemaphore(1)
    let present: Present | undefined
    const connect = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const scope = yield* Scope.fork(parent, ExecutionStrategy.sequential)
        const client = yield* restore(Scope.extend(make, scope)).pipe(
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
          Effect.mapError((error) => new HostFailed({ device: name, reason: reasonOf(error) }))
        )
        present = { client, scope }
        return client
      })
    )
    const client = Effect.suspend(() => {
      if (present === undefined) return connect
      if (present.client.core.ended() === undefined) return Effect.succeed(present.client)
      const { scope } = present
      present = undefined
      return Effect.zipRight(Scope.close(scope, Exit.void), connect)
    })
    return { client: turn.withPermits(1)(client) }
  })

/** The way to the server behind `open`, until the scope ends. */
export const bareSocket = (name: string, open: Open): Effect.Effect<DeviceAccess, never, Scope.Scope> =>
  accessThrough(name, makeClient(open))
