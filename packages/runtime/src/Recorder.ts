/**
 * Packed events of one actor on their way through its tape: *written* there with one write a batch, then taken into the journal as runs.
 *
 * W1 An entry is on the tape before it counts, and in the journal before the tape is emptied.
 * W2 An entry that was acknowledged is kept, whoever else wrote to the stream meanwhile: it is appended behind that.
 */
import { Either } from "effect"
import type { Context } from "effect"
import type { Packing } from "./Behavior.ts"
import type { Journal } from "./Journal.ts"
import type { AppendAnswer, AppendRequest, Appended } from "./JournalDriver.ts"
import type { AppendError, CommitError, VersionConflict } from "./JournalError.ts"
import { maxTapeBatchEntries, maxTapeBytes } from "./Tape.ts"
import type { Tape, TapeIdentity, Tapes } from "./Tape.ts"
import { TapeRun } from "./TapeRun.ts"

/** Entries that are collected before the journal takes them in: the longest run. */
const takeInEntries = maxTapeBatchEntries

/** One write is packed here, for all recorders: a turn is synchronous. */
let packed = new Uint8Array(0)
let packedView = new DataView(packed.buffer)

const reserve = (bytes: number): void => {
  if (bytes <= packed.byteLength) return
  packed = new Uint8Array(2 * bytes)
  packedView = new DataView(packed.buffer)
}

export class Recorder<Event, Command> {
  private readonly journal: Context.Tag.Service<Journal>
  private readonly tapes: Tapes
  private readonly tape: Tape
  private readonly identity: TapeIdentity
  private readonly packing: Packing<Event, Command>
  private readonly run: TapeRun
  /** Appends that the journal refused for now. */
  private waiting: ReadonlyArray<AppendRequest> = []
  /** Sequence of the last entry that the journal took in; 0: none yet. */
  sequence = 0
  /** What went before entries here that were decided without it (W2); whoever decides more restores first, and clears this. */
  displaced: VersionConflict | undefined

  constructor(
    journal: Context.Tag.Service<Journal>,
    tapes: Tapes,
    tape: Tape,
    identity: TapeIdentity,
    packing: Packing<Event, Command>
  ) {
    this.journal = journal
    this.tapes = tapes
    this.tape = tape
    this.identity = identity
    this.packing = packing
    this.run = new TapeRun(identity)
  }

  /** True if entries are not in the journal yet. */
  get holds(): boolean {
    return this.run.entries > 0 || this.waiting.length > 0
  }

  /** Entries that were not tried to be taken in yet. */
  get entries(): number {
    return this.run.entries
  }

  /** True if the journal should take in what there is before more is written. */
  get isFull(): boolean {
    return this.run.entries >= takeInEntries
  }

  /** Writes events, all of the packed type, behind `version`. On failure those count that are in `entries` then. */
  write(version: number, time: number, events: ReadonlyArray<Event>): Either.Either<void, CommitError> {
    const { entryBytes } = this.packing
    for (let done = 0; done < events.length;) {
      const count = Math.min(events.length - done, maxTapeBatchEntries)
      reserve(count * entryBytes)
      for (let index = 0; index < count; index++) this.pack(events[done + index], index * entryBytes)
      const written = this.tape.write(version + done + 1, time, packed, count)
      if (Either.isLeft(written)) return Either.left(written.left)
      this.run.add(version + done + 1, time, packed, count)
      done += count
    }
    return Either.void
  }

  private pack(event: Event | undefined, offset: number): void {
    if (event === undefined || !this.packing.write(event, packedView, offset)) {
      throw new TypeError(`an event of ${this.identity.stream} does not fit its packing`)
    }
  }

  /** The appends that bring everything into the journal, for somebody who commits them with what is behind them, and tells `tookIn`. */
  get appends(): ReadonlyArray<AppendRequest> {
    if (this.run.entries > 0) this.waiting = [...this.waiting, ...this.run.take()]
    return this.waiting
  }

  /** What became of those appends: what the journal has, and with it all before, waits no more. */
  tookIn(answers: ReadonlyArray<AppendAnswer>): void {
    for (const answer of answers) {
      if (Either.isLeft(answer)) return
      this.sequence = answer.right.last
      this.waiting = this.waiting.slice(1)
    }
  }

  /** The tape is so long that it is begun anew when it is taken in. */
  get isLong(): boolean {
    return this.tape.bytes() >= maxTapeBytes
  }

  /** Brings everything into the journal. */
  takeIn(): Either.Either<void, AppendError> {
    for (let next = this.appends[0]; next !== undefined; next = this.waiting[0]) {
      const appended = this.append(next)
      if (Either.isLeft(appended)) return Either.left(appended.left)
      this.sequence = appended.right.last
      this.waiting = this.waiting.slice(1)
    }
    return this.rotate()
  }

  /** Appends, behind what another process wrote meanwhile if need be. */
  private append(request: AppendRequest): Either.Either<Appended, AppendError> {
    const first = this.journal.commitNow(request)
    if (Either.isRight(first) || first.left._tag !== "VersionConflict") return first
    this.displaced = first.left
    const moved = first.left.actual - first.left.expected
    this.waiting = this.waiting.map((each) => ({
      ...each,
      streams: each.streams.map((stream) => ({ ...stream, expected: stream.expected + moved }))
    }))
    return this.journal.commitNow(this.waiting[0] ?? request)
  }

  /** A long tape is begun anew, once the journal has made durable what is on it. */
  private rotate(): Either.Either<void, CommitError> {
    if (!this.isLong) return Either.void
    return Either.flatMap(this.journal.syncNow(), () => this.tape.rotate())
  }

  /** Ends the tape: everything on it is in the journal, durably, and its file is gone. It stays where that fails. */
  close(): Either.Either<void, AppendError> {
    const ended = Either.flatMap(this.takeIn(), () => this.journal.syncNow())
    this.tape.close()
    return Either.flatMap(ended, () => this.tapes.discard(this.identity.stream))
  }
}
