/**
 * A local actor: a behavior, its state, and its streams in the journal. A turn is one synchronous function, so that turns of
 * one actor never overlap and nothing is scheduled between decision and state. Source: `docs/architecture.md`, "Who decides what".
 *
 * A1 The new state is computed before the append and published after it: a failed append leaves state and journal as they were.
 * A2 An answer is given after its events are in the journal, with the durability asked for; one that needs no events, after those
 *    that it was decided on.
 * A3 A decision without events appends nothing.
 * A4 After a `VersionConflict` (another process appended), or a failed group, the next turn starts from the journal.
 * A5 A defect in `decide` or `evolve` stops the actor: it is recorded (`Supervision.ts`), the caller dies of it, and the next use
 *    restores the actor from the journal.
 * A6 Turns that wait for their group commit do not hold up the next: it is decided on the state that they lead to, and is refused
 *    with them if they fail.
 */
import { Deferred, Effect, Either, Exit, FiberId } from "effect"
import type { Fiber } from "effect"
import type { Actor, AskOptions } from "./Actor.ts"
import type { Tagged } from "./Behavior.ts"
import { decideAll } from "./Decide.ts"
import type { Part } from "./Decide.ts"
import type { Durability } from "./Envelope.ts"
import type { Family } from "./Family.ts"
import type { Outcome } from "./GroupCommit.ts"
import type { AppendRequest } from "./JournalDriver.ts"
import type { AppendError, JournalError, ReadError, DecodeError } from "./JournalError.ts"
import { isNow } from "./Now.ts"
import { requestOf } from "./Request.ts"
import { restore } from "./Restore.ts"
import { Standing } from "./Standing.ts"
import { Ticket } from "./Ticket.ts"
import { Watchers } from "./Watchers.ts"

type Recorded<State, Command, Event> = Omit<Part<State, Command, Event>, "events"> & {
  readonly events: ReadonlyArray<Event>
}

export class LocalActor<State, Command, Event extends Tagged, Answer, Refused> implements Actor<
  State,
  Command,
  Answer,
  Refused
