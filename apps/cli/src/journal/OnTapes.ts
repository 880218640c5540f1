/** Whoever reads a journal is told what is not in it yet: what is on the tapes, and in the spool, of a process that runs, or that died. */
import type { Journal, ReadError } from "@stopcopy/runtime"
import { batchesInSpool, tapesFolder } from "@stopcopy/runtime/sqlite"
import { TakenIn, readTails } from "@stopcopy/runtime/tapes"
import type { TapePlace } from "@stopcopy/runtime/tapes"
import { Console, type Context, Effect, Either } from "effect"
import { existsSync } from "node:fs"
import { plural } from "../Columns.ts"

/** Where the stream of a tape stands in the journal, whose streams have these versions. */
const placeIn = (
  journal: Context.Tag.Service<Journal>,
  versions: ReadonlyMap<string, number>,
  stream: string,
  first: number
): Effect.Effect<TapePlace, ReadError> =>
  Effect.gen(function* () {
    const found = new TakenIn(stream, first)
    // Streams that it owns are left out: they count as read.
    const cursor = yield* journal.history(stream, new Map([...versions, [stream, first - 1]]))
    for (let events = yield* cursor.next(); events.length > 0; events = yield* cursor.next()) {
      for (const event of events) found.add({ ...event, count: 1 })
    }
    return { version: versions.get(stream) ?? 0, taken: found.taken }
  })

const tellOfSpool = (path: string, journal: Context.Tag.Service<Journal>): Effect.Effect<void, ReadError> =>
  Effect.gen(function* () {
    const batches = yield* Effect.either(batchesInSpool(path, journal))
    if (Either.isLeft(batches)) return yield* Console.error(`stopcopy: ${batches.left.message}`)
    if (batches.right === 0) return
    yield* Console.error(
      `stopcopy: ${path}: ${batches.right} ${batches.right === 1 ? "batch" : "batches"} more in its spool; the journal has them when its owner takes them in`
    )
  })

/** Says on standard error what the tapes and the spool beside the journal at `path` hold that it does not, if anything. Changes nothing. */
export const tellOfTapes = (path: string, journal: Context.Tag.Service<Journal>): Effect.Effect<void, ReadError> =>
  Effect.gen(function* () {
    const folder = tapesFolder(path)
    if (!existsSync(folder)) return
    yield* tellOfSpool(path, journal)
    const versions = new Map((yield* journal.streams()).map(({ stream, version }) => [stream, version]))
    const tails = yield* Effect.either(
      readTails(folder, journal.id, (stream, first) => placeIn(journal, versions, stream, first))
    )
    if (Either.isLeft(tails)) return yield* Console.error(`stopcopy: ${tails.left.message}`)
    const entries = tails.right.reduce((sum, { taken }) => sum + taken, 0)
    if (entries === 0) return
    yield* Console.error(
      `stopcopy: ${path}: ${plural(entries, "packed event")} more on tapes; the journal has them when its owner takes them in`
    )
  })
