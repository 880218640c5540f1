/**
 * No journal is opened whose write-ahead log does not read back as it was written: SQLite would go on from before that place, and say nothing.
 * A log that another process writes is never one moment's while it is read, and may seem damaged. So only damage that stays in a log that
 * stays as it is counts. Of a log that keeps changing nothing is claimed: its writer has an index of it, through which SQLite reads.
 */
import { Clock, Effect } from "effect"
import { JournalDamaged, JournalUnavailable } from "../JournalError.ts"
import { integer } from "../Rows.ts"
import type { SqliteDriver } from "./SqliteDriver.ts"
import { mayBeDatabase, privateCopy, readIndex, readLog, realPlace } from "./UntouchedFile.ts"
import { walDamage } from "./WalCheck.ts"
import type { WalDamage } from "./WalCheck.ts"

/** Looks in a row that must find the same damage in the same log. */
const looksAlike = 3

/** Looks at most: a log that changed until then is being written. */
const mostLooks = 10

/** Wait between two looks: longer than a tick of a file's clock, 10 ms at most. */
const betweenLooks = "20 millis"

/** What a look found. */
interface Finding {
  /** What the log was; undefined if it changed meanwhile. */
  readonly stamp: string | undefined
  readonly damage: WalDamage
}

/** Time that passes for other processes, whatever clock the program runs on. */
const wait = Effect.withClock(Effect.sleep(betweenLooks), Clock.make())

const look = (place: string): Effect.Effect<Finding | undefined, JournalUnavailable> =>
  Effect.gen(function* () {
    const log = yield* readLog(place)
    if (log === "too long")
      yield* Effect.logWarning(`the write-ahead log ${place}-wal is too long to be checked for damage`)
    if (log === undefined || log === "too long") return undefined
    const damage = yield* Effect.try({
      try: () => walDamage(log.bytes, () => readIndex(place)),
      catch: (thrown) =>
        new JournalUnavailable({ journal: place, reason: `${String(thrown)}: make its -shm file readable` })
    })
    return damage === undefined ? undefined : { stamp: log.stamp, damage }
  })

const isSame = (one: Finding, other: Finding): boolean =>
  one.stamp !== undefined && one.stamp === other.stamp && one.damage.offset === other.damage.offset

/** The damage that stays in a log that stays as it is. */
const lasting = (place: string): Effect.Effect<WalDamage | undefined, JournalUnavailable> =>
  Effect.gen(function* () {
    let last = yield* look(place)
    let alike = 1
    for (let looks = 1; looks < mostLooks && last !== undefined; looks++) {
      if (alike === looksAlike) return last.damage
      yield* wait
      const next = yield* look(place)
      alike = next !== undefined && isSame(last, next) ? alike + 1 : 1
      last = next
    }
    return undefined
  })

/** The last batch in front of the damage; 0 if nothing can be read. */
const lastGood = (sqlite: SqliteDriver, place: string): Effect.Effect<number, JournalUnavailable> =>
  Effect.scoped(
    Effect.flatMap(privateCopy(place), (copy) =>
      Effect.acquireUseRelease(
        Effect.try(() => sqlite.open({ file: copy, readOnly: false })),
        (database) =>
          Effect.try(() => {
            const row = database.prepare("SELECT max(id) AS batch FROM batch").get()
            return row === undefined || row["batch"] === null ? 0 : integer(row, "batch")
          }),
        (database) => Effect.sync(() => database.close())
      ).pipe(Effect.orElseSucceed(() => 0))
    )
  )

/**
 * Fails where the log of the journal `file` does not read back as it was written up to its end. A file that is no SQLite database is left to the
 * opening: what lies beside it is no log.
 */
export const checkLog = (
  sqlite: SqliteDriver,
  file: string
): Effect.Effect<void, JournalDamaged | JournalUnavailable> =>
  Effect.gen(function* () {
    const place = yield* realPlace(file)
    const damage = yield* lasting(place)
    if (damage === undefined || !(yield* mayBeDatabase(place))) return
    const good = yield* lastGood(sqlite, place)
    const where = damage.frame === 0 ? "in its header" : `in frame ${damage.frame}`
    return yield* new JournalDamaged({
      journal: file,
      batch: good + 1,
      lastGood: good,
      difference: `its write-ahead log does not read back as it was written, ${where}; with no process using it: keep copies, and cut ${place}-wal off at byte ${damage.offset} to go on from there`
    })
  })
