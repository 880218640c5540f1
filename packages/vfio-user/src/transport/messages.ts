/** The transport without descriptors: sockets of `node:net`. Works wherever Node does. */
import { Effect, Either, type Scope } from "effect"
import { chmodSync } from "node:fs"
import { connect, createServer, type IpcNetConnectOpts, type Server, type Socket } from "node:net"
import { isMainThread } from "node:worker_threads"
import type { Accept, Connection } from "../Connection.ts"
import { makeMessageSocket } from "./MessageSocket.ts"
import { checkLength, clear, codeOf, removeAtEnd } from "./SocketPath.ts"
import { backlog, type ConnectError, type ListenError, queueLimit, SocketFailed, type Transport } from "./Transport.ts"

/** Bytes that one read takes at most. */
const readBytes = 256 * 1024

const ownerOnly = 0o600

/** Binds and listens while nobody but the owner may connect. A worker thread has no file mode mask of its own: there the mode is set right behind. */
const bindFor = (server: Server, path: string): void => {
  const mask = isMainThread ? process.umask(0o177) : undefined
  try {
    server.listen({ path, backlog })
  } finally {
    if (mask !== undefined) process.umask(mask)
  }
}

const onlyForOwner = (path: string): Either.Either<void, SocketFailed> =>
  Either.try({
    try: () => chmodSync(path, ownerOnly),
    catch: (thrown) => new SocketFailed({ operation: "chmod", path, code: codeOf(thrown) })
  })

const listening = (server: Server, path: string): Effect.Effect<void, SocketFailed> =>
  Effect.async((resume) => {
    const refused = (error: Error): void => {
      resume(new SocketFailed({ operation: "listen on", path, code: codeOf(error) }))
    }
    server.once("error", refused)
    server.once("listening", () => {
      server.off("error", refused)
      resume(onlyForOwner(path))
    })
    bindFor(server, path)
  })

/** Ends when the server accepts no more and all its connections are closed. */
const closeServer = (server: Server, connections: ReadonlySet<Connection>): Effect.Effect<void> =>
  Effect.async((resume) => {
    server.close(() => resume(Effect.void))
    for (const connection of connections) connection.close()
  })

const listen = (path: string, accept: Accept): Effect.Effect<void, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* clear(path)
    const connections = new Set<Connection>()
    const server = createServer({ highWaterMark: queueLimit }, (socket) => {
      const { connection, deliver } = makeMessageSocket(socket, accept)
      connections.add(connection)
      socket.once("close", () => connections.delete(connection))
      // Receivers are given plain bytes: the methods of a `Buffer` differ, `slice` copies nothing.
      socket.on("data", ({ buffer, byteLength, byteOffset }) => deliver(new Uint8Array(buffer, byteOffset, byteLength)))
    })
    yield* Effect.acquireRelease(listening(server, path), () => closeServer(server, connections))
    yield* removeAtEnd(path)
  })

interface Opened {
  readonly socket: Socket
  readonly connection: Connection
}

const open = (path: string, accept: Accept): Effect.Effect<Opened, SocketFailed> =>
  Effect.async((resume) => {
    let deliver: (bytes: Uint8Array) => void = () => undefined
    const options: IpcNetConnectOpts & { readonly writableHighWaterMark: number } = {
      path,
      writableHighWaterMark: queueLimit,
      // One buffer for all reads: what is received is the receiver's only until it returns.
      onread: {
        buffer: new Uint8Array(readBytes),
        callback: (count, buffer) => {
          deliver(buffer.subarray(0, count))
          return true
        }
      }
    }
    const socket = connect(options)
    const refused = (error: Error): void => {
      resume(new SocketFailed({ operation: "connect to", path, code: codeOf(error) }))
    }
    socket.once("error", refused)
    socket.once("connect", () => {
      socket.off("error", refused)
      const made = makeMessageSocket(socket, accept)
      deliver = made.deliver
      resume(Effect.succeed({ socket, connection: made.connection }))
    })
    return Effect.sync(() => socket.destroy())
  })

const ended = ({ connection, socket }: Opened): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (socket.closed) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
    connection.close()
  })

const connectTo = (path: string, accept: Accept): Effect.Effect<Connection, ConnectError, Scope.Scope> =>
  Effect.zipRight(
    checkLength(path),
    Effect.map(Effect.acquireRelease(open(path, accept), ended), ({ connection }) => connection)
  )

/** Messages without descriptors. */
export const messages: Transport = { passesDescriptors: false, listen, connect: connectTo }
