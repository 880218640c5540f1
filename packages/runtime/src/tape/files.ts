/** What tapes ask of the file system, with its failures as values: names, new files at one stroke, reading. */
import { Either } from "effect"
import { createHash } from "node:crypto"
import {
  closeSync,
  existsSync,
  ftruncateSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync
} from "node:fs"
import { basename, dirname, join } from "node:path"
import { codeOf, isNoSpace } from "../internal/noSpace.ts"
import { toUtf8 } from "../internal/utf8.ts"
import { JournalFull, JournalUnavailable } from "../JournalError.ts"

/** The calls that a tape lives from, so that a caller's can fail. */
export interface FileCalls {
  /** Writes at `position`; how many bytes it wrote, which may be fewer than `length`. */
  readonly write: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => number
  readonly truncate: (fd: number, size: number) => void
  readonly sync: (fd: number) => void
}

/** Node's own. */
export const nodeCalls: FileCalls = { write: writeSync, truncate: ftruncateSync, sync: fsyncSync }

/** Why a call failed. */
export type FileError = JournalFull | JournalUnavailable

const suffix = ".tape"
const unfinishedSuffix = `${suffix}.new`

/** Bytes of a file name, at most, on the usual file systems: 255, less what comes behind it. */
const maxNameBytes = 240

/** Characters of the name that stay where it is too long, to recognize it by. */
const keptCharacters = 100

const percent = (byte: number): string => {
  const character = String.fromCharCode(byte)
  return /[\w.@:+=,-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
}

/** Name of the file of a stream: percent-encoded; where that is too long, its beginning and its SHA-256. */
export const tapeFileName = (stream: string): string => {
  const bytes = toUtf8(stream)
  const name = Array.from(bytes, percent).join("")
  if (name.length <= maxNameBytes) return `${name}${suffix}`
  return `${name.slice(0, keptCharacters)}~${createHash("sha256").update(bytes).digest("hex")}${suffix}`
}

/** The error of a call on `path` that threw. */
export const fileError = (path: string, thrown: unknown): FileError => {
  if (isNoSpace(codeOf(thrown))) return new JournalFull({ journal: path })
  return new JournalUnavailable({ journal: path, reason: thrown instanceof Error ? thrown.message : String(thrown) })
}

const attempt = <A>(path: string, run: () => A): Either.Either<A, FileError> =>
  Either.try({ try: run, catch: (thrown) => fileError(path, thrown) })

/** Writes all of `length` bytes at `position`, in as many calls as it takes. Throws what a call throws. */
export const writeAll = (calls: FileCalls, fd: number, bytes: Uint8Array, length: number, position: number): void => {
  for (let done = 0; done < length;) {
    const written = calls.write(fd, bytes, done, length - done, position + done)
    if (written === 0) throw new Error("the file system took no byte and gave no reason")
    done += written
  }
}

/** Makes what was renamed, made or removed in a folder *durable*. Throws what the call throws. */
const syncFolderOf = (calls: FileCalls, path: string): void => {
  const fd = openSync(dirname(path), "r")
  try {
    calls.sync(fd)
  } finally {
    closeSync(fd)
  }
}

/** See `syncFolderOf`. */
export const syncFolder = (calls: FileCalls, path: string): Either.Either<void, FileError> =>
  attempt(path, () => syncFolderOf(calls, path))

/** Puts a file that holds `content` in place of what is at `path`, at one stroke; its descriptor. The folder is not synced. */
export const beginFile = (calls: FileCalls, path: string, content: Uint8Array): Either.Either<number, FileError> =>
  attempt(path, () => {
    const unfinished = `${path.slice(0, -suffix.length)}${unfinishedSuffix}`
    rmSync(unfinished, { force: true })
    const fd = openSync(unfinished, "wx", 0o600)
    try {
      writeAll(calls, fd, content, content.byteLength, 0)
      calls.sync(fd)
      renameSync(unfinished, path)
      return fd
    } catch (thrown) {
      closeSync(fd)
      rmSync(unfinished, { force: true })
      throw thrown
    }
  })

/** Opens the file at `path` for writing and cuts it off at `size`; its descriptor. */
export const reopenFile = (calls: FileCalls, path: string, size: number): Either.Either<number, FileError> =>
  attempt(path, () => {
    const fd = openSync(path, "r+")
    try {
      calls.truncate(fd, size)
      return fd
    } catch (thrown) {
      closeSync(fd)
      throw thrown
    }
  })

/** Content of the file at `path`; empty where there is none. */
export const readFile = (path: string): Either.Either<Uint8Array, FileError> =>
  attempt(path, () => (existsSync(path) ? readFileSync(path) : new Uint8Array(0)))

/** Removes the file at `path`, where there is one, *durably*. */
export const removeFile = (calls: FileCalls, path: string): Either.Either<void, FileError> =>
  attempt(path, () => {
    if (!existsSync(path)) return
    rmSync(path)
    syncFolderOf(calls, path)
  })

/** Paths of the tapes in a folder, in the order of their names; none where there is no such folder. */
export const tapesIn = (folder: string): Either.Either<ReadonlyArray<string>, FileError> =>
  attempt(folder, () => {
    const names = existsSync(folder) ? readdirSync(folder) : []
    return names
      .filter((name) => name.endsWith(suffix))
      .toSorted()
      .map((name) => join(folder, name))
  })

/** Makes the folder, for its owner alone, and removes files that a rotation left unfinished. */
export const prepareFolder = (folder: string): Either.Either<void, FileError> =>
  attempt(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(folder)) if (name.endsWith(unfinishedSuffix)) rmSync(join(folder, name))
  })

/** The name in a path. */
export const nameIn = (path: string): string => basename(path)
