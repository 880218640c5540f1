/**
 * Reading a journal without leaving a trace beside it. In WAL mode even a read-only connection of SQLite makes `-wal` and
 * `-shm` files and leaves them behind, and fails where it cannot (https://www.sqlite.org/wal.html#read_only_databases).
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import { constants, existsSync, readFileSync } from "node:fs"
import { chmod, copyFile, mkdtemp, open, readFile, realpath, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { JournalUnavailable } from "../JournalError.ts"

/** True while a process has the journal open, and after one died: SQLite then finds the files that it would make. */
const isShared = (file: string): boolean =>
  (existsSync(`${file}-wal`) && existsSync(`${file}-shm`)) || existsSync(`${file}-journal`)

/** Changes with every write to the file, and when it is made or removed. */
const stampOf = async (file: string): Promise<string> => {
  if (!existsSync(file)) return "none"
  const { ino, mtimeNs, size } = await stat(file, { bigint: true })
  return `${ino} ${size} ${mtimeNs}`
}

const stampsOf = async (file: string): Promise<string> => `${await stampOf(file)}, ${await stampOf(`${file}-wal`)}`

/** Copies, for the owner alone; costs no space where the file system shares blocks. */
const copyPrivately = async (from: string, to: string): Promise<void> => {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await chmod(to, 0o600)
}

/** True if `copy` is the journal as it was at one moment; false if somebody began to use it meanwhile. */
const copyJournal = async (file: string, copy: string): Promise<boolean> => {
  const before = await stampsOf(file)
  await copyPrivately(file, copy)
  if (existsSync(`${file}-wal`)) await copyPrivately(`${file}-wal`, `${copy}-wal`)
  return !isShared(file) && (await stampsOf(file)) === before
}

/** Does file work for the journal; what the system says, with the remedy, where that fails. */
const attempt = <A>(journal: string, remedy: string, run: () => Promise<A>): Effect.Effect<A, JournalUnavailable> =>
  Effect.tryPromise({
    try: run,
    catch: (thrown) =>
      new JournalUnavailable({
        journal,
        reason: `${thrown instanceof Error ? thrown.message : String(thrown)}: ${remedy}`
      })
  })

/** A new folder among the system's temporary files, removed with the scope. */
const temporaryFolder = (journal: string): Effect.Effect<string, JournalUnavailable, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(journal, "set TMPDIR to a folder that can be written", () => mkdtemp(join(tmpdir(), "stopcopy-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )

/** A copy of the journal `file` with its write-ahead log, for a look at what SQLite makes of it; gone with the scope. */
export const privateCopy = (file: string): Effect.Effect<string, JournalUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const copy = join(yield* temporaryFolder(file), "journal.db")
    yield* attempt(file, `make it readable, and have space for a copy of it in ${tmpdir()}`, () =>
      copyJournal(file, copy)
    )
    return copy
  })

/** Where SQLite looks for the files beside the journal: where a symbolic link leads to. */
export const realPlace = (file: string): Effect.Effect<string, JournalUnavailable> =>
  attempt(file, "make it readable", async () => (existsSync(file) ? realpath(file) : file))

/** What `run` gives; undefined where the file went away: who closes a journal last removes the files beside it. */
const ifThere = async <A>(run: () => Promise<A>): Promise<A | undefined> => {
  try {
    return await run()
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined
    throw thrown
  }
}

/** The first bytes of a file; fewer if it is shorter. */
const firstBytes = async (file: string, length: number): Promise<Buffer> => {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** What every SQLite database begins with: https://www.sqlite.org/fileformat.html, section 1.3. */
const magic = "SQLite format 3\0"

/** True if the file is a SQLite database, or is to become one: it is empty or not there. */
export const mayBeDatabase = (place: string): Effect.Effect<boolean, JournalUnavailable> =>
  attempt(place, "make it readable", async () => {
    const start = await ifThere(() => firstBytes(place, magic.length))
    return start === undefined || start.byteLength === 0 || start.toString("latin1") === magic
  })

/** Bytes of a write-ahead log's header: a log that is begun anew gets another one, also within one tick of the file's clock. */
const logHeaderBytes = 32

/** Bytes of the longest log that is read: it is held in memory. SQLite itself begins its log anew after some 4 MiB. */
const longestLogBytes = 2 ** 30

/** A write-ahead log as it was read. */
interface ReadLog {
  /** What the log and its header were; undefined if they changed while it was read: the bytes are then of no one moment. */
  readonly stamp: string | undefined
  readonly bytes: Uint8Array
}

/** The write-ahead log of the journal at `place`; undefined if there is none, "too long" if it is not read for that. */
export const readLog = (place: string): Effect.Effect<ReadLog | "too long" | undefined, JournalUnavailable> =>
  attempt(place, "make the folder writable or copy the journal with its -wal file", () =>
    ifThere(async () => {
      const log = `${place}-wal`
      if ((await stat(log)).size > longestLogBytes) return "too long"
      const stamp = async () => `${await stampOf(log)} ${(await firstBytes(log, logHeaderBytes)).toString("hex")}`
      const before = await stamp()
      const bytes = await readFile(log)
      return { bytes, stamp: (await stamp()) === before ? before : undefined }
    })
  )

/**
 * The index of that log; undefined if there is none. Read it only where it is needed: a process that has the journal open loses its locks on a
 * file when it closes that file anywhere (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
export const readIndex = (place: string): Uint8Array | undefined =>
  existsSync(`${place}-shm`) ? readFileSync(`${place}-shm`) : undefined

/**
 * What to open for reading the journal `file`. Where `-wal` and `-shm` files are not both beside it, nobody uses it, and the
 * answer is a private copy (with a `-wal` file that came along), which goes away with the scope. Else it is `file` itself:
 * SQLite then reads through the files that are there, while others write.
 */
export const untouchedFile = (file: string): Effect.Effect<string, JournalUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const remedy = "make it readable"
    const real = yield* realPlace(file)
    const kind = yield* attempt(file, remedy, () => stat(real))
    if (isShared(real) || !kind.isFile()) return file
    const copy = join(yield* temporaryFolder(file), "journal.db")
    const whole = yield* attempt(file, `make it readable, and have space for a copy of it in ${tmpdir()}`, () =>
      copyJournal(real, copy)
    )
    return whole ? copy : file
  })
