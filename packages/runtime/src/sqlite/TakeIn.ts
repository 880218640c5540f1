/** What a process that died left on its tapes goes into the journal before anything else does. */
import { Effect, Either } from "effect"
import { existsSync } from "node:fs"
import { pageRecords } from "../Envelope.ts"
import type { AppendRequest, JournalDriver } from "../JournalDriver.ts"
import type { AppendError, ReadError } from "../JournalError.ts"
import { openTapes } from "../tape/openTapes.ts"
import { TakenIn } from "../tape/place.ts"
import type { TapePlace } from "../tape/place.ts"
import { readTails } from "../tape/readTails.ts"
import type { TapeTail } from "../tape/readTails.ts"
import type { TapeError } from "../TapeError.ts"

/** The folder of the tapes of the journal `file`. */
export const tapesFolder = (file: string): string => `${file}-tapes`

const append = (driver: JournalDriver, request: AppendRequest): Effect.Effect<void, AppendError> =>
  Effect.flatMap(driver.commit([request], "written"), ([answer]) =>
    answer !== undefined && Either.isLeft(answer) ? Effect.fail(answer.left) : Effect.void
  )

/** Where the stream of a tape stands in the journal; `version` is that of the stream's last event. */
const placeIn = (
  driver: JournalDriver,
  stream: string,
  first: number,
  version: number
): Effect.Effect<TapePlace, ReadError> =>
  Effect.gen(function* () {
    const found = new TakenIn(stream, first)
    for (let after = first - 1; after < version;) {
      const records = yield* driver.recordsOf(stream, after, pageRecords)
      for (const record of records) {
        found.add(record)
        after = record.version + record.count - 1
      }
      if (records.length === 0) break
    }
    return { version, taken: found.taken }
  })

/** Entries behind a gap were never durable: what the power took is said, not hidden. */
const tell = ({ dropped, tape, taken, unfinishedBytes }: TapeTail): Effect.Effect<void> => {
  if (dropped > 0)
    return Effect.logWarning(`tape ${tape}: ${dropped} entries behind a commit that was lost are dropped`)
  return taken > 0 || unfinishedBytes > 0
    ? Effect.logInfo(`tape ${tape}: ${taken} entries taken in, ${unfinishedBytes} bytes of an unfinished one cut off`)
    : Effect.void
}

/** Takes in every tape in `folder`, *durably*, and removes it. Nothing is changed where one is damaged. */
export const takeInTapes = (
  driver: JournalDriver,
  folder: string
): Effect.Effect<void, TapeError | AppendError | ReadError> =>
  Effect.gen(function* () {
    if (!existsSync(folder)) return
    const versions = new Map((yield* driver.streams()).map(({ stream, version }) => [stream, version]))
    const tails = yield* readTails(folder, driver.id, (stream, first) =>
      placeIn(driver, stream, first, versions.get(stream) ?? 0)
    )
    if (tails.length === 0) return
    yield* Effect.forEach(
      tails.flatMap(({ requests }) => requests),
      (request) => append(driver, request),
      { discard: true }
    )
    yield* driver.sync()
    const tapes = yield* openTapes({ folder, journalId: driver.id })
    for (const tail of tails) {
      yield* tell(tail)
      yield* tapes.discard(tail.identity.stream)
    }
  })
