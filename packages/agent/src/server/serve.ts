/** Serves the contract for the host of the context. */
import { RpcServer } from "@effect/rpc"
import { type Duration, Effect, type Scope } from "effect"
import { type Address, isLocal } from "../Address.ts"
import { Contract } from "../Contract.ts"
import * as Handlers from "../Handlers.ts"
import { Host } from "../Host.ts"
import { chunkLimit } from "../Transfer.ts"
import { makeApp } from "./App.ts"
import { CannotServe, listen } from "./listen.ts"
import { makeEndpoint } from "./RpcEndpoint.ts"

/** The longest body that is read: a chunk of the greatest size as base64, and the call around it. */
export const defaultBodyLimit = Math.ceil(chunkLimit / 3) * 4 + 64 * 1024

/** How a contract is served. */
export interface ServeOptions {
  /** Port 0: the system chooses one. */
  readonly address: Address
  /** What every caller must send as `Authorization: Bearer`. Without it a TCP address must be of this machine. */
  readonly token?: string
  /** Bytes of a request's body. Default: `defaultBodyLimit`. */
  readonly bodyLimit?: number
  /** How long answers may still go out when the scope closes. Default: 5 seconds. */
  readonly grace?: Duration.DurationInput
}

const open = (address: Address): CannotServe =>
  new CannotServe({
    address,
    reason: "others than this machine reach it, and there is no token; set one, or use 127.0.0.1"
  })

const addressOf = (asked: Address, port: number | undefined): Address =>
  asked._tag === "Tcp" && port !== undefined ? { ...asked, port } : asked

/**
 * Serves until the scope closes: then no new call is taken, streams end, answers go out for the length of the grace. Gives the address
 * with the port that was chosen.
 */
export const serve = (options: ServeOptions): Effect.Effect<Address, CannotServe, Host | Scope.Scope> =>
  Effect.gen(function* () {
    const { address, bodyLimit = defaultBodyLimit, grace = "5 seconds", token } = options
    if (token === undefined && !isLocal(address)) return yield* open(address)
    const host = yield* Host
    const handlers = yield* Contract.toHandlersContext(Handlers.make).pipe(
      Effect.mapError(
        ({ message }) => new CannotServe({ address, reason: `a fenced device cannot be stopped: ${message}` })
      )
    )
    const { closing, http } = yield* listen(address, grace)
    const { handle, protocol } = yield* makeEndpoint(bodyLimit)
    const calls = RpcServer.make(Contract, { disableFatalDefects: true }).pipe(
      Effect.provideService(RpcServer.Protocol, protocol),
      Effect.provide(handlers)
    )
    yield* Effect.forkScoped(Effect.interruptible(calls))
    yield* http.serve(makeApp(host, handle, token))
    yield* Effect.addFinalizer(() => closing)
    return addressOf(address, http.address._tag === "TcpAddress" ? http.address.port : undefined)
  })
