/** Serves the contract for the host of the context. */
import { RpcServer } from "@effect/rpc"
import { type Duration, Effect, Either, type Scope } from "effect"
import { type Address, isLocal, isSecure } from "../Address.ts"
import { Contract } from "../Contract.ts"
import * as Handlers from "../Handlers.ts"
import { Host } from "../Host.ts"
import { chunkLimit } from "../Transfer.ts"
import { health, makeApp } from "./App.ts"
import { fingerprintOf, type ServerCertificate } from "./Certificate.ts"
import { CannotServe, listen, tryListening } from "./listen.ts"
import { makeEndpoint } from "./RpcEndpoint.ts"

/** The longest body that is read: a chunk of the greatest size as base64, and the call around it. */
export const defaultBodyLimit = Math.ceil(chunkLimit / 3) * 4 + 64 * 1024

/** How a contract is served. */
export interface ServeOptions {
  /** Port 0: the system chooses one. */
  readonly address: Address
  /** What every caller must send as `Authorization: Bearer`. Without it a TCP address must be of this machine. */
  readonly token?: string
  /** Makes a TCP address one with TLS. */
  readonly certificate?: ServerCertificate
  /** Serves others than this machine without TLS all the same: whoever is on the way reads the token. */
  readonly insecure?: boolean
  /** Bytes of a request's body. Default: `defaultBodyLimit`. */
  readonly bodyLimit?: number
  /** How long answers may still go out when the scope closes. Default: 5 seconds. */
  readonly grace?: Duration.DurationInput
}

/** Why something is not served like this; undefined: it can be. */
const refusalOf = ({ address, certificate, insecure = false, token }: ServeOptions): string | undefined => {
  if (certificate === undefined && isSecure(address))
    return "TLS needs a certificate with its key; give both, or write HOST:PORT"
  if (certificate !== undefined) {
    if (address._tag === "Unix") return "a UNIX socket has no TLS; leave the certificate out, or use HOST:PORT"
    const usable = fingerprintOf(certificate)
    if (Either.isLeft(usable)) return `certificate and key cannot be used: ${usable.left}; give a pair, both PEM`
  }
  if (isLocal(address)) return undefined
  if (token === undefined) return "others than this machine reach it, and there is no token; set one, or use 127.0.0.1"
  return isSecure(address) || insecure
    ? undefined
    : "others than this machine reach it, and without TLS whoever is on the way reads the token; " +
        "give a certificate with its key, use 127.0.0.1, or say that it may be insecure"
}

/** With a certificate it is TLS, however it was written. */
const securedBy = (address: Address, certificate: ServerCertificate | undefined): Address =>
  address._tag === "Tcp" && certificate !== undefined ? { ...address, secure: true } : address

/** The address as it is served, or why it is not. */
const served = (options: ServeOptions): Either.Either<Address, CannotServe> => {
  const address = securedBy(options.address, options.certificate)
  const reason = refusalOf({ ...options, address })
  return reason === undefined ? Either.right(address) : Either.left(new CannotServe({ address, reason }))
}

/** Fails where `serve` would, and serves nothing: for what has to be known before anything else is made. */
export const checkServing = (options: ServeOptions): Effect.Effect<void, CannotServe> =>
  Effect.flatMap(served(options), (address) => Effect.scoped(tryListening(address, options.certificate)))

const addressOf = (asked: Address, port: number | undefined): Address =>
  asked._tag === "Tcp" && port !== undefined ? { ...asked, port } : asked

/**
 * Serves until the scope closes: then no new call is taken, streams end, answers go out for the length of the grace. Gives the address
 * with the port that was chosen.
 */
export const serve = (options: ServeOptions): Effect.Effect<Address, CannotServe, Host | Scope.Scope> =>
  Effect.gen(function* () {
    const { bodyLimit = defaultBodyLimit, certificate, grace = "5 seconds", token } = options
    const address = yield* served(options)
    const host = yield* Host
    const handlers = yield* Contract.toHandlersContext(Handlers.make).pipe(
      Effect.mapError(
        ({ message }) => new CannotServe({ address, reason: `a fenced device cannot be stopped: ${message}` })
      )
    )
    const { closing, http } = yield* listen(address, certificate, grace)
    const { handle, protocol } = yield* makeEndpoint(bodyLimit)
    const calls = RpcServer.make(Contract, { disableFatalDefects: true }).pipe(
      Effect.provideService(RpcServer.Protocol, protocol),
      Effect.provide(handlers)
    )
    yield* Effect.forkScoped(Effect.interruptible(calls))
    yield* http.serve(makeApp(health(host), handle, token))
    yield* Effect.addFinalizer(() => closing)
    return addressOf(address, http.address._tag === "TcpAddress" ? http.address.port : undefined)
  })
