/**
 * Appends on their way into a journal. A *written* append to a synchronous driver is committed where it stands: nothing is scheduled.
 * Every other append waits in a queue for the next group commit, which makes many of them *durable* with one sync of the disk.
 *
 * G1 Order: appends that touch the same stream are committed in the order of `submit`.
 * G2 Bounds: a group is committed as soon as every fiber that can run has had its turn (a microtask), and has at most
 *    `maxGroupBatches` batches and, unless one alone is larger, `maxGroupBytes` bytes. With a synchronous driver a full group is
 *    committed inside the `submit` that filled it; with an asynchronous one `room` makes callers wait before they decide, while
 *    `maxQueuedBatches` batches or `maxQueuedBytes` bytes are queued.
 * G3 A storage error is the answer to every append in the group and in the queue: those behind were decided on those before.
 * G4 A refused append refuses those in the queue that were decided on it (`Refused.ts`).
 */
import { Cause, Deferred, Effect, Either, Exit, FiberId, Option } from "effect"
import type { Durability } from "./Envelope.ts"
import { lengthOf } from "./internal/utf8.ts"
import type { AppendAnswer, AppendRequest, Appended, JournalDriver } from "./JournalDriver.ts"
import { JournalUnavailable } from "./JournalError.ts"
import type { AppendError, CommitError, VersionConflict } from "./JournalError.ts"
import { isNow } from "./Now.ts"
import { Refused } from "./Refused.ts"

/** Batches in one group commit, at most. */
export const maxGroupBatches = 1024

/** Bytes of payloads and commands in one group commit, at most; one larger append is a group of its own. */
export const maxGroupBytes = 4 * 1024 * 1024

/** Bytes that wait for an asynchronous driver before callers have to wait too. */
export const maxQueuedBytes = 4 * maxGroupBytes

/**
 * Batches that wait for an asynchronous driver before callers have to wait too. Every append has objects around its payload, so many small
 * ones need more memory than their bytes.
 */
export const maxQueuedBatches = 16 * maxGroupBatches

/** What was decided about an append. */
export type Outcome = Either.Either<Appended, AppendError>

interface Queued {
  readonly request: AppendRequest
  readonly bytes: number
  /** Its place in the order of `submit`, from 1; the queue is in this order. */
  readonly number: number
  readonly done: (outcome: Outcome) => void
}

/** Those who wait until every append up to `number` has its outcome. */
interface Drain {
  readonly number: number
  readonly gate: Deferred.Deferred<void>
}

/** Bytes that an append brings along (characters, of texts); names and row overhead left out. */
const bytesOf = (request: AppendRequest): number => {
  let bytes = lengthOf(request.command?.bytes ?? "")
  for (const { payload } of request.records) bytes += lengthOf(payload)
  return bytes
}

const none: ReadonlyArray<readonly [Queued, VersionConflict]> = []

const touches = (request: AppendRequest, streams: ReadonlySet<string>): boolean =>
  request.streams.some(({ stream }) => streams.has(stream))

export class GroupCommit {
  private readonly driver: JournalDriver
  private readonly committed: () => void
  private readonly takeIn: () => Either.Either<void, AppendError>
  private queue: Array<Queued> = []
  private queuedBytes = 0
  /** Appends submitted so far. */
  private submitted = 0
  /** A flush has been asked for, or an asynchronous group is under way. */
  private busy = false
  private roomGate: Deferred.Deferred<void> | undefined
  /** In the order of their numbers. */
  private drains: Array<Drain> = []

  /** `committed` is called after every commit that kept something; `takeIn` brings in what must be *durable* before what comes. */
  constructor(driver: JournalDriver, committed: () => void, takeIn: () => Either.Either<void, AppendError>) {
    this.driver = driver
    this.committed = committed
    this.takeIn = takeIn
  }

  /** Waits while an asynchronous driver is behind; undefined if there is room. */
  room(): Effect.Effect<void> | undefined {
    if (this.hasRoom()) return undefined
    this.roomGate ??= Deferred.unsafeMake<void>(FiberId.none)
    return Deferred.await(this.roomGate)
  }

