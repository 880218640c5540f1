/**
 * How an actor lives in memory: restored from its journal when it is used, passing out again when it is idle, with its tape and its
 * snapshots. What it decides is in `LocalActor.ts`.
 */
import { Deferred, Effect, Either, FiberId } from "effect"
import type { Tagged } from "./Behavior.ts"
import type { Outcome } from "./GroupCommit.ts"
import type { AppendRequest } from "./JournalDriver.ts"
import { JournalUnavailable } from "./JournalError.ts"
import type { AppendError, DecodeError, JournalError, ReadError } from "./JournalError.ts"
import type { Kind } from "./Kind.ts"
import { isNow } from "./Now.ts"
import type { Recorder } from "./Recorder.ts"
import { restore } from "./Restore.ts"
import { Standing } from "./Standing.ts"
import type { Ticket } from "./Ticket.ts"
import { Watchers } from "./Watchers.ts"

export class Resident<State, Command, Event extends Tagged, Answer, Refused> {
  /** Name of its own stream. */
  readonly stream: string
  protected readonly kind: Kind<State, Command, Event, Answer, Refused>
  protected standing: Standing<State>
  /** False: not restored yet, out of date, stopped, or passive. */
  protected ready = false
  /** The last turn that waits for its group commit, and how many do. */
  protected last: Ticket | undefined
  protected waiting = 0
  /** Time of the last turn, in microseconds since the Unix epoch; 0: none yet. */
  protected usedAt = 0
  private restoring: Deferred.Deferred<void, ReadError | DecodeError> | undefined
  /** `restoring` reads what was there before `stop`. */
  private isOutdated = false
  /** Turns wait for it: something else has its turn. */
  private pause: Deferred.Deferred<void> | undefined
  protected watchers: Watchers<State> | undefined
  private recorder: Recorder<Event, Command> | undefined

  constructor(kind: Kind<State, Command, Event, Answer, Refused>, stream: string) {
    this.kind = kind
    this.stream = stream
    this.standing = new Standing(kind.behavior.initial)
  }

  /** Restores the actor unless it is ready. Many may wait for one restoring; nobody who gives up stops it for the others. */
  restored(): Effect.Effect<void, ReadError | DecodeError> {
    return Effect.suspend(() => {
      if (this.ready) return Effect.void
      if (this.restoring !== undefined) return Deferred.await(this.restoring)
      if (this.last !== undefined) return Effect.zipRight(this.last.settled, this.restored())
      const taken = this.takeIn()
      if (Either.isLeft(taken)) return Either.left(this.onTapeOnly(taken.left))
      const begun = restore(this.kind, this.stream)
      return isNow(begun) ? Either.map(begun, (standing) => this.begin(standing)) : this.restoreLater(begun)
    })
  }

  /**
   * Passes out of memory if it had no turn for `idle` microseconds before `now`, and nobody waits for it; true if it did. One without a
   * turn counts from the first time that it is asked.
   */
  passivate(now: number, idle: number): boolean {
    if (this.usedAt === 0) this.usedAt = now
    const isWaitedFor = this.waiting > 0 || (this.watchers?.count ?? 0) > 0
    if (
      isWaitedFor ||
      this.restoring !== undefined ||
      this.pause !== undefined ||
      this.recorder?.holds === true ||
      now - this.usedAt < idle
    )
      return false
    this.stop()
    this.standing = new Standing(this.kind.behavior.initial)
    this.usedAt = 0
    return Either.isRight(this.endTape())
  }

  /** Ends the tape, if there is one: what is on it is in the journal then. */
  endTape(): Either.Either<void, AppendError> {
    const { recorder } = this
    this.recorder = undefined
    this.kind.journal.onTape.remove(this)
    return recorder === undefined ? Either.void : recorder.close()
  }

  /** The next use starts from the journal. */
  stop(): void {
    this.ready = false
    if (this.restoring !== undefined) this.isOutdated = true
  }

