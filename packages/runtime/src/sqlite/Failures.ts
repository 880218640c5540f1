/**
 * What a failed write means. SQLite says "full" only where the file system says ENOSPC; a file size limit (EFBIG) or a quota (EDQUOT) is an
 * I/O error to it. So a failed write is tried again, beside the journal and one byte long, to hear the reason.
 */
import { Either } from "effect"
import { closeSync, existsSync, openSync, rmSync, statSync, writeSync } from "node:fs"
import { codeOf, isNoSpace } from "../internal/noSpace.ts"
import { JournalFull, JournalUnavailable } from "../JournalError.ts"
import type { CommitError } from "../JournalError.ts"
import type { SqliteDriver } from "./SqliteDriver.ts"

/** Bytes behind the end of the write-ahead log that a commit may want. */
const pageBytes = 65_536

/** The error code of writing one byte where the write-ahead log of `file` would grow to; undefined if that works. */
const writeProblem = (file: string): string | undefined => {
  const log = `${file}-wal`
  const end = (existsSync(log) ? statSync(log).size : 0) + pageBytes
  const probe = `${file}-space-${process.pid}`
  const tried = Either.try({
    try: () => {
      const fd = openSync(probe, "w", 0o600)
      try {
        writeSync(fd, Uint8Array.of(0), 0, 1, end)
      } finally {
        closeSync(fd)
      }
    },
    catch: codeOf
  })
  rmSync(probe, { force: true })
  return Either.isLeft(tried) ? tried.left : undefined
}

/** The error of a commit to `file` that threw. What is not SQLite's is a defect and thrown again. */
export const storageError = (sqlite: SqliteDriver, file: string, thrown: unknown): CommitError => {
  const failure = sqlite.failureOf(thrown)
  if (failure === undefined) throw thrown
  const full = failure.kind === "full" || (failure.kind === "write" && isNoSpace(writeProblem(file) ?? ""))
  return full ? new JournalFull({ journal: file }) : new JournalUnavailable({ journal: file, reason: failure.reason })
}
