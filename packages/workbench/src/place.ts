/** Where the journals of a run lie: a folder of their own, removed afterwards. */
import { Effect } from "effect"
import { mkdtemp, rm, statfs } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** `statfs` type of a file system in memory (`TMPFS_MAGIC` of `linux/magic.h`): syncing there means nothing. */
const tmpfs = 0x0102_1994

/** Where `inFolder` makes its folders: the `TMPDIR` of the system. */
export const place = tmpdir()

/** Runs `use` with the path of a journal that is not there yet, in a folder of its own. */
export const inFolder = <A, E, R>(use: (file: string) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(place, "stopcopy-bench-"))),
    (folder) => use(join(folder, "journal.db")),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )

/** What is wrong with the place for durable figures, if anything. */
export const placeWarning: Effect.Effect<string | undefined> = Effect.promise(async () => {
  const { type } = await statfs(place)
  return type === tmpfs ? `${place} lies in memory: durable figures mean nothing; set TMPDIR to a disk` : undefined
})
