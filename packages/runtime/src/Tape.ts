/**
 * The tape of a stream: an append-only file beside the journal for inputs of high rate, which a command with an append of its own would
 * make too slow. One write takes a batch of fixed-size entries; the journal takes them in later, as packed runs (`TapeRun.ts`). Nothing
 * here touches a file: `@stopcopy/runtime/tapes` does. Source: `docs/architecture.md`, "What is acknowledged is kept".
 *
 * T1 A batch whose `write` answered right is *written*: it survives the death of the process. `sync` makes it *durable*.
 * T2 Of a batch whose `write` answered left, nothing is on the tape. Where even that cannot be had (the file cannot be cut back), no
 *    later `write` or `sync` succeeds before it is.
 * T3 Versions rise along a tape. It may leave out those that the journal got directly; after a crash, what is not in
 *    the journal is taken in behind its last version, except what was written behind events that the journal lost.
 * T4 After a `sync` that failed, none succeeds until the tape is rotated: the kernel forgets what it could not store.
 * T5 One process has a tape open, and once.
 */
import type { Either } from "effect"
import type { JournalFull, JournalUnavailable } from "./JournalError.ts"
import type { TapeError } from "./TapeError.ts"

/** Bytes of one entry, at most: a register access has 16, and a tape of large entries would be a journal. */
export const maxTapeEntryBytes = 64

/** Entries in one write, at most: as in one run. It bounds the memory in which all tapes prepare what they write. */
export const maxTapeBatchEntries = 4096

/**
 * Bytes of a tape at which its owner should have the journal take it in, and rotate it: some 400,000 register accesses of 40
 * bytes. A restart reads them back in one piece.
 */
export const maxTapeBytes = 16 * 1024 * 1024

/** Bytes at which a tape that was never rotated refuses more: a restart reads it in one piece. */
export const fullTapeBytes = 16 * maxTapeBytes

/** What a tape records for: the stream of an actor, its behavior, and the packed event type. */
export interface TapeIdentity {
  readonly stream: string
  readonly behavior: string
  /** Version of the behavior. */
  readonly schemaVersion: number
  readonly type: string
  /** Bytes of one entry, 1 to `maxTapeEntryBytes`. */
  readonly entryBytes: number
}

export interface Tape {
  /**
   * Writes `count` entries (1 to `maxTapeBatchEntries`) from the beginning of `entries`, which may be reused afterwards. The first has
   * version `firstVersion`; all happened at `time` (microseconds since the Unix epoch). Fails with `JournalUnavailable` where the tape is at
   * that version or past it; throws a `RangeError` where the arguments are outside their ranges.
   */
  readonly write: (
    firstVersion: number,
    time: number,
    entries: Uint8Array,
    count: number
  ) => Either.Either<void, JournalFull | JournalUnavailable>
  /** Size of the file, in bytes. */
  readonly bytes: () => number
  /** Makes everything written so far *durable*. */
  readonly sync: () => Either.Either<void, JournalFull | JournalUnavailable>
  /** Begins an empty file in place of this one, at one stroke. Everything on it must be in the journal, *durably*. */
  readonly rotate: () => Either.Either<void, JournalFull | JournalUnavailable>
  /** Closes the file; the tape must not be used any more. Syncs nothing. */
  readonly close: () => void
}

/** The tapes of one journal. */
export interface Tapes {
  /**
   * Opens the tape of a stream, or makes it. The unfinished end that a crash left is cut off, the next write goes behind the last whole
   * entry. Fails with `TapeMismatch` where entries of another identity are on it: take them in and `discard` it.
   */
  readonly open: (identity: TapeIdentity) => Either.Either<Tape, TapeError>
  /** Removes the tape of a stream, where there is one. What is on it must be in the journal, *durably*, or given up. */
  readonly discard: (stream: string) => Either.Either<void, JournalFull | JournalUnavailable>
}
