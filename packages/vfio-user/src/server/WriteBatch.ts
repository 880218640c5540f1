/**
 * Consecutive REGION_WRITE and REGION_WRITE_MULTI commands of one pass: collected, given to the device together, answered in order.
 * Source: section 7 of the vfio-user specification.
 *
 * B1 Writes that are refused here keep their place among the answers.
 * B2 Data are copied into one buffer: the device may answer after the chunk they came in is gone.
 */
import type { Errno } from "@stopcopy/errno"
import { Now, type RegionWrite, type VfioDevice } from "@stopcopy/vfio"
import { type Effect, Either } from "effect"
import { Command } from "../Command.ts"
import { noReply } from "../Header.ts"
import { setSafe64 } from "../internal/words.ts"
import * as RegionAccess from "../messages/RegionAccess.ts"
import * as RegionWriteMulti from "../messages/RegionWriteMulti.ts"
import type { Replies } from "./Replies.ts"

/** One command; objects are used again. */
interface Entry {
  id: number
  command: number
  flags: number
  /** Why it was refused before the device saw it; 0 if it was not. */
  errno: number
  offset: number
  region: number
  count: number
  /** How many writes of the batch are its. */
  writes: number
}

export type Results = ReadonlyArray<Either.Either<void, Errno>>

const usualBytes = 16 * 1024
/** Up to here a loop is faster than a view. */
const fewBytes = 16
const written: Either.Either<void> = Either.void

export class WriteBatch {
  private readonly entries: Array<Entry> = []
  private used = 0
  private writes: Array<RegionWrite> = []
  private data = new Uint8Array(usualBytes)
  private filled = 0

  get isEmpty(): boolean {
    return this.used === 0
  }

  /** Whether no write has to reach the device. */
  get isAnswered(): boolean {
    return this.writes.length === 0
  }

  /** A command of one write or of none; `errno` is 0, or says why its write is not to be done. */
  add(id: number, command: number, flags: number, errno: number, offset: number, region: number, count: number): void {
    const entry = this.next()
    entry.id = id
    entry.command = command
    entry.flags = flags
    entry.errno = errno
    entry.offset = offset
    entry.region = region
    entry.count = count
    entry.writes = 0
  }

  /** A write of the command that was added last. `bytes` are copied from `at`. */
  write(region: number, offset: number, bytes: Uint8Array, at: number, count: number): void {
    const entry = this.entries[this.used - 1]
    if (entry === undefined) return
    entry.writes++
    this.writes.push({ region, offset, bytes: this.copy(bytes, at, count) })
  }

  /** Gives all writes to the device at once. */
  give<E>(device: VfioDevice<E>): Effect.Effect<Results, Errno | E> {
    const [only] = this.writes
    if (only === undefined) return Either.right([])
    if (this.writes.length > 1) return device.writeAll(this.writes)
    const answer = device.write(only.region, only.offset, only.bytes)
    return Now.mapNow(answer, () => [written])
  }

  /** Answers every command and empties the batch. `failed`: the errno for all when the device gave no results. */
  answer(replies: Replies, results: Results, failed: number): void {
    let at = 0
    for (let index = 0; index < this.used; index++) {
      const entry = this.entries[index]
      if (entry === undefined) continue
      if ((entry.flags & noReply) === 0) answerEntry(entry, replies, results, at, failed)
      at += entry.writes
    }
    this.clear()
  }

  private clear(): void {
    this.used = 0
    this.writes = []
    this.filled = 0
    if (this.data.byteLength > usualBytes) this.data = new Uint8Array(usualBytes)
    if (this.entries.length > usualBytes) this.entries.length = 0
  }

  private next(): Entry {
    const entry = this.entries[this.used++]
    if (entry !== undefined) return entry
    const fresh = { id: 0, command: 0, flags: 0, errno: 0, offset: 0, region: 0, count: 0, writes: 0 }
    this.entries.push(fresh)
    return fresh
  }

  private copy(bytes: Uint8Array, at: number, count: number): Uint8Array {
    // Earlier writes keep their view of the old buffer.
    if (this.filled + count > this.data.byteLength) {
      this.data = new Uint8Array(Math.max(usualBytes, count))
      this.filled = 0
    }
    const from = this.filled
    this.filled += count
    if (count > fewBytes) this.data.set(bytes.subarray(at, at + count), from)
    else for (let index = 0; index < count; index++) this.data[from + index] = bytes[at + index] ?? 0
    return new Uint8Array(this.data.buffer, from, count)
  }
}

const answerEntry = (entry: Entry, replies: Replies, results: Results, at: number, failed: number): void => {
  const errno = entry.errno === 0 && entry.writes > 0 ? failed : entry.errno
  if (errno !== 0) return replies.fail(entry.id, entry.command, errno)
  if (entry.command === Command.REGION_WRITE_MULTI) return answerMulti(entry, replies, results, at)
  const result = results[at]
  if (entry.writes === 1 && result !== undefined && Either.isLeft(result)) {
    return replies.fail(entry.id, entry.command, result.left.errno)
  }
  const start = replies.begin(entry.id, entry.command, RegionAccess.headBytes)
  RegionAccess.writeHead(replies.view, start, entry.offset, entry.region, entry.count)
  replies.keep()
}

/** The number of writes that were done; each is tried, whatever became of those before it. */
const answerMulti = (entry: Entry, replies: Replies, results: Results, at: number): void => {
  let done = 0
  for (let index = 0; index < entry.writes; index++) {
    const result = results[at + index]
    if (result !== undefined && Either.isRight(result)) done++
  }
  const start = replies.begin(entry.id, entry.command, RegionWriteMulti.headBytes)
  setSafe64(replies.view, start, done)
  replies.keep()
}
