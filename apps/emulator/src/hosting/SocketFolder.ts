/**
 * Folders of sockets: made for the owner alone; one that is there is taken if nobody else may replace files in it. Sockets themselves have mode 0600.
 * Source: unix(7), path_resolution(7).
 */
import { Effect, Either } from "effect"
import { mkdirSync, rmdirSync, statSync } from "node:fs"
import { FolderUnfit } from "./StartError.ts"

const ownerOnly = 0o700
const othersMayWrite = 0o022
const sticky = 0o1000

const reasonOf = (thrown: unknown): string => {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined
  if (code === "EEXIST" || code === "ENOTDIR") return "it is no folder, or lies in what is none; name another one"
  return `${thrown instanceof Error ? thrown.message : String(thrown)}; name a folder that this user may make`
}

const modeProblem = (folder: string): string | undefined => {
  const stats = statSync(folder)
  if (!stats.isDirectory()) return "it is no folder; name another one"
  const open = (stats.mode & othersMayWrite) !== 0 && (stats.mode & sticky) === 0
  return open
    ? `others may replace files in it (mode ${(stats.mode & 0o7777).toString(8)}); take that right away, chmod 700`
    : undefined
}

/** Makes sure of a folder, with those above it. */
const prepare = (folder: string): Either.Either<void, FolderUnfit> =>
  Either.flatMap(
    Either.try({
      try: () => {
        mkdirSync(folder, { recursive: true, mode: ownerOnly })
        return modeProblem(folder)
      },
      catch: (thrown) => new FolderUnfit({ folder, reason: reasonOf(thrown) })
    }),
    (reason) => (reason === undefined ? Either.void : Either.left(new FolderUnfit({ folder, reason })))
  )

/** A folder that is not empty has something of somebody else. */
const removeEmpty = (folder: string): void => {
  try {
    rmdirSync(folder)
  } catch {
    // It stays: it is harmless, and the next start takes it.
  }
}

/** A folder for sockets until the scope ends; then it is removed, if nothing is in it. */
export const socketFolderFor = (folder: string) =>
  Effect.acquireRelease(
    Effect.suspend(() => prepare(folder)),
    () => Effect.sync(() => removeEmpty(folder))
  )

/** A folder that stays. */
export const socketsRoot = (folder: string): Effect.Effect<void, FolderUnfit> => Effect.suspend(() => prepare(folder))
