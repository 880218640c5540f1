/** An HTTP server of Node on a TCP port, over TLS where there is a certificate, with bounds on what a client can hold of it. */
import type { HttpServer } from "@effect/platform"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Data, type Duration, Effect, Fiber, type Scope } from "effect"
import { createServer, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { Connections } from "./Connections.ts"

/** A certificate with its chain, and the key, as PEM. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

export interface ListenOptions {
  readonly host: string
  /** 0: the system chooses one. */
  readonly port: number
  readonly tls: Tls | undefined
  /** Connections at once; more are closed. */
  readonly connections: number
  /** How long a request may take to arrive, in milliseconds. */
  readonly requestMillis: number
  /** How long answers may still go out when the scope closes. */
  readonly grace: Duration.DurationInput
}

/** Nobody can be served at this address. */
export class CannotListen extends Data.TaggedError("CannotListen")<{
  readonly host: string
  readonly port: number
  readonly reason: string
}> {
  override get message(): string {
    return `cannot listen on ${this.host}:${this.port}: ${this.reason}`
  }
}

export interface Listening {
  readonly http: HttpServer.HttpServer
  /** The port that was chosen. */
  readonly port: number
  /** To be run when the scope closes, before everything else: from then on the grace counts. */
  readonly closing: Effect.Effect<void>
}

/** The longest head of a request, in bytes. */
const headLimit = 16 * 1024

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use; name another one, or 0 for one that is free",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "this user may not have the port; name one above 1023"
}

const reasonOf = (cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : ""
  return remedies[code] ?? (cause instanceof Error ? cause.message : String(cause))
}

const makeServer = ({ connections, requestMillis, tls }: ListenOptions): Server => {
  const server =
    tls === undefined
      ? createServer({ maxHeaderSize: headLimit })
      : createTlsServer({ ...tls, maxHeaderSize: headLimit })
  server.maxConnections = connections
  server.requestTimeout = requestMillis
  server.headersTimeout = requestMillis
  return server
}

/** Listens until the scope closes. Then no new request is taken, connections end with the answers that are due on them, and after the grace all are cut. */
export const listen = (options: ListenOptions): Effect.Effect<Listening, CannotListen, Scope.Scope> =>
  Effect.gen(function* () {
    const { host, port } = options
    const refuse = (cause: unknown) => new CannotListen({ host, port, reason: reasonOf(cause) })
    const server = yield* Effect.try({ try: () => makeServer(options), catch: refuse })
    const connections = new Connections(server)
    const cut = Effect.delay(connections.cut, options.grace)
    let cutting: Fiber.RuntimeFiber<void> | undefined
    yield* Effect.addFinalizer(() => (cutting === undefined ? Effect.void : Fiber.interrupt(cutting)))
    const http = yield* Effect.mapError(
      NodeHttpServer.make(() => server, { host, port }),
      ({ cause }) => refuse(cause)
    )
    const limited = Effect.map(Effect.forkDaemon(Effect.interruptible(cut)), (fiber) => {
      cutting = fiber
    })
    const closing = Effect.zipRight(limited, connections.drain)
    return { http, port: http.address._tag === "TcpAddress" ? http.address.port : port, closing }
  })