  /** Commits now, behind everything queued for the same streams. Only over a synchronous driver. */
  commitNow(request: AppendRequest): Outcome {
    return Either.flatMap(this.commitTogether([request]), ([answer]): Outcome => answer ?? this.noAnswer())
  }

  /** The same for several that are *written*; the durability is that of the first. An answer for each. */
  commitTogether(requests: ReadonlyArray<AppendRequest>): Either.Either<ReadonlyArray<AppendAnswer>, CommitError> {
    for (const request of requests) if (this.isQueued(request)) this.flush()
    const answers = this.driver.commit(requests, requests[0]?.durability ?? "written")
    if (!isNow(answers)) throw new TypeError(`driver ${this.driver.name} is not synchronous`)
    if (Either.isRight(answers) && answers.right.some(Either.isRight)) this.committed()
    return answers
  }

  /** Queues for the next group commit; `done` gets the outcome, at the earliest before this returns. Synchronous. */
  submit(request: AppendRequest, done: (outcome: Outcome) => void): void {
    const taken = request.durability === "durable" ? this.takeIn() : Either.void
    if (Either.isLeft(taken)) {
      // Those before it are told first: tapes are only over synchronous drivers.
      if (this.driver.synchronous) this.flush()
      return done(Either.left(taken.left))
    }
    const bytes = bytesOf(request)
    this.queue.push({ request, bytes, number: ++this.submitted, done })
    this.queuedBytes += bytes
    if (this.driver.synchronous && this.isFull()) this.flush()
    else this.schedule()
  }

  /**
   * Everything submitted so far is committed, or has failed, when this is done; undefined if that is so already. What is submitted later is
   * not waited for: others may never pause.
   */
  drain(): Effect.Effect<void> | undefined {
    if (this.driver.synchronous) {
      this.flush()
      return undefined
    }
    if (!this.busy) return undefined
    let last = this.drains.at(-1)
    if (last?.number !== this.submitted) {
      last = { number: this.submitted, gate: Deferred.unsafeMake<void>(FiberId.none) }
      this.drains.push(last)
    }
    return Deferred.await(last.gate)
  }

  private hasRoom(): boolean {
    return this.queuedBytes < maxQueuedBytes && this.queue.length < maxQueuedBatches
  }

  private isQueued(request: AppendRequest): boolean {
    if (this.queue.length === 0) return false
    const streams = new Set(request.streams.map(({ stream }) => stream))
    return this.queue.some((queued) => touches(queued.request, streams))
  }

  private isFull(): boolean {
    return this.queue.length >= maxGroupBatches || this.queuedBytes >= maxGroupBytes
  }

  private schedule(): void {
    if (this.busy) return
    this.busy = true
    queueMicrotask(() => this.flush())
  }

  /** The next group, taken out of the queue. */
  private take(): ReadonlyArray<Queued> {
    let bytes = 0
    let count = 0
    while (count < this.queue.length && count < maxGroupBatches) {
      bytes += this.queue[count]?.bytes ?? 0
      if (count > 0 && bytes > maxGroupBytes) break
      count++
    }
    const group = count === this.queue.length ? this.queue : this.queue.slice(0, count)
    this.queue = count === this.queue.length ? [] : this.queue.slice(count)
    for (const queued of group) this.queuedBytes -= queued.bytes
    return group
  }

  private flush(): void {
    if (this.driver.synchronous) {
      this.busy = false
      while (this.queue.length > 0) this.commitSync(this.take())
      return
    }
    this.commitAsync()
  }

  private commitSync(group: ReadonlyArray<Queued>): void {
    this.settle(group, this.commitSafely(group))
  }

  /** A defect of a driver must not leave those waiting who asked it: it is told to them as what it is, an unavailable journal. */
  private commitSafely(group: ReadonlyArray<Queued>): Either.Either<ReadonlyArray<AppendAnswer>, CommitError> {
    try {
      const answers = this.driver.commit(requestsOf(group), durabilityOf(group))
      return isNow(answers) ? answers : Either.left(this.unavailable("its driver is not synchronous"))
    } catch (thrown) {
      return Either.left(this.unavailable(`a defect of its driver: ${String(thrown)}`))
    }
  }

