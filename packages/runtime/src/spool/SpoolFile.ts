/**
 * The file of a spool: batches that are *written* and not in the journal's tables yet. Layout in `FORMAT.md`, "The spool".
 *
 * P1 A group whose `write` answered right is *written*. Of one whose `write` answered left nothing counts; where even that cannot be had (the file cannot be
 *    cut back) no later `write` succeeds before it is.
 * P2 One process has a spool open, and once (`TapesLock.ts`).
 */
import { Either } from "effect"
import { closeSync, openSync } from "node:fs"
import { crc32 } from "node:zlib"
import type { DeferredAppend } from "../JournalDriver.ts"
import { JournalUnavailable, NewerFormat } from "../JournalError.ts"
import { fileError, nodeCalls, readFile, writeAll } from "../tape/files.ts"
import type { FileCalls, FileError } from "../tape/files.ts"
import { scanEntries } from "./entry.ts"
import type { Sealed, Spooled } from "./entry.ts"
import { endMark, sealBytes } from "./entryLayout.ts"
import { EntryWriter } from "./EntryWriter.ts"
import { SpoolDamaged } from "./SpoolError.ts"
import type { SpoolError } from "./SpoolError.ts"

/** Number of the format, bumped by the rule in `FORMAT.md`: 2 has commands that stand for their batches. */
const spoolFormat = 2

/** Name of the file, in the folder of the tapes. */
export const spoolName = "spool"

const magic = "stpcspol"
const formatOffset = 8
const idOffset = 16
/** Bytes of the header before its seal, and with it. */
const sealedBytes = 48
const headerBytes = sealedBytes + sealBytes

/** Bytes of a spool that takes no more until the journal has taken it in: a restart reads it in one piece. */
const fullSpoolBytes = 256 * 1024 * 1024

const headerOf = (journalId: string): Buffer => {
  const header = Buffer.alloc(headerBytes)
  header.write(magic, 0, "latin1")
  header.writeUInt32LE(spoolFormat, formatOffset)
  header.write(journalId, idOffset, "latin1")
  header.writeUInt32LE(crc32(header.subarray(0, sealedBytes)), sealedBytes)
  header.writeUInt32LE(endMark, sealedBytes + 4)
  return header
}

/** What is wrong with the header of a spool that is not empty. */
const headerProblem = (path: string, bytes: Buffer, journalId: string): SpoolError | undefined => {
  const damaged = (difference: string) => new SpoolDamaged({ spool: path, offset: 0, lastGood: 0, difference })
  if (bytes.toString("latin1", 0, formatOffset) !== magic) return damaged("it does not begin as a spool does")
  const isSound =
    bytes.length >= headerBytes && bytes.readUInt32LE(sealedBytes) === crc32(bytes.subarray(0, sealedBytes))
  if (!isSound) return damaged("its header does not match its checksum")
  const format = bytes.readUInt32LE(formatOffset)
  if (format > spoolFormat) return new NewerFormat({ journal: path, format, supported: spoolFormat })
  const id = bytes.toString("latin1", idOffset, sealedBytes)
  return id === journalId ? undefined : damaged(`it is of journal ${id}, not of ${journalId}`)
}

/** What a spool holds. */
interface Content {
  readonly entries: ReadonlyArray<Spooled>
  /** Bytes of an entry that was never finished. */
  readonly unfinishedBytes: number
}

/** Reads the spool at `path` of the journal with id `journalId`. Changes nothing; a header that was never finished counts as nothing. */
export const readSpool = (path: string, journalId: string): Either.Either<Content, SpoolError> =>
  Either.flatMap(readFile(path), (read): Either.Either<Content, SpoolError> => {
    const bytes = Buffer.from(read.buffer, read.byteOffset, read.byteLength)
    if (bytes.length < headerBytes) return Either.right({ entries: [], unfinishedBytes: bytes.length })
    const problem = headerProblem(path, bytes, journalId)
    if (problem !== undefined) return Either.left(problem)
    const { difference, end, entries } = scanEntries(bytes, headerBytes)
    if (difference === undefined) return Either.right({ entries, unfinishedBytes: bytes.length - end })
    return Either.left(new SpoolDamaged({ spool: path, offset: end, lastGood: entries.at(-1)?.batch ?? 0, difference }))
  })

export class SpoolFile {
  readonly path: string
  private readonly calls: FileCalls
  private readonly fd: number
  private readonly writer = new EntryWriter()
  private size = headerBytes
  /** Something may be behind `size` that does not count. */
  private uncut = false

  private constructor(path: string, calls: FileCalls, fd: number) {
    this.path = path
    this.calls = calls
    this.fd = fd
  }

  /** Begins an empty spool; what was on it must be in the journal, *durably*. */
  static begin(path: string, journalId: string, calls: FileCalls = nodeCalls): Either.Either<SpoolFile, FileError> {
    return Either.try({
      try: () => {
        const fd = openSync(path, "w", 0o600)
        writeAll(calls, fd, headerOf(journalId), headerBytes, 0)
        return new SpoolFile(path, calls, fd)
      },
      catch: (thrown) => fileError(path, thrown)
    })
  }

  /** Bytes of the batches on it. */
  get bytes(): number {
    return this.size - headerBytes
  }

  /** Writes batches behind those on it, all or none. */
  write(batches: ReadonlyArray<Sealed>): Either.Either<void, FileError> {
    this.writer.reset()
    for (const batch of batches) this.writer.add(batch)
    return this.append()
  }

  /** Writes a command that stands for batch `batch`, whose first event is `firstSequence`. */
  writeDeferred(append: DeferredAppend, batch: number, firstSequence: number): Either.Either<void, FileError> {
    this.writer.reset()
    this.writer.addDeferred(append, batch, firstSequence)
    return this.append()
  }

  private append(): Either.Either<void, FileError> {
    const { writer } = this
    const cut = this.cutBack()
    if (Either.isLeft(cut)) return cut
    if (this.size + writer.length > fullSpoolBytes) {
      const reason = `its spool has ${this.size} of ${fullSpoolBytes} bytes that the journal could not take in`
      return Either.left(new JournalUnavailable({ journal: this.path, reason }))
    }
    try {
      writeAll(this.calls, this.fd, writer.bytes, writer.length, this.size)
    } catch (thrown) {
      this.uncut = true
      const failure = fileError(this.path, thrown)
      const again = this.cutBack()
      return Either.left(Either.isLeft(again) ? again.left : failure)
    }
    this.size += writer.length
    return Either.void
  }

  /** Empties it: everything on it is in the journal. Where that fails the next `write` does it first. */
  clear(): void {
    this.size = headerBytes
    this.uncut = true
    this.cutBack()
  }

  close(): void {
    closeSync(this.fd)
  }

  /** Removes what does not count. */
  private cutBack(): Either.Either<void, FileError> {
    if (!this.uncut) return Either.void
    return Either.try({
      try: () => {
        this.calls.truncate(this.fd, this.size)
        this.uncut = false
      },
      catch: (thrown) => fileError(this.path, thrown)
    })
  }
}
