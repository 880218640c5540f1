/** Whoever reads a journal is told what is not in it yet: entries on the tapes of a process that runs, or that died. */
import type { Journal, ReadError } from "@stopcopy/runtime"
import { tapesFolder } from "@stopcopy/runtime/sqlite"
import { readTails } from "@stopcopy/runtime/tapes"
import { Console, type Context, Effect, Either } from "effect"
import { existsSync } from "node:fs"
import { plural } from "../Columns.ts"

/** Says on standard error what the tapes beside the journal at `path` hold that it does not, if anything. Changes nothing. */
export const tellOfTapes = (path: string, journal: Context.Tag.Service<Journal>): Effect.Effect<void, ReadError> =>
  Effect.gen(function* () {
    const folder = tapesFolder(path)
    if (!existsSync(folder)) return
    const versions = new Map((yield* journal.streams()).map(({ stream, version }) => [stream, version]))
    const tails = readTails(folder, journal.id, (stream) => versions.get(stream) ?? 0)
    if (Either.isLeft(tails)) return yield* Console.error(`stopcopy: ${tails.left.message}`)
    const entries = tails.right.reduce((sum, { taken }) => sum + taken, 0)
    if (entries === 0) return
    yield* Console.error(
      `stopcopy: ${path}: ${plural(entries, "packed event")} more on tapes; the journal has them when its owner takes them in`
    )
  })