  /** Nothing is under way when this is called. */
  private commitAsync(): void {
    this.releaseDrained()
    const group = this.take()
    if (this.hasRoom()) this.roomGate = release(this.roomGate)
    if (group.length === 0) {
      this.busy = false
      return
    }
    const commit = Effect.suspend(() => this.driver.commit(requestsOf(group), durabilityOf(group)))
    Effect.runCallback(commit, {
      onExit: (exit) => {
        this.settle(group, this.outcomeOf(exit))
        this.commitAsync()
      }
    })
  }

  /** Lets those go on who wait for nothing that is still in the queue: an append may be refused before those in front of it (G4). */
  private releaseDrained(): void {
    const next = this.queue[0]?.number ?? Infinity
    while (this.drains[0] !== undefined && this.drains[0].number < next) release(this.drains.shift()?.gate)
  }

  /** As `commitSafely`. */
  private outcomeOf<A>(exit: Exit.Exit<A, CommitError>): Either.Either<A, CommitError> {
    return Exit.match(exit, {
      onSuccess: (answers) => Either.right(answers),
      onFailure: (cause) =>
        Either.left(
          Option.getOrElse(Cause.failureOption(cause), () =>
            this.unavailable(`a defect of its driver: ${Cause.pretty(cause)}`)
          )
        )
    })
  }

  private noAnswer(): Either.Either<never, JournalUnavailable> {
    return Either.left(this.unavailable("its driver did not answer every append"))
  }

  private unavailable(reason: string): JournalUnavailable {
    return new JournalUnavailable({ journal: this.driver.name, reason })
  }

  private settle(group: ReadonlyArray<Queued>, answers: Either.Either<ReadonlyArray<AppendAnswer>, CommitError>): void {
    if (Either.isLeft(answers)) this.failAll(group, answers.left)
    else this.answer(group, answers.right)
  }

  private failAll(group: ReadonlyArray<Queued>, error: CommitError): void {
    const behind = this.queue
    this.queue = []
    this.queuedBytes = 0
    for (const { done } of [...group, ...behind]) done(Either.left(error))
  }

  private answer(group: ReadonlyArray<Queued>, answers: ReadonlyArray<AppendAnswer>): void {
    const refused = new Refused()
    let kept = 0
    let at = 0
    for (const { request } of group) {
      const answer = answers[at++]
      if (answer !== undefined && Either.isRight(answer)) kept++
      else refused.add(request)
    }
    const behind = refused.isEmpty ? none : this.refuseBehind(refused)
    if (kept > 0) this.committed()
    at = 0
    for (const { done } of group) done(answers[at++] ?? this.noAnswer())
    for (const [{ done }, conflict] of behind) done(Either.left(conflict))
  }

  /** Takes those out of the queue that were decided on what is refused, and, in turn, on each other (G4); all are in `refused` then. */
  private refuseBehind(refused: Refused): ReadonlyArray<readonly [Queued, VersionConflict]> {
    const behind: Array<readonly [Queued, VersionConflict]> = []
    const rest: Array<Queued> = []
    for (const queued of this.queue) {
      const conflict = refused.conflictOf(queued.request)
      if (conflict === undefined) rest.push(queued)
      else {
        behind.push([queued, conflict])
        this.queuedBytes -= queued.bytes
        refused.add(queued.request)
      }
    }
    this.queue = rest
    return behind
  }
}

/** Lets those go on who wait for `gate`. */
const release = (gate: Deferred.Deferred<void> | undefined): undefined => {
  if (gate !== undefined) Deferred.unsafeDone(gate, Exit.void)
}

const requestsOf = (group: ReadonlyArray<Queued>): ReadonlyArray<AppendRequest> => group.map(({ request }) => request)

const durabilityOf = (group: ReadonlyArray<Queued>): Durability =>
  group.some(({ request }) => request.durability === "durable") ? "durable" : "written"
