/** The tapes of a journal in a folder of its own: one file for each stream, for the owner of the process alone. */
import { Either } from "effect"
import { join } from "node:path"
import { JournalUnavailable } from "../JournalError.ts"
import { maxTapeEntryBytes } from "../Tape.ts"
import type { Tape, TapeIdentity, Tapes } from "../Tape.ts"
import { TapeMismatch } from "../TapeError.ts"
import type { TapeError } from "../TapeError.ts"
import {
  beginFile,
  nodeCalls,
  prepareFolder,
  readFile,
  removeFile,
  reopenFile,
  syncFolder,
  tapeFileName
} from "./files.ts"
import type { FileCalls, FileError } from "./files.ts"
import { encodeHeader } from "./header.ts"
import type { TapeHeader } from "./header.ts"
import { openTape, readEntries } from "./read.ts"
import { SharedScratch, TapeFile } from "./TapeFile.ts"

export interface TapesOptions {
  /** Folder of the tapes and nothing else; made if it is not there. */
  readonly folder: string
  /** Id of the journal that takes them in. */
  readonly journalId: string
}

/** Where a file stands that was opened for the next write. */
interface Place {
  readonly fd: number
  readonly size: number
  readonly last: number
}

/** The first field in which two headers differ. */
const difference = (path: string, expected: TapeHeader, actual: TapeHeader): TapeMismatch | undefined => {
  for (const what of ["stream", "behavior", "schemaVersion", "type", "entryBytes"] as const) {
    if (expected[what] === actual[what]) continue
    return new TapeMismatch({
      tape: path,
      what,
      expected: `${expected[what]}`,
      actual: `${actual[what]}`,
      remedy: "take its entries into the journal and discard it"
    })
  }
  return undefined
}

const begin = (calls: FileCalls, path: string, header: Uint8Array): Either.Either<Place, FileError> =>
  Either.flatMap(beginFile(calls, path, header), (fd) =>
    Either.map(syncFolder(calls, path), () => ({ fd, size: header.byteLength, last: 0 }))
  )

/** The place behind the last whole entry of the file at `path`, which is made where it holds nothing. */
const placeAt = (
  calls: FileCalls,
  path: string,
  header: TapeHeader,
  encoded: Uint8Array
): Either.Either<Place, TapeError> =>
  Either.gen(function* () {
    const bytes = yield* readFile(path)
    if (bytes.byteLength === 0) return yield* begin(calls, path, encoded)
    const opened = yield* openTape(path, bytes, header.journalId)
    const { end, last } = yield* readEntries(opened, () => undefined)
    const differs = difference(path, header, opened.header)
    if (differs !== undefined) return last === 0 ? yield* begin(calls, path, encoded) : yield* Either.left(differs)
    return { fd: yield* reopenFile(calls, path, end), size: end, last }
  })

/** Opens the folder of a journal's tapes with the caller's file calls: some that fail, for instance. */
export const openTapesWith = (
  calls: FileCalls,
  { folder, journalId }: TapesOptions
): Either.Either<Tapes, FileError> => {
  const scratch = new SharedScratch()
  const pathOf = (stream: string) => join(folder, tapeFileName(stream))
  /** Paths of tapes that are open (T5). */
  const inUse = new Set<string>()
  const open = (identity: TapeIdentity): Either.Either<Tape, TapeError> => {
    const { entryBytes, stream } = identity
    if (!Number.isInteger(entryBytes) || entryBytes < 1 || entryBytes > maxTapeEntryBytes) {
      throw new RangeError(`an entry of a tape has 1 to ${maxTapeEntryBytes} bytes, not ${entryBytes}`)
    }
    const path = pathOf(stream)
    if (inUse.has(path)) {
      return Either.left(new JournalUnavailable({ journal: path, reason: "it is open already: use one actor system" }))
    }
    const header = { ...identity, journalId }
    const encoded = encodeHeader(header)
    const closed = () => void inUse.delete(path)
    return Either.map(placeAt(calls, path, header, encoded), (place) => {
      inUse.add(path)
      return new TapeFile({ calls, scratch, path, identity, header: encoded, closed, ...place })
    })
  }
  return Either.map(prepareFolder(folder), () => ({ open, discard: (stream) => removeFile(calls, pathOf(stream)) }))
}

/** Opens the folder of a journal's tapes. Nobody else may have it open. */
export const openTapes = (options: TapesOptions): Either.Either<Tapes, FileError> => openTapesWith(nodeCalls, options)
