/** Serves the questions of a host to the VMM of a guest, on a UNIX socket beside the device's own. */
import { HttpServerResponse } from "@effect/platform"
import { RpcServer } from "@effect/rpc"
import { Effect, type Scope } from "effect"
import { GuestContract, type GuestHooks, guestPath } from "../Guest.ts"
import { contractVersion } from "../Version.ts"
import { makeApp } from "./App.ts"
import { type CannotServe, listen } from "./listen.ts"
import { makeEndpoint } from "./RpcEndpoint.ts"

/** The longest question, in bytes: names and a path. */
const bodyLimit = 64 * 1024
/** How long an answer may still go out when the scope closes. */
const grace = "1 second"

const healthy = Effect.sync(() => HttpServerResponse.unsafeJson({ status: "ok", contract: contractVersion }))

/**
 * Serves for the device whose server has this socket, until the scope ends. Only the owner of the process may ask. The device's host finds it by its path: the
 * VMM has to be on the same machine and see the same file system.
 */
export const serveGuest = (socketPath: string, hooks: GuestHooks): Effect.Effect<void, CannotServe, Scope.Scope> =>
  Effect.gen(function* () {
    const handlers = yield* GuestContract.toHandlersContext({
      Prepare: ({ destination, migration }) => hooks.prepare(migration, destination),
      Pause: ({ migration }) => hooks.pause(migration),
      Switched: ({ destination, migration }) => hooks.switched(migration, destination),
      Resumed: () => hooks.resumed
    })
    const { closing, http } = yield* listen({ _tag: "Unix", path: guestPath(socketPath) }, undefined, grace)
    const { handle, protocol } = yield* makeEndpoint(bodyLimit)
    const questions = RpcServer.make(GuestContract, { disableFatalDefects: true }).pipe(
      Effect.provideService(RpcServer.Protocol, protocol),
      Effect.provide(handlers)
    )
    yield* Effect.forkScoped(Effect.interruptible(questions))
    yield* http.serve(makeApp(healthy, handle, undefined))
    yield* Effect.addFinalizer(() => closing)
  })
