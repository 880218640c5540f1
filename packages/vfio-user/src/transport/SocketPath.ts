/**
 * The file of a listening socket: where it may lie, when an old one is replaced, and its removal. Source: unix(7).
 * A server that dies leaves its file behind. Whether one listens is asked by connecting: `ECONNREFUSED` means that nobody does.
 */
import { Effect, Either } from "effect"
import { lstatSync, statSync, unlinkSync, type Stats } from "node:fs"
import { connect } from "node:net"
import { dirname, resolve } from "node:path"
import {
  type ListenError,
  maxPathBytes,
  NotASocket,
  SocketFailed,
  SocketFolderUnsafe,
  SocketInUse,
  SocketPathTooLong
} from "./Transport.ts"

const othersMayWrite = 0o002
const sticky = 0o1000

/** The `code` of an error of Node's, such as `EACCES`. */
export const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : String(thrown)

/** Refuses a path that `sockaddr_un` cannot hold: longer ones would be cut without a word. */
export const checkLength = (path: string): Either.Either<void, SocketPathTooLong> => {
  const bytes = Buffer.byteLength(path)
  return bytes > maxPathBytes ? Either.left(new SocketPathTooLong({ path, bytes })) : Either.void
}

const attempt = <A>(operation: string, path: string, run: () => A): Either.Either<A, SocketFailed> =>
  Either.try({ try: run, catch: (thrown) => new SocketFailed({ operation, path, code: codeOf(thrown) }) })

const checkFolder = (path: string): Either.Either<void, SocketFolderUnsafe | SocketFailed> => {
  const folder = dirname(resolve(path))
  return Either.flatMap(
    attempt("look at", folder, () => statSync(folder)),
    ({ mode }) =>
      (mode & othersMayWrite) !== 0 && (mode & sticky) === 0
        ? Either.left(new SocketFolderUnsafe({ folder, mode: mode & 0o7777 }))
        : Either.void
  )
}

/**
 * Looks at a folder. Node's `realpath` stops half-way when the file that was looked at last in the process is a socket (it reads the mode from there, seen
 * in Node 20): modules behind links, as pnpm lays them, are then loaded from the wrong place.
 */
export const lookElsewhere = (): void => void statSync("/")

/** What lies at `path` itself, not behind a link; undefined: nothing. */
const found = (path: string): Either.Either<Stats | undefined, SocketFailed> =>
  attempt("look at", path, () => {
    const file = lstatSync(path, { throwIfNoEntry: false })
    lookElsewhere()
    return file
  })

/** Whether a server listens: `undefined` says yes, otherwise the errno that says why not. */
const refusalOf = (path: string): Effect.Effect<string | undefined> =>
  Effect.async<string | undefined>((resume) => {
    const socket = connect({ path })
    const answer = (refusal: string | undefined): void => {
      socket.destroy()
      resume(Effect.succeed(refusal))
    }
    socket.once("connect", () => answer(undefined))
    socket.once("error", (error) => answer(codeOf(error)))
    return Effect.sync(() => socket.destroy())
  })

const same = (one: Stats, other: Stats | undefined): boolean => one.ino === other?.ino && one.dev === other.dev

/** Removes `file` if it is still the one that lies at `path`: meanwhile another server may have put its own there. */
const removeStale = (path: string, file: Stats): Either.Either<void, ListenError> =>
  Either.flatMap(found(path), (now): Either.Either<void, ListenError> => {
    if (now === undefined) return Either.void
    return same(file, now) ? attempt("remove", path, () => unlinkSync(path)) : Either.left(new SocketInUse({ path }))
  })

/** Makes sure that a socket may be bound at `path`: a safe folder, a path that fits, and nobody there. */
export const clear = (path: string): Effect.Effect<void, ListenError> =>
  Effect.gen(function* () {
    yield* checkLength(path)
    yield* checkFolder(path)
    const file = yield* found(path)
    if (file === undefined) return
    if (!file.isSocket()) return yield* new NotASocket({ path })
    const refusal = yield* refusalOf(path)
    switch (refusal) {
      case "ECONNREFUSED":
        return yield* removeStale(path, file)
      case "ENOENT":
        return
      case undefined:
      case "EAGAIN":
        return yield* new SocketInUse({ path })
      default:
        return yield* new SocketFailed({ operation: "connect to", path, code: refusal })
    }
  })

/** Removes the file at the end of the scope that called this, unless another server has put its own there. */
export const removeAtEnd = (path: string) =>
  Effect.acquireRelease(found(path), (file) =>
    Effect.sync(() => {
      if (file !== undefined) removeStale(path, file)
    })
  )
