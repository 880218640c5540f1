/**
 * Reading a journal without leaving a trace beside it. In WAL mode even a read-only connection of SQLite makes `-wal` and
 * `-shm` files and leaves them behind, and fails where it cannot (https://www.sqlite.org/wal.html#read_only_databases).
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import { constants, existsSync } from "node:fs"
import { chmod, copyFile, mkdtemp, readFile, realpath, rm, stat } from "node:fs/promises"
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

/** Bytes of a file beside the journal; none if it is not there. */
export const besideJournal = (
  file: string,
  suffix: string
): Effect.Effect<Uint8Array | undefined, JournalUnavailable> =>
  attempt(file, "make the folder writable or copy the journal with its -wal file", async () => {
    // SQLite looks for the other files beside what a symbolic link leads to.
    const place = `${existsSync(file) ? await realpath(file) : file}${suffix}`
    return existsSync(place) ? readFile(place) : undefined
  })

/**
 * What to open for reading the journal `file`. Where `-wal` and `-shm` files are not both beside it, nobody uses it, and the
 * answer is a private copy (with a `-wal` file that came along), which goes away with the scope. Else it is `file` itself:
 * SQLite then reads through the files that are there, while others write.
 */
export const untouchedFile = (file: string): Effect.Effect<string, JournalUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const remedy = "make it readable"
    // SQLite looks for the other files beside what a symbolic link leads to.
    const real = yield* attempt(file, remedy, () => realpath(file))
    const kind = yield* attempt(file, remedy, () => stat(real))
    if (isShared(real) || !kind.isFile()) return file
    const copy = join(yield* temporaryFolder(file), "journal.db")
    const whole = yield* attempt(file, `make it readable, and have space for a copy of it in ${tmpdir()}`, () =>
      copyJournal(real, copy)
    )
    return whole ? copy : file
  })
