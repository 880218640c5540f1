/**
 * A local actor: a behavior, its state, and its streams in the journal. A turn is one synchronous function, so that turns of
 * one actor never overlap and nothing is scheduled between decision and state. Source: `docs/architecture.md`, "Who decides what".
 *
 * A1 The new state is computed before the append and published after it: a failed append leaves state and journal as they were.
 * A2 An answer is given after its events are in the journal, with the durability asked for; one that needs no events, after those
 *    that it was decided on.
 * A3 A decision without events appends nothing.
 * A4 After a `VersionConflict` (somebody else appended), or a failed group, the next turn starts from the journal.
 * A5 A defect in `decide` or `evolve`, or an event outside its schema, stops the actor: it is recorded (`Supervision.ts`), the
 *    caller dies of it, and the next use restores the actor from the journal.
 * A6 Turns that wait for their group commit do not hold up the next: it is decided on the state that they lead to, and is refused
 *    with them if they fail.
 */
import { Effect, Either, Exit } from "effect"
import type { Actor, AskOptions, Bound } from "./Actor.ts"
import type { Tagged } from "./Behavior.ts"
import { Committing } from "./Committing.ts"
import { concluded, decideAll } from "./Decide.ts"
import type { Part } from "./Decide.ts"
import { deferredOf } from "./Deferred.ts"
import type { Durability } from "./Envelope.ts"
import type { JournalError } from "./JournalError.ts"
import type { Kind } from "./Kind.ts"
import { flatMapNow, isNow } from "./Now.ts"
import { circumstancesFrom, circumstancesOf, isPlain, requestOf } from "./Request.ts"
import type { Circumstances } from "./Request.ts"
import type { Standing } from "./Standing.ts"
import { Together } from "./Together.ts"

type Recorded<State, Command, Event> = Omit<Part<State, Command, Event>, "events"> & {
  readonly events: ReadonlyArray<Event>
}

/** Actors by name. */
interface Peers<A> {
  /** The one that has the name of `actor` now. */
  readonly current: (actor: A) => A
}

