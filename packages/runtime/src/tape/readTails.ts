/**
 * What a crash left on the tapes and not in the journal, as appends. Reads only: whoever has appended them, *durably*, discards the tapes.
 *
 * L1 Entries up to the journal's version are in it already: passed over.
 * L2 Entries behind a gap were written after a commit that the journal lost with the power, before any of it was *durable*: dropped, and
 *    counted. Versions behind the gap will be given anew.
 * L3 An entry that was never written to its end does not count. Any other damage is `TapeDamaged`, for the whole tape.
 */
import { Either } from "effect"
import type { AppendRequest } from "../JournalDriver.ts"
import type { TapeIdentity } from "../Tape.ts"
import type { TapeError } from "../TapeError.ts"
import { TapeRun } from "../TapeRun.ts"
import { readFile, tapesIn } from "./files.ts"
import { openTape, readEntries } from "./read.ts"

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

/** The tail of the tape at `path`, which is not empty. */
const tailOf = (
  path: string,
  bytes: Uint8Array,
  journalId: string,
  versionOf: (stream: string) => number
): Either.Either<TapeTail, TapeError> =>
  Either.gen(function* () {
    const opened = yield* openTape(path, bytes, journalId)
    const { journalId: _, ...identity } = opened.header
    const run = new TapeRun(identity)
    const known = versionOf(identity.stream)
    let [passed, dropped] = [0, 0]
    const { end } = yield* readEntries(opened, (version, time, payload) => {
      if (version <= known) passed++
      else if (version === known + run.entries + 1) run.add(version, time, payload, 1)
      else dropped++
    })
    const taken = run.entries
    return {
      tape: path,
      identity,
      requests: run.take(),
      taken,
      passed,
      dropped,
      unfinishedBytes: bytes.byteLength - end
    }
  })

/**
 * Reads back the tapes in `folder`, in the order of their names. `versionOf` gives the version of a stream in the journal with id
 * `journalId`; 0 where it has no such stream. An empty file is passed over.
 */
export const readTails = (
  folder: string,
  journalId: string,
  versionOf: (stream: string) => number
): Either.Either<ReadonlyArray<TapeTail>, TapeError> =>
  Either.gen(function* () {
    const tails: Array<TapeTail> = []
    for (const path of yield* tapesIn(folder)) {
      const bytes = yield* readFile(path)
      if (bytes.byteLength > 0) tails.push(yield* tailOf(path, bytes, journalId, versionOf))
    }
    return tails
  })
