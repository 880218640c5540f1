/**
 * Whether the places of an emulator can be had, asked before anything is begun: the agent's port or socket, the sockets of VFs. Who really takes one comes
 * later, and says so too if it was taken meanwhile.
 */
import { type Address, Addresses } from "@stopcopy/agent"
import { Effect, Either } from "effect"
import { accessSync, constants, lstatSync, statSync } from "node:fs"
import { connect, createServer } from "node:net"
import { dirname } from "node:path"
import { PlaceTaken } from "./StartError.ts"

/** Bytes of a socket's path (unix(7)). */
export const pathBytes = 107

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : String(thrown)

/** Whether somebody takes connections at a socket. */
const isServed = (path: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const socket = connect(path)
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.succeed(true))
    })
    socket.once("error", (error) => resume(Effect.succeed(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error)))))
    return Effect.sync(() => socket.destroy())
  })

/** Why a folder takes no socket; undefined: it does. */
const folderProblem = (folder: string): string | undefined => {
  const tried = Either.try({
    try: () => {
      if (!statSync(folder).isDirectory()) return `${folder} is no folder; name another one`
      accessSync(folder, constants.W_OK | constants.X_OK)
      return undefined
    },
    catch: codeOf
  })
  if (Either.isRight(tried)) return tried.right
  return tried.left === "ENOENT"
    ? `there is no folder ${folder}; make it, or name another one`
    : `${folder} cannot be written (${tried.left}); name another one`
}

/** Fails where a socket cannot be made: another file, or somebody listens. */
const checkSocket = (path: string): Effect.Effect<void, PlaceTaken> =>
  Effect.gen(function* () {
    const refuse = (reason: string) => new PlaceTaken({ address: `unix:${path}`, reason })
    const bytes = Buffer.byteLength(path)
    if (bytes > pathBytes)
      return yield* refuse(`the path has ${bytes} bytes, a socket's at most ${pathBytes}; shorten it`)
    const look = Either.try({ try: () => lstatSync(path, { throwIfNoEntry: false }), catch: codeOf })
    // Where its folder is none that is said of the folder.
    if (Either.isLeft(look))
      return yield* look.left === "ENOTDIR"
        ? Effect.void
        : refuse(`it cannot be looked at (${look.left}); name another path`)
    if (look.right === undefined) return
    if (!look.right.isSocket())
      return yield* refuse("there is a file that is no socket; name another path, or take it away")
    if (yield* isServed(path)) return yield* refuse("another process listens there; end it, or name another path")
  })

const checkPort = (address: Extract<Address, { readonly _tag: "Tcp" }>): Effect.Effect<void, PlaceTaken> =>
  Effect.async((resume) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "EADDRINUSE"
          ? "the port is in use; name another one"
          : `${error.message}; name an address of this machine, and a port that this user may have`
      resume(new PlaceTaken({ address: Addresses.format(address), reason }))
    })
    server.listen(address.port, address.host, () => server.close(() => resume(Effect.void)))
  })

/** Whether the agent can be at an address. */
export const checkAgent = (address: Address): Effect.Effect<void, PlaceTaken> =>
  Effect.suspend(() => {
    if (address._tag === "Tcp") return checkPort(address)
    const reason = folderProblem(dirname(address.path))
    return reason === undefined
      ? checkSocket(address.path)
      : new PlaceTaken({ address: Addresses.format(address), reason })
  })

/** Whether these sockets can be made; folders that are not there yet will be. */
export const checkSockets = (paths: ReadonlyArray<string>): Effect.Effect<void, PlaceTaken> =>
  Effect.forEach(paths, (path) => Effect.suspend(() => checkSocket(path)), { discard: true })