> {
  readonly stream: string
  private readonly family: Family<State, Command, Event, Answer, Refused>
  private standing: Standing<State>
  /** False: not restored yet, out of date, stopped, or passive. */
  private ready = false
  private restoring: Deferred.Deferred<void, ReadError | DecodeError> | undefined
  /** Turns that wait for their group commit. */
  private waiting = 0
  /** The last of them. */
  private last: Ticket | undefined
  private watchers: Watchers<State> | undefined
  /** Events and bytes since the last snapshot. */
  private freshEvents = 0
  private freshBytes = 0
  /** Time of the last turn, in microseconds since the Unix epoch. */
  private usedAt = 0

  constructor(family: Family<State, Command, Event, Answer, Refused>, stream: string) {
    this.family = family
    this.stream = stream
    this.standing = new Standing(family.behavior.initial)
  }

  get state(): Effect.Effect<State, JournalError> {
    return Effect.suspend(() => {
      const actor = this.current()
      return actor.ready
        ? Effect.succeed(actor.standing.published)
        : Effect.map(actor.restored, () => actor.unsafeState())
    })
  }

  unsafeState(): State {
    const actor = this.current()
    if (actor.ready || actor.waiting > 0) return actor.standing.published
    const exit = Effect.runSyncExit(actor.restored)
    if (Exit.isSuccess(exit)) return actor.standing.published
    throw new Error(`${this.stream} is not in memory and cannot be restored at once`, { cause: exit.cause })
  }

  unsafePosition(): number {
    return this.current().standing.sequence
  }

  ask(command: Command, options?: AskOptions): Effect.Effect<Answer, Refused | JournalError> {
    return Effect.withFiberRuntime((fiber) => this.turn(command, options?.durability ?? "written", fiber))
  }

  askAll(
    commands: ReadonlyArray<Command>,
    options?: AskOptions
  ): Effect.Effect<ReadonlyArray<Either.Either<Answer, Refused>>, JournalError> {
    return Effect.withFiberRuntime((fiber) => this.turns(commands, options?.durability ?? "written", fiber))
  }

  until(predicate: (state: State) => boolean): Effect.Effect<State, JournalError> {
    return Effect.zipRight(
      this.state,
      Effect.suspend(() => {
        const actor = this.current()
        return (actor.watchers ??= new Watchers()).until(() => actor.standing.published, predicate)
      })
    )
  }

  /** Restores the actor unless it is ready. Many may wait for one restoring; nobody who gives up stops it for the others. */
  get restored(): Effect.Effect<void, ReadError | DecodeError> {
    return Effect.suspend(() => {
      if (this.ready) return Effect.void
      if (this.restoring !== undefined) return Deferred.await(this.restoring)
      if (this.last !== undefined) return Effect.zipRight(this.last.settled, this.restored)
      const begun = restore(this.family, this.stream)
      return isNow(begun) ? Either.map(begun, (standing) => this.begin(standing)) : this.restoreLater(begun)
    })
  }

  /** Passes out of memory if it was not used since `before` (microseconds) and nobody waits for it; true if it did. */
  passivate(before: number): boolean {
    const busy = this.waiting > 0 || this.restoring !== undefined || (this.watchers?.count ?? 0) > 0
    if (busy || this.usedAt >= before) return false
    this.stop()
    this.standing = new Standing(this.family.behavior.initial)
    return true
  }

  /** The next use starts from the journal. */
  stop(): void {
    this.ready = false
  }

  private restoreLater(begun: Effect.Effect<Standing<State>, ReadError | DecodeError>) {
    const restoring = Deferred.unsafeMake<void, ReadError | DecodeError>(FiberId.none)
    this.restoring = restoring
    return begun.pipe(
      Effect.map((standing) => this.begin(standing)),
      Effect.onExit((exit) => {
        this.restoring = undefined
        return Deferred.done(restoring, exit)
      }),
      Effect.uninterruptible
    )
  }

  private begin(standing: Standing<State>): void {
    this.standing = standing
    this.ready = true
    this.freshEvents = 0
    this.freshBytes = 0
    this.watchers?.notify(standing.published)
  }

  /** The actor that has this one's name now: another one, if this one was passive when somebody asked for it. */
  private current(): LocalActor<State, Command, Event, Answer, Refused> {
    return this.ready ? this : this.family.current(this)
  }

  private turn<A, E>(
    command: Command,
    durability: Durability,
    fiber: Fiber.RuntimeFiber<A, E>
  ): Effect.Effect<Answer, Refused | JournalError> {
    if (!this.ready) return this.later((actor) => actor.ask(command, { durability }))
    const room = this.family.journal.room()
    if (room !== undefined) return Effect.zipRight(room, this.ask(command, { durability }))
    const { behavior } = this.family
    let next = this.standing.ahead
    let decision
    try {
      decision = behavior.decide(next, command)
      for (const event of decision.events) next = behavior.evolve(next, event)
    } catch (defect) {
      return this.broken(command, defect)
    }
    const { answer, events } = decision
    if (events.length === 0) return this.unrecorded(answer, durability)
    const committed = this.record({ command, events, next, packed: false }, durability, fiber)
    if (!isNow(committed)) return Effect.flatMap(committed, () => this.answered(answer))
    return Either.isLeft(committed) ? Either.left(committed.left) : this.answered(answer)
  }

  /** Turns in order; packed events of neighbours share a record. */
  private turns<A, E>(
    commands: ReadonlyArray<Command>,
    durability: Durability,
    fiber: Fiber.RuntimeFiber<A, E>
  ): Effect.Effect<ReadonlyArray<Either.Either<Answer, Refused>>, JournalError> {
    if (!this.ready) return this.later((actor) => actor.askAll(commands, { durability }))
    const room = this.family.journal.room()
    if (room !== undefined) return Effect.zipRight(room, this.askAll(commands, { durability }))
    const { behavior, codec } = this.family
    const { answers, defect, parts } = decideAll(behavior, codec, this.standing.ahead, commands)
    let recorded: Effect.Effect<void, JournalError> = Either.void
    for (const part of parts) {
      recorded = this.record(part, durability, fiber)
      if (isNow(recorded) && Either.isLeft(recorded)) return Either.left(recorded.left)
    }
    if (defect !== undefined) return Effect.zipRight(recorded, this.broken(defect.command, defect.thrown))
    if (parts.length === 0) recorded = Effect.asVoid(this.unrecorded(Either.void, durability))
    return Effect.flatMap(recorded, () => this.answered(Either.right(answers)))
  }

  /** What an actor that is not ready is asked: of the one that has its name now, once it is restored. */
  private later<A, E>(
    ask: (actor: LocalActor<State, Command, Event, Answer, Refused>) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | JournalError> {
    const actor = this.current()
    return actor === this
      ? Effect.zipRight(
          this.restored,
          Effect.suspend(() => ask(this))
        )
      : ask(actor)
  }

  private isImmediate(durability: Durability): boolean {
    return durability === "written" && this.waiting === 0 && this.family.journal.synchronous
  }

  /** Appends events: at once, or with the next group. */
  private record<A, E>(
    { command, events, next }: Recorded<State, Command, Event>,
    durability: Durability,
    fiber: Fiber.RuntimeFiber<A, E>
  ): Effect.Effect<void, JournalError> {
    const request = requestOf(this.family, this.stream, this.standing, { command, events, durability }, fiber)
    this.usedAt = request.time
    return this.isImmediate(durability) ? this.commitNow(request, next) : this.commitLater(request, next)
  }

  private commitNow(request: AppendRequest, next: State): Either.Either<void, AppendError> {
    const outcome = this.family.journal.commitNow(request)
    if (Either.isLeft(outcome)) {
      // Nothing has changed; only where another process was faster the actor is out of date.
      if (outcome.left._tag === "VersionConflict") this.stop()
      return Either.left(outcome.left)
    }
    this.standing.advance(this.stream, request)
    this.standing.ahead = next
    this.publish(request, next, outcome.right.last)
    return Either.void
  }

  private commitLater(request: AppendRequest, next: State): Effect.Effect<void, AppendError> {
    const ticket = new Ticket()
    this.standing.advance(this.stream, request)
    this.standing.ahead = next
    this.waiting++
    this.last = ticket
    this.family.journal.submit(request, (outcome) => this.settle(ticket, request, next, outcome))
    return ticket.committed
  }

  /** A turn's group commit has an outcome. */
  private settle(ticket: Ticket, request: AppendRequest, next: State, outcome: Outcome): void {
    this.waiting--
    if (this.last === ticket) this.last = undefined
    if (Either.isRight(outcome)) this.publish(request, next, outcome.right.last)
    else this.stop()
    ticket.settle(outcome)
  }

  private answered<A, E>(answer: Either.Either<A, E>): Effect.Effect<A, E> {
    return this.isDue() ? Effect.zipRight(this.keepSnapshot, answer) : answer
  }

  private publish(request: AppendRequest, next: State, sequence: number): void {
    this.standing.published = next
    this.standing.sequence = sequence
    for (const { count, payload } of request.records) {
      this.freshEvents += count
      this.freshBytes += payload.length
    }
    this.watchers?.notify(next)
  }

  /** An answer without events: after the turns that it was decided on, and when *durable* is asked for, after they are. */
  private unrecorded<A, E>(answer: Either.Either<A, E>, durability: Durability): Effect.Effect<A, E | JournalError> {
    if (durability === "durable") {
      const synced = this.family.journal.sync()
      return isNow(synced) && Either.isRight(synced) ? answer : Effect.zipRight(synced, answer)
    }
    return this.last === undefined ? answer : Effect.zipRight(this.last.committed, answer)
  }

  private isDue(): boolean {
    const { snapshotBytes, snapshotEvents } = this.family.options
    return this.waiting === 0 && this.ready && (this.freshEvents >= snapshotEvents || this.freshBytes >= snapshotBytes)
  }

  /** Keeps a snapshot. It is no part of the history: where that fails the answer stands, and the next one is tried as late as usual. */
  private get keepSnapshot(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.freshEvents = 0
      this.freshBytes = 0
      return this.family.keepSnapshot(this.stream, this.standing)
    })
  }

  private broken(command: Command, defect: unknown): Effect.Effect<never, JournalError> {
    this.stop()
    return this.family.stopped(this.stream, this.standing.sequence, command, defect)
  }
}
