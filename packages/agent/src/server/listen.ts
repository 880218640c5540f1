/**
 * A listening HTTP server of Node on a TCP port, with TLS or without, or on a UNIX socket. A socket file that nobody listens on any more is replaced; one that
 * somebody listens on is not. Only its owner may connect to a UNIX socket.
 */
import type { HttpServer } from "@effect/platform"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Connections } from "@stopcopy/service/listen"
import { Data, type Duration, Effect, Fiber, type Scope } from "effect"
import { chmod, lstat, unlink } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { connect, type Socket } from "node:net"
import { type Address, format, isSecure } from "../Address.ts"
import type { ServerCertificate } from "./Certificate.ts"

/** How many connections there may be at once; more are closed. A coordinator has a few, each watcher has one. */
const connectionLimit = 256

/**
 * How long a connection may be idle, in milliseconds. Callers are told, and let go of it before: a call that meets a connection while it is being closed fails,
 * and a guest may stand still until it is tried again.
 */
const idleMillis = 75_000

/** The contract cannot be served at this address. */
export class CannotServe extends Data.TaggedError("CannotServe")<{
  readonly address: Address
  readonly reason: string
}> {
  override get message(): string {
    return `cannot serve at ${format(this.address)}: ${this.reason}`
  }
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : String(cause)

/** Whether somebody listens on a UNIX socket. */
const isAnswered = (path: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const socket = connect(path)
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.succeed(true))
    })
    socket.once("error", (error) => resume(Effect.succeed(codeOf(error) !== "ECONNREFUSED")))
    return Effect.sync(() => socket.destroy())
  })

const file = <A>(address: Address, use: () => Promise<A>): Effect.Effect<A, CannotServe> =>
  Effect.tryPromise({ try: use, catch: (cause) => new CannotServe({ address, reason: codeOf(cause) }) })

/** Takes away a socket file that an ended process left. */
const replaceLeftOver = (address: Address): Effect.Effect<void, CannotServe> =>
  Effect.gen(function* () {
    const refuse = (reason: string) => new CannotServe({ address, reason })
    if (address._tag === "Tcp") return yield* refuse("the port is in use")
    const { path } = address
    // A connection to a plain file is refused as one to a left-over socket is.
    if (!(yield* file(address, () => lstat(path))).isSocket()) return yield* refuse("there is a file that is no socket")
    if (yield* isAnswered(path)) return yield* refuse("another process listens there")
    return yield* file(address, () => unlink(path))
  })

const listenOnce = (server: Server, address: Address) =>
  NodeHttpServer.make(
    () => server,
    address._tag === "Unix" ? { path: address.path } : { host: address.host, port: address.port }
  )

const onlyOwner = (address: Address): Effect.Effect<void, CannotServe> =>
  address._tag === "Tcp" ? Effect.void : file(address, () => chmod(address.path, 0o600))

/** Listens where nobody does, until the scope closes. */
const listenThere = (server: Server, address: Address) =>
  listenOnce(server, address).pipe(
    Effect.catchIf(
      (error) => codeOf(error.cause) === "EADDRINUSE",
      () => Effect.zipRight(replaceLeftOver(address), listenOnce(server, address))
    ),
    Effect.catchTag("ServeError", (error) => Effect.fail(new CannotServe({ address, reason: codeOf(error.cause) }))),
    Effect.zipLeft(onlyOwner(address))
  )

/** How long a client may take to say who it is and agree on keys, in milliseconds. */
const handshakeMillis = 10_000

/** A server that does not listen yet. */
const makeServer = (
  address: Address,
  certificate: ServerCertificate | undefined
): Effect.Effect<Server, CannotServe> => {
  if (certificate === undefined) return Effect.sync(() => createServer())
  const options = { cert: certificate.cert, key: certificate.key, handshakeTimeout: handshakeMillis }
  return Effect.try({
    try: () => createSecureServer(options),
    catch: (cause) => new CannotServe({ address, reason: `its certificate cannot be used: ${String(cause)}` })
  })
}

/**
 * Listens until the scope closes. Then connections end with the answers that are due on them, and those that are still there after the grace, counted from
 * `closing`, are cut: what has to be added to the scope last, so that it runs first.
 */
export const listen = (
  address: Address,
  certificate: ServerCertificate | undefined,
  grace: Duration.DurationInput
): Effect.Effect<
  { readonly http: HttpServer.HttpServer; readonly closing: Effect.Effect<void> },
  CannotServe,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const server = yield* makeServer(address, isSecure(address) ? certificate : undefined)
    server.maxConnections = connectionLimit
    server.keepAliveTimeout = idleMillis
    const connections = new Connections(server)
    const cut = Effect.delay(connections.cut, grace)
    let cutting: Fiber.RuntimeFiber<void> | undefined
    yield* Effect.addFinalizer(() => (cutting === undefined ? Effect.void : Fiber.interrupt(cutting)))
    const http = yield* listenThere(server, address)
    const limited = Effect.map(Effect.forkDaemon(Effect.interruptible(cut)), (fiber) => {
      cutting = fiber
    })
    const closing = Effect.zipRight(limited, connections.drain)
    return { http, closing }
  })

/** Listens for a moment: fails where `listen` does. Who connects meanwhile is turned away: nobody would answer, and the end would wait for him. */
export const tryListening = (
  address: Address,
  certificate: ServerCertificate | undefined
): Effect.Effect<void, CannotServe, Scope.Scope> =>
  Effect.gen(function* () {
    const server = yield* makeServer(address, isSecure(address) ? certificate : undefined)
    server.on("connection", (socket: Socket) => socket.destroy())
    yield* listenThere(server, address)
  })
