/** What a transport of vfio-user offers: UNIX stream sockets by path, and how they fail. Source: section 1 of the vfio-user specification, unix(7). */
import { type Effect, Schema, type Scope } from "effect"
import type { Accept, Connection } from "../Connection.ts"

/** Bytes of a socket's path that `sockaddr_un` holds beside its final NUL (unix(7)). */
export const maxPathBytes = 107

/** A new connection may wait in the kernel until it is accepted; this many do, then `connect` fails with EAGAIN. */
export const backlog = 128

/** Bytes queued in this process above which `send` says so. */
export const queueLimit = 256 * 1024

/** How long a connection that was closed goes on sending what is queued to a peer that does not read, in milliseconds. */
export const lingerMillis = 1000

export class SocketPathTooLong extends Schema.TaggedError<SocketPathTooLong>()("SocketPathTooLong", {
  path: Schema.String,
  bytes: Schema.Int
}) {
  override get message(): string {
    return `the path of a socket has at most ${maxPathBytes} bytes, this one has ${this.bytes}: ${this.path}; use a shorter folder`
  }
}

/** A server listens there. */
export class SocketInUse extends Schema.TaggedError<SocketInUse>()("SocketInUse", { path: Schema.String }) {
  override get message(): string {
    return `another server listens on ${this.path}; stop it or use another path`
  }
}

/** Something else than a socket lies there; it is left alone. */
export class NotASocket extends Schema.TaggedError<NotASocket>()("NotASocket", { path: Schema.String }) {
  override get message(): string {
    return `${this.path} is there and no socket; remove it or use another path`
  }
}

/** Everybody may replace files in the folder, so a client could meet somebody else's server. */
export class SocketFolderUnsafe extends Schema.TaggedError<SocketFolderUnsafe>()("SocketFolderUnsafe", {
  folder: Schema.String,
  mode: Schema.Int
}) {
  override get message(): string {
    return `everybody may replace files in ${this.folder} (mode ${this.mode.toString(8)}); take the right from others, or set the sticky bit`
  }
}

/** The system refused an operation. `code` is the name of the errno: `EACCES`. */
export class SocketFailed extends Schema.TaggedError<SocketFailed>()("SocketFailed", {
  operation: Schema.String,
  path: Schema.String,
  code: Schema.String
}) {
  override get message(): string {
    return `${this.operation} ${this.path}: ${this.code}`
  }
}

export type ListenError = SocketPathTooLong | SocketInUse | NotASocket | SocketFolderUnsafe | SocketFailed
export type ConnectError = SocketPathTooLong | SocketFailed

export interface Transport {
  /** Whether its connections pass descriptors. */
  readonly passesDescriptors: boolean
  /**
   * Accepts connections on `path` until the scope ends; then the socket file is removed and the connections are closed. The file has mode 0600. The
   * file of a dead server is replaced.
   */
  readonly listen: (path: string, accept: Accept) => Effect.Effect<void, ListenError, Scope.Scope>
  /** Connects to a server; the connection is closed at the end of the scope. */
  readonly connect: (path: string, accept: Accept) => Effect.Effect<Connection, ConnectError, Scope.Scope>
}
