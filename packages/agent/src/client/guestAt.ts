/** The VMM of the guest on a device, as the device's host asks it: on the socket beside the device's own, if somebody listens there. */
import { RpcClient, type RpcClientError, RpcSerialization } from "@effect/rpc"
import { Effect } from "effect"
import { lstat } from "node:fs/promises"
import { GuestContract, type GuestHooks, guestPath, GuestRefused } from "../Guest.ts"
import { connection, explain, innermost } from "./connection.ts"

/** The longest answer that is taken, in bytes: nothing, or a reason. */
const answerBytes = 64 * 1024

/** A guest that takes part, or nobody. */
export interface GuestAt extends GuestHooks {
  /** Whether there is a socket to ask at. */
  readonly isThere: Effect.Effect<boolean>
}

type Questions = RpcClient.FromGroup<typeof GuestContract, RpcClientError.RpcClientError>

const bottomOf = (cause: unknown): unknown =>
  cause instanceof Error && cause.cause !== undefined ? bottomOf(cause.cause) : cause

/** Nobody listens: the VMM takes no part, or is gone and its guest with it. */
const isNobody = (error: RpcClientError.RpcClientError): boolean => {
  const bottom = bottomOf(error)
  return bottom instanceof Error && "code" in bottom && (bottom.code === "ENOENT" || bottom.code === "ECONNREFUSED")
}

/** What one question has: a connection of its own. */
export const guestAt = (socketPath: string): GuestAt => {
  const path = guestPath(socketPath)
  const address = { _tag: "Unix", path } as const
  const isThere = Effect.promise(() =>
    lstat(path).then(
      (found) => found.isSocket(),
      () => false
    )
  )
  /** Most guests take no part: of them no more is asked than whether there is a socket. */
  const ask = (
    name: string,
    use: (questions: Questions) => Effect.Effect<void, GuestRefused | RpcClientError.RpcClientError>
  ): Effect.Effect<void, GuestRefused> =>
    Effect.flatMap(isThere, (there) => (there ? askThere(name, use) : Effect.void))
  const askThere = (
    name: string,
    use: (questions: Questions) => Effect.Effect<void, GuestRefused | RpcClientError.RpcClientError>
  ): Effect.Effect<void, GuestRefused> =>
    Effect.gen(function* () {
      const http = yield* connection(address, undefined, undefined, answerBytes)
      const protocol = yield* RpcClient.makeProtocolHttp(http).pipe(
        Effect.provideService(RpcSerialization.RpcSerialization, RpcSerialization.ndjson)
      )
      const questions = yield* Effect.provideService(RpcClient.make(GuestContract), RpcClient.Protocol, protocol)
      yield* use(questions)
    }).pipe(
      Effect.scoped,
      Effect.catchTag("RpcClientError", (error) =>
        isNobody(error)
          ? Effect.logDebug(`${path}: nobody is asked for ${name}`)
          : new GuestRefused({ reason: explain(address, name, error).message })
      ),
      Effect.catchAllDefect((defect) => new GuestRefused({ reason: `${name} broke: ${innermost(defect)}` }))
    )
  return {
    isThere,
    prepare: (migration, destination) => ask("Prepare", (guest) => guest.Prepare({ migration, destination })),
    pause: (migration) => ask("Pause", (guest) => guest.Pause({ migration })),
    switched: (migration, destination) => ask("Switched", (guest) => guest.Switched({ migration, destination })),
    resumed: ask("Resumed", (guest) => guest.Resumed())
  }
}