export class LocalActor<State, Command, Event extends Tagged, Answer, Refused>
  extends Committing<State, Command, Event, Answer, Refused>
  implements Actor<State, Command, Answer, Refused>
{
  private readonly peers: Peers<LocalActor<State, Command, Event, Answer, Refused>>

  constructor(
    kind: Kind<State, Command, Event, Answer, Refused>,
    stream: string,
    peers: Peers<LocalActor<State, Command, Event, Answer, Refused>>
  ) {
    super(kind, stream)
    this.peers = peers
  }

  get state(): Effect.Effect<State, JournalError> {
    return this.whenReady((standing) => standing.published)
  }

  get position(): Effect.Effect<number, JournalError> {
    return this.whenReady((standing) => standing.sequence)
  }

  unsafeState(): State {
    const actor = this.current()
    if (actor.ready || actor.waiting > 0) return actor.standing.published
    const exit = Effect.runSyncExit(actor.restored())
    if (Exit.isSuccess(exit)) return actor.standing.published
    throw new Error(`${this.stream} is not in memory and cannot be restored at once`, { cause: exit.cause })
  }

  unsafePosition(): number {
    this.unsafeState()
    return this.current().standing.sequence
  }

  ask(command: Command, options?: AskOptions): Effect.Effect<Answer, Refused | JournalError> {
    return Effect.withFiberRuntime((fiber) =>
      this.turn(command, options?.durability ?? "written", circumstancesOf(fiber))
    )
  }

  askAll(
    commands: ReadonlyArray<Command>,
    options?: AskOptions
  ): Effect.Effect<ReadonlyArray<Either.Either<Answer, Refused>>, JournalError> {
    return Effect.withFiberRuntime((fiber) =>
      this.turns(commands, options?.durability ?? "written", circumstancesOf(fiber))
    )
  }

  /** Asks whoever has the name by then: an actor that was passive meanwhile is another one. */
  get bound(): Effect.Effect<Bound<Command, Answer, Refused>> {
    return Effect.withFiberRuntime((fiber) => {
      const now = circumstancesFrom(fiber)
      return Effect.succeed({
        ask: (command) => this.current().turn(command, "written", now()),
        askAll: (commands) => this.current().turns(commands, "written", now())
      })
    })
  }

  until(predicate: (state: State) => boolean): Effect.Effect<State, JournalError> {
    return Effect.suspend(() => {
      const actor = this.current()
      return actor.ready ? actor.watch(predicate) : Effect.zipRight(actor.restored(), this.until(predicate))
    })
  }

  /** What `look` sees of the actor that has this one's name; it may have stopped again since it was restored. */
  private whenReady<A>(look: (standing: Standing<State>) => A): Effect.Effect<A, JournalError> {
    return Effect.suspend(() => {
      const actor = this.current()
      return actor.ready
        ? Effect.succeed(look(actor.standing))
        : Effect.zipRight(actor.restored(), actor.whenReady(look))
    })
  }

  /** The actor that has this one's name now: another one, if this one was passive when somebody asked for it. */
  private current(): LocalActor<State, Command, Event, Answer, Refused> {
    return this.ready ? this : this.peers.current(this)
  }

  private turn(
    command: Command,
    durability: Durability,
    circumstances: Circumstances
  ): Effect.Effect<Answer, Refused | JournalError> {
    if (!this.isOpen) return this.later((actor) => actor.ask(command, { durability }))
    const room = this.kind.journal.room()
    if (room !== undefined) return Effect.zipRight(room, this.ask(command, { durability }))
    this.usedAt = circumstances.time
    const { behavior } = this.kind
    let next = this.standing.ahead
    let decision
    let packed
    try {
      const run = this.kind.isTaped ? behavior.run(next, [command], 0) : undefined
      if (run !== undefined) {
        decision = { events: run.events, answer: Either.right(run.answer) }
        next = run.state
      } else {
        decision = concluded(behavior, next, command)
        next = decision.state
      }
      packed = run !== undefined || (this.kind.isTaped && this.kind.codec.isPacked(decision.events))
    } catch (defect) {
      return this.broken(command, defect)
    }
    const { answer, events } = decision
    if (events.length === 0) return this.unrecorded(answer, durability)
    const committed = this.record({ command, events, next, packed }, durability, circumstances)
    if (!isNow(committed)) return Effect.flatMap(committed, () => this.answered(answer))
    return Either.isLeft(committed) ? Either.left(committed.left) : this.answered(answer)
  }

  /** Turns in order; packed events of neighbours share a record. */
  private turns(
    commands: ReadonlyArray<Command>,
    durability: Durability,
    circumstances: Circumstances
  ): Effect.Effect<ReadonlyArray<Either.Either<Answer, Refused>>, JournalError> {
    if (!this.isOpen) return this.later((actor) => actor.askAll(commands, { durability }))
    const room = this.kind.journal.room()
    if (room !== undefined) return Effect.zipRight(room, this.askAll(commands, { durability }))
    this.usedAt = circumstances.time
    const { behavior, codec } = this.kind
    const { answers, defect, parts } = decideAll(behavior, codec, this.standing.ahead, commands)
    if (parts.length === 0 && defect === undefined) return this.unrecorded(Either.right(answers), durability)
    const together = new Together()
    const failed = this.recordAll(parts, durability, circumstances, together)
    const committed = this.committed(together)
    if (failed !== undefined) return Effect.zipRight(committed, failed)
    if (defect !== undefined) return Effect.zipRight(committed, this.broken(defect.command, defect.thrown))
    return flatMapNow(committed, () => this.answered(Either.right(answers)))
  }

  /** Records parts in order, up to the first that cannot be: how that one fails. */
  private recordAll(
    parts: ReadonlyArray<Part<State, Command, Event>>,
    durability: Durability,
    circumstances: Circumstances,
    together: Together
  ): Effect.Effect<never, JournalError> | undefined {
    for (const part of parts) {
      const recorded = this.record(part, durability, circumstances, together)
      if (isNow(recorded) && Either.isLeft(recorded)) return Either.left(recorded.left)
      // What is behind a part that cannot be recorded was decided on it.
      if (!this.ready) return Effect.zipRight(recorded, Effect.dieMessage(`${this.stream} stopped in this turn`))
    }
    return undefined
  }

  /** What an actor is asked that has no turn now: of the one that has its name then, once it is restored. */
  private later<A, E>(
    ask: (actor: LocalActor<State, Command, Event, Answer, Refused>) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | JournalError> {
    const actor = this.current()
    return actor === this
      ? Effect.zipRight(
          Effect.zipRight(this.resumed, this.restored()),
          Effect.suspend(() => ask(this))
        )
      : ask(actor)
  }

  /** Records events: on the tape, at once in the journal, or with its next group; what goes there `together` is not waited for here. */
  private record(
    { command, events, next, packed }: Recorded<State, Command, Event>,
    durability: Durability,
    circumstances: Circumstances,
    together?: Together
  ): Effect.Effect<void, JournalError> {
    const immediate = durability === "written" && this.waiting === 0 && this.kind.journal.synchronous
    if (immediate && packed && this.kind.isTaped && isPlain(circumstances)) {
      try {
        return this.tape(events, next, circumstances.time)
      } catch (defect) {
        return this.broken(command, defect)
      }
    }
    const taken = immediate && this.mayCommitTape ? Either.void : this.takeIn()
    if (Either.isLeft(taken)) return taken
    let request
    try {
      const deferred = immediate ? this.deferred(command, events, next, circumstances) : undefined
      if (deferred !== undefined) return deferred
      request = requestOf(this.kind, this.stream, this.standing, { command, events, durability }, circumstances)
    } catch (defect) {
      return this.broken(command, defect)
    }
    return immediate ? this.commitNow(request, next) : this.commitLater(request, next, together)
  }

  /** Records a turn whose command stands for its events; undefined where that cannot be, or packed events would have to go before them. */
  private deferred(
    command: Command,
    events: ReadonlyArray<Event>,
    next: State,
    circumstances: Circumstances
  ): Either.Either<void, JournalError> | undefined {
    const { isDeferred, journal } = this.kind
    if (!isDeferred || journal.deferring === undefined || this.holdsTape) return undefined
    const append = deferredOf(this.kind, this.stream, this.standing, command, events, circumstances)
    return append && this.deferNow(journal.deferring, append, next)
  }

  private answered<A, E>(answer: Either.Either<A, E>): Effect.Effect<A, E> {
    return this.isDue ? Effect.zipRight(this.keepSnapshot, answer) : answer
  }

  /** An answer without events: after the turns that it was decided on, and when *durable* is asked for, after they are. */
  private unrecorded<A, E>(answer: Either.Either<A, E>, durability: Durability): Effect.Effect<A, E | JournalError> {
    const decidedOn = this.last?.committed
    if (durability === "durable") {
      const synced = this.kind.journal.sync()
      if (decidedOn !== undefined) return Effect.zipRight(Effect.zipRight(synced, decidedOn), answer)
      return isNow(synced) && Either.isRight(synced) ? answer : Effect.zipRight(synced, answer)
    }
    return decidedOn === undefined ? answer : Effect.zipRight(decidedOn, answer)
  }

  /** The defect is recorded behind what it was decided on; what stays on the tape is told by whoever restores the actor. */
  private broken(command: Command, defect: unknown): Effect.Effect<never, JournalError> {
    const { last } = this
    this.takeIn()
    this.stop()
    const stopped = Effect.suspend(() => this.kind.stopped(this.stream, this.standing.sequence, command, defect))
    return last === undefined ? stopped : Effect.zipRight(last.settled, stopped)
  }
}
