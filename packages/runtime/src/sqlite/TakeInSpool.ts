/** What a process that died left in its spool goes into the journal before anything else does. */
import { type Context, Effect, Either } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Journal } from "../Journal.ts"
import type { AppendRequest } from "../JournalDriver.ts"
import type { AppendError, ReadError } from "../JournalError.ts"
import type { Spooled } from "../spool/entry.ts"
import { readSpool, spoolName } from "../spool/SpoolFile.ts"
import type { SpoolError } from "../spool/SpoolError.ts"
import { nodeCalls, removeFile } from "../tape/files.ts"
import type { SqliteJournal } from "./SqliteJournal.ts"
import { tapesFolder } from "./TakeIn.ts"

/** The spool in the folder of a journal's tapes. */
export const spoolIn = (folder: string): string => join(folder, spoolName)

/** What of a spool the tables do not have. */
interface Left {
  readonly entries: ReadonlyArray<Spooled>
  /** Batches behind a gap: they followed on one that the journal lost with the power before it was durable. */
  readonly dropped: number
}

/** Whether the tables have this very batch, or had it before retention took it away. */
const isTaken = (tables: SqliteJournal, { batch, hash }: Spooled): Either.Either<boolean, ReadError> =>
  batch < tables.anchor.batch
    ? Either.right(true)
    : Either.map(
        tables.batches(batch - 1, 1),
        ([found]) => found?.batch === batch && Buffer.compare(found.hash, hash) === 0
      )

/** The entries of a spool that the tables do not have yet. */
const leftInSpool = (tables: SqliteJournal, entries: ReadonlyArray<Spooled>): Either.Either<Left, ReadError> =>
  Either.gen(function* () {
    const { batch: last } = yield* tables.head()
    let taken = 0
    for (const entry of entries) {
      if (entry.batch > last || !(yield* isTaken(tables, entry))) break
      taken++
    }
    const left = entries.slice(taken)
    const isGap = (left[0]?.batch ?? 0) > last + 1
    return isGap ? { entries: [], dropped: left.length } : { entries: left, dropped: 0 }
  })

/** A number of an event in this journal, `moved` further on if it is one of those that were spooled. */
const causationOf = (causation: string | null, first: number, moved: number): string | null =>
  causation !== null && /^\d+$/.test(causation) && Number(causation) >= first
    ? `${Number(causation) + moved}`
    : causation

/** The same append behind what somebody else appended meanwhile: it was acknowledged. */
const behind = (
  tables: SqliteJournal,
  request: AppendRequest,
  first: number,
  moved: number
): Either.Either<AppendRequest, ReadError> =>
  Either.map(tables.streams(), (known) => {
    const versions = new Map(known.map(({ stream, version }) => [stream, version]))
    return {
      ...request,
      causation: causationOf(request.causation, first, moved),
      streams: request.streams.map((each) => ({ ...each, expected: versions.get(each.stream) ?? 0 }))
    }
  })

/** Takes the spool in `folder` in, *durably*, and removes it. Nothing is changed where it is damaged. */
export const takeInSpool = (
  tables: SqliteJournal,
  folder: string
): Effect.Effect<void, SpoolError | AppendError | ReadError> =>
  Effect.gen(function* () {
    const path = spoolIn(folder)
    if (!existsSync(path)) return
    const { entries, unfinishedBytes } = yield* readSpool(path, tables.id)
    const { dropped, entries: left } = yield* leftInSpool(tables, entries)
    const [first] = left
    if (first !== undefined) {
      const { sequence } = yield* tables.head()
      const moved = sequence + 1 - first.firstSequence
      for (const entry of left) {
        const request = moved === 0 ? entry.request : yield* behind(tables, entry.request, first.firstSequence, moved)
        const [answer] = yield* tables.commit([request], "written")
        if (answer !== undefined && Either.isLeft(answer)) return yield* answer.left
      }
    }
    yield* tables.sync()
    yield* removeFile(nodeCalls, path)
    if (dropped > 0)
      yield* Effect.logWarning(`spool ${path}: ${dropped} batches behind a commit that was lost are dropped`)
    if (left.length > 0 || unfinishedBytes > 0) {
      yield* Effect.logInfo(
        `spool ${path}: ${left.length} batches taken in, ${unfinishedBytes} bytes of an unfinished one cut off`
      )
    }
  })

/** How many batches the spool beside the journal `file` holds that `journal`, opened for reading, does not. Changes nothing. */
export const batchesInSpool = (
  file: string,
  { head, id }: Pick<Context.Tag.Service<Journal>, "head" | "id">
): Effect.Effect<number, SpoolError | ReadError> =>
  Effect.gen(function* () {
    const path = spoolIn(tapesFolder(file))
    if (!existsSync(path)) return 0
    const { entries } = yield* readSpool(path, id)
    const { batch: last } = yield* head()
    return entries.filter(({ batch }) => batch > last).length
  })