  /**
   * Runs `effect`, which writes to this actor's streams, between two turns: behind all that were decided, and before any other is. The next
   * one starts from the journal.
   */
  between<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((interruptible) => {
      if (this.pause !== undefined) return interruptible(Effect.zipRight(this.resumed, this.between(effect)))
      const pause = Deferred.unsafeMake<void>(FiberId.none)
      this.pause = pause
      return interruptible(this.last === undefined ? effect : Effect.zipRight(this.last.settled, effect)).pipe(
        Effect.ensuring(
          Effect.suspend(() => {
            this.stop()
            this.pause = undefined
            return Deferred.succeed(pause, undefined)
          })
        )
      )
    })
  }

  /** True if a turn may begin now. */
  protected get isOpen(): boolean {
    return this.ready && this.pause === undefined
  }

  /** Waits while something else has its turn. */
  protected get resumed(): Effect.Effect<void> {
    return Effect.suspend(() => (this.pause === undefined ? Effect.void : Deferred.await(this.pause)))
  }

  /** Brings what is on the tape into the journal. */
  takeIn(): Either.Either<void, AppendError> {
    const { recorder } = this
    if (recorder === undefined || !recorder.holds) return Either.void
    const taken = recorder.takeIn()
    if (recorder.displaced !== undefined) this.stop()
    if (!recorder.holds) this.kind.journal.onTape.remove(this)
    // Some may be in the journal where others could not be taken in, or the tape not be begun anew.
    this.standing.sequence = Math.max(this.standing.sequence, recorder.sequence)
    return taken
  }

  /** Something is on the tape that the journal does not have. */
  protected get holdsTape(): boolean {
    return this.recorder?.holds === true
  }

  /** What is on the tape can be committed together with a turn; else it has to be taken in before. */
  protected get mayCommitTape(): boolean {
    return this.recorder?.isLong !== true
  }

  /** Commits the append of a turn now, behind what is on the tape, with one transaction for both unless somebody else wrote meanwhile. */
  protected commitWithTape(request: AppendRequest): Outcome {
    const { recorder } = this
    const { journal } = this.kind
    if (recorder === undefined || !recorder.holds) return journal.commitNow(request)
    const taped = recorder.appends
    const answers = journal.commitTogether([...taped, request])
    if (Either.isLeft(answers)) return Either.left(answers.left)
    recorder.tookIn(answers.right.slice(0, taped.length))
    if (recorder.holds) {
      // Somebody else wrote: the entries go behind that, and what was decided on them is out of date.
      const taken = this.takeIn()
      return Either.isLeft(taken) ? Either.left(taken.left) : journal.commitNow(request)
    }
    journal.onTape.remove(this)
    return answers.right[taped.length] ?? journal.commitNow(request)
  }

  /** The first state that `predicate` holds for. */
  protected watch(predicate: (state: State) => boolean): Effect.Effect<State> {
    return (this.watchers ??= new Watchers()).until(() => this.standing.published, predicate)
  }

  /** Writes packed events to the tape: nothing else stands beside them. */
  protected tape(events: ReadonlyArray<Event>, next: State, time: number): Either.Either<void, JournalError> {
    const opened = this.recorder === undefined ? this.kind.record(this.stream) : Either.right(this.recorder)
    if (Either.isLeft(opened)) return Either.left(opened.left)
    const recorder = (this.recorder = opened.right)
    const room = recorder.isFull ? this.takeIn() : Either.void
    if (Either.isLeft(room)) return room
    if (recorder.displaced !== undefined) return Either.left(recorder.displaced)
    const { entries } = recorder
    const written = recorder.write(this.standing.version, time, events)
    if (Either.isLeft(written)) {
      // Some of them count: only folding what is there tells the state that they lead to.
      if (recorder.entries > entries) {
        this.kind.journal.onTape.add(this)
        this.stop()
      }
      return Either.left(written.left)
    }
    this.standing.tape(events.length, events.length * (this.kind.behavior.packing?.entryBytes ?? 0), next)
    this.kind.journal.onTape.add(this)
    this.watchers?.notify(next)
    return Either.void
  }

  protected publish(request: AppendRequest, next: State, sequence: number): void {
    this.standing.publish(this.stream, request, next, sequence)
    this.watchers?.notify(next)
  }

  protected get isDue(): boolean {
    const { snapshotBytes, snapshotEvents } = this.kind.options
    return this.ready && (this.standing.events >= snapshotEvents || this.standing.bytes >= snapshotBytes)
  }

  /**
   * Keeps a snapshot of what is in the journal. It is no part of the history: where that fails the answer stands, and the next one is tried
   * as late as usual.
   */
  protected get keepSnapshot(): Effect.Effect<void> {
    return this.kind.keepSnapshot(this.stream, () => {
      if (!this.isDue) return undefined
      this.standing.restartCount()
      return Either.isRight(this.takeIn()) && this.ready ? this.standing : undefined
    })
  }

  private onTapeOnly({ message }: AppendError): JournalUnavailable {
    const reason = `the last entries of ${this.stream} are on its tape and cannot be taken in: ${message}`
    return new JournalUnavailable({ journal: this.kind.journal.name, reason })
  }

  /** Nobody who gives up leaves those behind who wait for `restoring`: it is only set where it is certain to be done. */
  private restoreLater(
    begun: Effect.Effect<Standing<State>, ReadError | DecodeError>
  ): Effect.Effect<void, ReadError | DecodeError> {
    return Effect.uninterruptibleMask((interruptible) => {
      // Another fiber may have had its turn before this one came here.
      if (this.ready || this.restoring !== undefined) return interruptible(this.restored())
      const restoring = Deferred.unsafeMake<void, ReadError | DecodeError>(FiberId.none)
      this.restoring = restoring
      this.isOutdated = false
      return this.beginWith(begun).pipe(
        Effect.onExit((exit) => {
          this.restoring = undefined
          return Deferred.done(restoring, exit)
        })
      )
    })
  }

  /** Begins where `begun` leads to; where that has become out of date meanwhile, the journal is read again. */
  private beginWith(
    begun: Effect.Effect<Standing<State>, ReadError | DecodeError>
  ): Effect.Effect<void, ReadError | DecodeError> {
    return Effect.flatMap(begun, (standing) => {
      if (!this.isOutdated) return Either.right(this.begin(standing))
      this.isOutdated = false
      return this.beginWith(restore(this.kind, this.stream))
    })
  }

  private begin(standing: Standing<State>): void {
    this.standing = standing
    this.ready = true
    if (this.recorder !== undefined) this.recorder.displaced = undefined
    this.watchers?.notify(standing.published)
  }
}
