/** What the file of a tape holds, checked against the journal that it should belong to. Changes nothing. */
import { Either } from "effect"
import { NewerFormat } from "../JournalError.ts"
import { TapeDamaged, TapeMismatch } from "../TapeError.ts"
import type { TapeError } from "../TapeError.ts"
import { scanEntries } from "./entry.ts"
import { nameIn, tapeFileName } from "./files.ts"
import { decodeHeader, tapeFormat } from "./header.ts"
import type { TapeHeader } from "./header.ts"

/** The file of a tape, its header read. */
export interface OpenedTape {
  readonly path: string
  readonly bytes: Uint8Array
  readonly header: TapeHeader
  /** Where the entries begin. */
  readonly start: number
}

/** What is told of each whole entry; `payload` is a view. */
type OnEntry = (version: number, time: number, payload: Uint8Array) => void

const headerError = (tape: string, reason: string | number): TapeError =>
  typeof reason === "number"
    ? new NewerFormat({ journal: tape, format: reason, supported: tapeFormat })
    : new TapeDamaged({ tape, offset: 0, lastGood: 0, difference: reason })

/** Reads the header of a tape that is not empty, of the journal `journalId`. */
export const openTape = (path: string, bytes: Uint8Array, journalId: string): Either.Either<OpenedTape, TapeError> => {
  const read = Either.mapLeft(decodeHeader(bytes), (reason) => headerError(path, reason))
  return Either.flatMap(read, ({ bytes: start, header }) => {
    const mismatch = (what: string, expected: string, actual: string) =>
      Either.left(new TapeMismatch({ tape: path, what, expected, actual, remedy: "move it to where it belongs" }))
    if (header.journalId !== journalId) return mismatch("journal id", journalId, header.journalId)
    const name = tapeFileName(header.stream)
    if (nameIn(path) !== name) return mismatch("a stream whose file is", nameIn(path), name)
    return Either.right({ path, bytes, header, start })
  })
}

/** Reads the entries of a tape: where the last whole one ends, and its version (0: there is none). */
export const readEntries = (
  { bytes, header, path, start }: OpenedTape,
  onEntry: OnEntry
): Either.Either<{ readonly end: number; readonly last: number }, TapeDamaged> => {
  const { difference, end, last } = scanEntries(bytes, start, header.entryBytes, onEntry)
  return difference === undefined
    ? Either.right({ end, last })
    : Either.left(new TapeDamaged({ tape: path, offset: end, lastGood: last, difference }))
}
