/** A tape in a file: where the next entry goes, what happens when a write fails, and the change to an empty file. */
import { Either } from "effect"
import { closeSync } from "node:fs"
import { JournalUnavailable } from "../JournalError.ts"
import { fullTapeBytes, maxTapeBatchEntries } from "../Tape.ts"
import type { Tape, TapeIdentity } from "../Tape.ts"
import { encodeEntries, makeScratch, strideOf } from "./entry.ts"
import type { Scratch } from "./entry.ts"
import { beginFile, fileError, syncFolder, writeAll } from "./files.ts"
import type { FileCalls, FileError } from "./files.ts"

/** Bytes that writes are prepared in at first. */
const firstScratchBytes = 4096

/** Memory that all tapes of a process prepare their writes in, one at a time; as large as the largest so far. */
export class SharedScratch {
  private current = makeScratch(firstScratchBytes)

  /** Room for `bytes`. */
  of(bytes: number): Scratch {
    if (bytes > this.current.bytes.byteLength)
      this.current = makeScratch(Math.max(bytes, 2 * this.current.bytes.byteLength))
    return this.current
  }
}

/** A file that is open, and where it stands. */
interface TapeFileOptions {
  readonly calls: FileCalls
  readonly scratch: SharedScratch
  readonly path: string
  readonly identity: TapeIdentity
  /** Bytes of the header, with which every new file begins. */
  readonly header: Uint8Array
  readonly fd: number
  /** Where the last whole entry ends. */
  readonly size: number
  /** Its version; 0 if there is none. */
  readonly last: number
  /** Called once, when it is closed. */
  readonly closed: () => void
}

export class TapeFile implements Tape {
  private readonly options: TapeFileOptions
  private readonly entryBytes: number
  private readonly stride: number
  private fd: number
  private size: number
  private last: number
  /** Something may be behind `size` that does not count. */
  private uncut = false
  /** A new file is in place that a power loss may exchange for the old one. */
  private unsyncedFolder = false
  /** The kernel may have dropped what a sync should have stored, and would not say so again. */
  private syncFailed = false

  constructor(options: TapeFileOptions) {
    this.options = options
    this.entryBytes = options.identity.entryBytes
    this.stride = strideOf(this.entryBytes)
    this.fd = options.fd
    this.size = options.size
    this.last = options.last
  }

  bytes(): number {
    return this.size
  }

  write(firstVersion: number, time: number, entries: Uint8Array, count: number): Either.Either<void, FileError> {
    this.check(firstVersion, time, entries, count)
    const { calls, scratch } = this.options
    const length = count * this.stride
    if (this.uncut || firstVersion <= this.last || this.size + length > fullTapeBytes) {
      const obstacle = this.obstacle(firstVersion, length)
      if (obstacle !== undefined) return Either.left(obstacle)
    }
    const memory = scratch.of(length)
    encodeEntries(memory, firstVersion, time, entries, count, this.entryBytes)
    try {
      writeAll(calls, this.fd, memory.bytes, length, this.size)
    } catch (thrown) {
      this.uncut = true
      const failure = fileError(this.options.path, thrown)
      const cut = this.cutBack()
      return Either.left(Either.isLeft(cut) ? cut.left : failure)
    }
    this.size += length
    this.last = firstVersion + count - 1
    return Either.void
  }

  sync(): Either.Either<void, FileError> {
    const { calls, path } = this.options
    const reason = "an earlier sync failed, some of it may not be stored: take it into the journal and rotate it"
    if (this.syncFailed) return Either.left(new JournalUnavailable({ journal: path, reason }))
    const cut = this.cutBack()
    if (Either.isLeft(cut)) return cut
    const named = this.nameDurably()
    if (Either.isLeft(named)) return named
    const synced = this.attempt(() => calls.sync(this.fd))
    this.syncFailed = Either.isLeft(synced)
    return synced
  }

  rotate(): Either.Either<void, FileError> {
    const { calls, header, path } = this.options
    const begun = beginFile(calls, path, header)
    if (Either.isLeft(begun)) return Either.left(begun.left)
    closeSync(this.fd)
    this.fd = begun.right
    this.size = header.byteLength
    this.uncut = false
    this.syncFailed = false
    this.unsyncedFolder = true
    return this.nameDurably()
  }

  close(): void {
    if (this.fd < 0) return
    closeSync(this.fd)
    // The number may soon mean another file.
    this.fd = -1
    this.options.closed()
  }

  /** What breaks the rules of `Tape.write` is a defect of the caller. */
  private check(firstVersion: number, time: number, entries: Uint8Array, count: number): void {
    if (!Number.isSafeInteger(firstVersion) || firstVersion < 1)
      throw new RangeError(`a tape has no version ${firstVersion}`)
    if (!Number.isSafeInteger(time) || time < 0) throw new RangeError(`a tape has no time ${time}`)
    if (!Number.isInteger(count) || count < 1 || count > maxTapeBatchEntries)
      throw new RangeError(`one write to a tape has 1 to ${maxTapeBatchEntries} entries, not ${count}`)
    if (entries.byteLength < count * this.entryBytes)
      throw new RangeError(`${entries.byteLength} bytes are no ${count} entries of ${this.entryBytes}`)
  }

  /** What is in the way of a write; undefined if it is gone by now. */
  private obstacle(firstVersion: number, length: number): FileError | undefined {
    const cut = this.cutBack()
    if (Either.isLeft(cut)) return cut.left
    const unavailable = (reason: string) => new JournalUnavailable({ journal: this.options.path, reason })
    if (firstVersion <= this.last) return unavailable(`it is past version ${firstVersion}, at ${this.last}: discard it`)
    return this.size + length > fullTapeBytes
      ? unavailable(`it has ${this.size} of ${fullTapeBytes} bytes: take it into the journal and rotate it`)
      : undefined
  }

  /** Removes what a failed write left. */
  private cutBack(): Either.Either<void, FileError> {
    if (!this.uncut) return Either.void
    const cut = this.attempt(() => this.options.calls.truncate(this.fd, this.size))
    this.uncut = Either.isLeft(cut)
    return cut
  }

  private nameDurably(): Either.Either<void, FileError> {
    if (!this.unsyncedFolder) return Either.void
    const synced = syncFolder(this.options.calls, this.options.path)
    this.unsyncedFolder = Either.isLeft(synced)
    return synced
  }

  private attempt(run: () => void): Either.Either<void, FileError> {
    return Either.try({ try: run, catch: (thrown) => fileError(this.options.path, thrown) })
  }
}
