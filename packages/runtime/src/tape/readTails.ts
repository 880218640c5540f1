/**
 * What a crash left on the tapes and not in the journal, as appends. Reads only: whoever has appended them, *durably*, discards the tapes.
 *
 * L1 Entries that are in the journal already are passed over (`place.ts`). The others come in behind its last version, also where somebody else
 *    appended to the stream meanwhile: they were acknowledged.
 * L2 An entry whose version is further on is behind a gap: whoever wrote it knew more events than the journal has now. It was written after a commit that the journal lost with the power, before any of it was *durable*: dropped, and
 *    counted. Versions behind the gap will be given anew.
 * L3 An entry that was never written to its end does not count. Any other damage is `TapeDamaged`, for the whole tape.
 */
import { Effect, Either } from "effect"
import type { AppendRequest } from "../JournalDriver.ts"
import type { TapeIdentity } from "../Tape.ts"
import type { TapeError } from "../TapeError.ts"
import { TapeRun } from "../TapeRun.ts"
import { strideOf } from "./entry.ts"
import { readFile, tapesIn } from "./files.ts"
import type { TapePlace } from "./place.ts"
import { openTape, readEntries } from "./read.ts"
import type { OpenedTape } from "./read.ts"

/** The tail of one tape. */
export interface TapeTail {
  /** Path of the tape. */
  readonly tape: string
  readonly identity: TapeIdentity
  /** What brings it into the journal, one after the other; none if the journal has everything. */
  readonly requests: ReadonlyArray<AppendRequest>
  /** Entries in the requests. */
  readonly taken: number
  /** Entries that the journal had (L1). */
  readonly passed: number
  /** Entries behind a gap (L2). */
  readonly dropped: number
  /** Bytes of an unfinished entry, or of zeros, at the end (L3). */
  readonly unfinishedBytes: number
}

/** Where the stream of a tape stands in the journal, whose first entry has version `first` on the tape. */
type PlaceOf<E> = (stream: string, first: number) => Effect.Effect<TapePlace, E>

/** The same appends, behind `version`. They still tell the versions on the tape (P1 of `place.ts`). */
const behind = (version: number, requests: ReadonlyArray<AppendRequest>): ReadonlyArray<AppendRequest> => {
  let expected = version
  return requests.map((request) => {
    const streams = request.streams.map((stream) => ({ ...stream, expected }))
    for (const { count } of request.records) expected += count
    return { ...request, streams }
  })
}

/** The version of the first entry; 0 where none is whole. Damage is left to whoever reads on. */
const firstOf = (tape: OpenedTape): number => {
  let first = 0
  const bytes = tape.bytes.subarray(0, tape.start + strideOf(tape.header.entryBytes))
  readEntries({ ...tape, bytes }, (version) => void (first = version))
  return first
}

/** What is on a tape, for a journal in which its stream stands at `place`. */
const tailOf = (opened: OpenedTape, { taken, version: known }: TapePlace): Either.Either<TapeTail, TapeError> =>
  Either.gen(function* () {
    const { journalId: _, ...identity } = opened.header
    const run = new TapeRun(identity)
    const requests: Array<AppendRequest> = []
    let [passed, added, dropped, last] = [0, 0, 0, 0]
    const { end } = yield* readEntries(opened, (version, time, payload) => {
      if (version <= taken) passed++
      else if (version > known + added + 1) dropped++
      else {
        if (version !== last + 1) requests.push(...run.take())
        run.add(version, time, payload, 1)
        last = version
        added++
      }
    })
    requests.push(...run.take())
    const unfinishedBytes = opened.bytes.byteLength - end
    return {
      tape: opened.path,
      identity,
      requests: behind(known, requests),
      taken: added,
      passed,
      dropped,
      unfinishedBytes
    }
  })

/**
 * Reads back the tapes in `folder`, in the order of their names, for the journal with id `journalId`. An empty file is passed over.
 */
export const readTails = <E>(
  folder: string,
  journalId: string,
  placeOf: PlaceOf<E>
): Effect.Effect<ReadonlyArray<TapeTail>, TapeError | E> =>
  Effect.gen(function* () {
    const tails: Array<TapeTail> = []
    for (const path of yield* tapesIn(folder)) {
      const bytes = yield* readFile(path)
      if (bytes.byteLength === 0) continue
      const opened = yield* openTape(path, bytes, journalId)
      const first = firstOf(opened)
      const place = first === 0 ? { version: 0, taken: 0 } : yield* placeOf(opened.header.stream, first)
      tails.push(yield* tailOf(opened, place))
    }
    return tails
  })
