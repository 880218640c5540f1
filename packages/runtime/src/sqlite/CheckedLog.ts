/** No journal is opened whose write-ahead log was changed: SQLite would go on from before the change, and say nothing. */
import { Effect } from "effect"
import { JournalDamaged } from "../JournalError.ts"
import type { JournalUnavailable } from "../JournalError.ts"
import { integer } from "../Rows.ts"
import type { SqliteDriver } from "./SqliteDriver.ts"
import { besideJournal, privateCopy } from "./UntouchedFile.ts"
import { walDamage } from "./WalCheck.ts"
import type { WalDamage } from "./WalCheck.ts"

/** Looks at a log that seems damaged: somebody may be writing it just now. */
const looks = 4

const damageOf = (file: string): Effect.Effect<WalDamage | undefined, JournalUnavailable> =>
  Effect.gen(function* () {
    const index = yield* besideJournal(file, "-shm")
    const wal = yield* besideJournal(file, "-wal")
    return wal === undefined ? undefined : walDamage(wal, index)
  })

/** The damage that is still there after a few looks. */
const lasting = (file: string, left: number): Effect.Effect<WalDamage | undefined, JournalUnavailable> =>
  Effect.flatMap(damageOf(file), (damage) =>
    damage === undefined || left === 1
      ? Effect.succeed(damage)
      : Effect.zipRight(Effect.yieldNow(), lasting(file, left - 1))
  )

/** The last batch in front of the damage; 0 if nothing can be read. */
const lastGood = (sqlite: SqliteDriver, file: string): Effect.Effect<number, JournalUnavailable> =>
  Effect.scoped(
    Effect.flatMap(privateCopy(file), (copy) =>
      Effect.acquireUseRelease(
        Effect.sync(() => sqlite.open({ file: copy, readOnly: false })),
        (database) =>
          Effect.try(() => {
            const row = database.prepare("SELECT max(id) AS batch FROM batch").get()
            return row === undefined || row["batch"] === null ? 0 : integer(row, "batch")
          }).pipe(Effect.orElseSucceed(() => 0)),
        (database) => Effect.sync(() => database.close())
      )
    )
  )

/** Fails where the log of the journal `file` is not what was written up to its end. */
export const checkLog = (
  sqlite: SqliteDriver,
  file: string
): Effect.Effect<void, JournalDamaged | JournalUnavailable> =>
  Effect.gen(function* () {
    const damage = yield* lasting(file, looks)
    if (damage === undefined) return
    const good = yield* lastGood(sqlite, file)
    const place = damage.frame === 0 ? "in its header" : `in frame ${damage.frame}`
    return yield* new JournalDamaged({
      journal: file,
      batch: good + 1,
      lastGood: good,
      difference: `its write-ahead log was changed ${place}; keep copies, and cut ${file}-wal off at byte ${damage.offset} to go on from there`
    })
  })
