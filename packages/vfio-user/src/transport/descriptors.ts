/**
 * The transport with descriptors: sockets of the C library, watched by Node's event loop. The library makes, binds and accepts them itself, because
 * `node:net` reads from a socket as soon as it has it, and plain reads drop descriptors.
 */
import { Effect, Either, type Scope } from "effect"
import { chmodSync, closeSync } from "node:fs"
import type { Accept, Connection } from "../Connection.ts"
import { serveSocket } from "./DescriptorSocket.ts"
import { type Libc, loadLibc, type NoLibc } from "./Libc.ts"
import { checkLength, clear, codeOf, removeAtEnd } from "./SocketPath.ts"
import {
  backlog,
  type ConnectError,
  type ListenError,
  maxPathBytes,
  SocketFailed,
  type Transport
} from "./Transport.ts"

/** socket(2), accept4(2): constants of Linux. */
const AF_UNIX = 1
const SOCK_STREAM = 1
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000

/** `sockaddr_un`: u16 family, then the path, which ends with a NUL. */
const addressBytes = 2 + maxPathBytes + 1

const ownerOnly = 0o600

/** How long a listener waits when the process or the system has no descriptor left, in milliseconds. */
const exhaustedMillis = 100

const addressOf = (path: string): Uint8Array => {
  const address = new Uint8Array(addressBytes)
  new DataView(address.buffer).setUint16(0, AF_UNIX, true)
  new TextEncoder().encodeInto(path, address.subarray(2))
  return address
}

/** Runs steps of which each gives a number below 0 when it fails. */
const step = (libc: Libc, operation: string, path: string, result: number): Either.Either<number, SocketFailed> =>
  result >= 0
    ? Either.right(result)
    : Either.left(new SocketFailed({ operation, path, code: libc.nameOf(libc.errno()) }))

const makeSocket = (libc: Libc, path: string): Either.Either<number, SocketFailed> =>
  step(libc, "make a socket for", path, libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))

/** Uses a new socket for `use`, and closes it again if that fails. */
const withSocket = (
  libc: Libc,
  path: string,
  use: (socket: number) => Either.Either<unknown, SocketFailed>
): Either.Either<number, SocketFailed> =>
  Either.flatMap(makeSocket(libc, path), (socket) =>
    Either.mapBoth(use(socket), {
      onLeft: (failure) => {
        closeSync(socket)
        return failure
      },
      onRight: () => socket
    })
  )

/** Nobody can connect before the file has its mode: connections are refused until the socket listens. */
const listeningSocket = (libc: Libc, path: string): Either.Either<number, SocketFailed> =>
  withSocket(libc, path, (socket) =>
    step(libc, "bind", path, libc.bind(socket, addressOf(path), addressBytes)).pipe(
      Either.flatMap(() =>
        Either.try({
          try: () => chmodSync(path, ownerOnly),
          catch: (thrown) => new SocketFailed({ operation: "chmod", path, code: codeOf(thrown) })
        })
      ),
      Either.flatMap(() => step(libc, "listen on", path, libc.listen(socket, backlog)))
    )
  )

/** Connections that are open, and who waits for their end. */
interface Open {
  readonly add: (socket: number) => void
  readonly closeAll: Effect.Effect<void>
}

const makeOpen = (libc: Libc, accept: Accept): Open => {
  const open = new Set<Connection>()
  let emptied: () => void = () => undefined
  return {
    add: (socket) => {
      const connection = serveSocket(libc, socket, accept, () => {
        open.delete(connection)
        if (open.size === 0) emptied()
      })
      open.add(connection)
    },
    closeAll: Effect.async((resume) => {
      if (open.size === 0) return resume(Effect.void)
      emptied = () => resume(Effect.void)
      for (const connection of open) connection.close()
    })
  }
}

/** Accepts until the queue is empty; the errno that ended it. */
const acceptAll = (libc: Libc, socket: number, open: Open): number => {
  for (;;) {
    const accepted = libc.accept4(socket, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC)
    if (accepted >= 0) open.add(accepted)
    else {
      const errno = libc.errno()
      // A client that has gone again is no reason to stop.
      if (errno !== libc.EINTR && libc.nameOf(errno) !== "ECONNABORTED") return errno
    }
  }
}

const startAccepting = (libc: Libc, socket: number, open: Open): (() => void) => {
  let retry: NodeJS.Timeout | undefined
  const watch = libc.watch(socket, () => {
    if (acceptAll(libc, socket, open) === libc.EAGAIN) return
    // Out of descriptors or memory: the queue stays readable, so look again in a while.
    watch.stop()
    retry = setTimeout(() => watch.start(true, false), exhaustedMillis)
  })
  watch.start(true, false)
  return () => {
    clearTimeout(retry)
    watch.close()
    closeSync(socket)
  }
}

const listen = (libc: Libc, path: string, accept: Accept): Effect.Effect<void, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* clear(path)
    const open = makeOpen(libc, accept)
    yield* Effect.addFinalizer(() => open.closeAll)
    yield* Effect.acquireRelease(
      Effect.suspend(() => Either.map(listeningSocket(libc, path), (socket) => startAccepting(libc, socket, open))),
      (stop) => Effect.sync(stop)
    )
    yield* removeAtEnd(path)
  })

interface Opened {
  readonly connection: Connection
  readonly ended: Promise<void>
}

const open = (libc: Libc, path: string, accept: Accept): Either.Either<Opened, SocketFailed> =>
  Either.map(
    withSocket(libc, path, (socket) =>
      step(libc, "connect to", path, libc.connect(socket, addressOf(path), addressBytes))
    ),
    (socket) => {
      const { promise, resolve } = withResolvers()
      return { connection: serveSocket(libc, socket, accept, resolve), ended: promise }
    }
  )

const withResolvers = (): { readonly promise: Promise<void>; readonly resolve: () => void } => {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

const connect = (libc: Libc, path: string, accept: Accept): Effect.Effect<Connection, ConnectError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* checkLength(path)
    const { connection } = yield* Effect.acquireRelease(
      Effect.suspend(() => open(libc, path, accept)),
      ({ connection, ended }) =>
        Effect.promise(() => {
          connection.close()
          return ended
        })
    )
    return connection
  })

/** Messages with descriptors, through this C library. */
export const descriptorsThrough = (libc: Libc): Transport => ({
  passesDescriptors: true,
  listen: (path, accept) => listen(libc, path, accept),
  connect: (path, accept) => connect(libc, path, accept)
})

/** Messages with descriptors. Fails with `NoLibc` where koffi does not load. */
export const descriptors: Effect.Effect<Transport, NoLibc> = Effect.map(loadLibc, descriptorsThrough)
