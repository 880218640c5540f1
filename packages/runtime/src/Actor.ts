/**
 * A local actor: a behavior, its state, and its streams in the journal. A turn is one synchronous function, so that turns of
 * one actor never overlap and nothing is scheduled between decision and state. Source: `docs/architecture.md`, "Who decides what".
 *
 * A1 The new state is computed before the append and published after it: a failed append, or a defect in `decide` or `evolve`,
 *    leaves state and journal as they were.
 * A2 An answer is given after its events are in the journal, with the durability asked for.
 * A3 A decision without events appends nothing.
 * A4 After a `VersionConflict` (another process appended) the next turn starts from the journal.
 */
import { Clock, Context, DefaultServices, Effect, Either } from "effect"
import type { Fiber } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import type { Codec } from "./Codec.ts"
import { currentCausation, currentCorrelation, ownCorrelation } from "./Correlation.ts"
import type { Durability, Envelope } from "./Envelope.ts"
import type { Journal } from "./Journal.ts"
import type { Appended } from "./JournalDriver.ts"
import { isNow } from "./Now.ts"
import type { AppendError, DecodeError, JournalError, ReadError } from "./JournalError.ts"

/** How one command is to be kept. */
export interface AskOptions {
  /** Default *written*. */
  readonly durability?: Durability
}

export interface Actor<State, Command, Answer, Refused> {
  /** Name of its own stream: `<behavior>/<id>`. */
  readonly stream: string
  /** The state after the last turn. */
  readonly state: Effect.Effect<State>
  /** The same, for synchronous code between two effects. */
  readonly unsafeState: () => State
  /** Sequence of the last event of this actor; 0 if there is none. */
  readonly unsafePosition: () => number
  /** One turn: decide, append, evolve, answer. Fails with the behavior's refusal, or with what the journal says. */
  readonly ask: (command: Command, options?: AskOptions) => Effect.Effect<Answer, Refused | JournalError>
  /** Waits for the first state that `predicate` holds for, the present one included. Polls nothing. */
  readonly until: (predicate: (state: State) => boolean) => Effect.Effect<State>
}

/** Somebody who waits for a state: true when done. */
type Watcher<State> = (state: State) => boolean

/** What follows from the events so far. */
interface Standing<State> {
  state: State
  /** Sequence of the last event. */
  sequence: number
  /** Version of the actor's own stream. */
  version: number
  /** Versions of the streams it owns; none until it owns one. */
  owned: Map<string, number> | undefined
}

const nanosPerMicro = 1000n

/** Microseconds since the Unix epoch by the fiber's own clock, so that a test's clock counts. */
const microsOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): number => {
  const clock = Context.get(fiber.getFiberRef(DefaultServices.currentServices), Clock.Clock)
  return Number(clock.unsafeCurrentTimeNanos() / nanosPerMicro)
}

export class LocalActor<State, Command, Event extends Tagged, Answer, Refused> implements Actor<
  State,
  Command,
  Answer,
  Refused
> {
  readonly stream: string
  private readonly behavior: Behavior<State, Command, Event, Answer, Refused>
  private readonly codec: Codec<State, Command, Event>
  private readonly journal: Context.Tag.Service<Journal>
  private standing: Standing<State>
  private watchers: Set<Watcher<State>> | undefined
  private stale = true

  constructor(
    behavior: Behavior<State, Command, Event, Answer, Refused>,
    codec: Codec<State, Command, Event>,
    journal: Context.Tag.Service<Journal>,
    id: string
  ) {
    this.behavior = behavior
    this.codec = codec
    this.journal = journal
    this.stream = `${behavior.name}/${id}`
    this.standing = { state: behavior.initial, sequence: 0, version: 0, owned: undefined }
  }

  get state(): Effect.Effect<State> {
    return Effect.sync(() => this.standing.state)
  }

  unsafeState(): State {
    return this.standing.state
  }

  unsafePosition(): number {
    return this.standing.sequence
  }

  ask(command: Command, options?: AskOptions): Effect.Effect<Answer, Refused | JournalError> {
    return Effect.withFiberRuntime((fiber) => this.turn(command, options?.durability ?? "written", fiber))
  }

  until(predicate: (state: State) => boolean): Effect.Effect<State> {
    return Effect.async((resume) => {
      const watcher = (state: State): boolean => {
        const held = Either.try(() => predicate(state))
        if (Either.isRight(held) && !held.right) return false
        resume(Either.isRight(held) ? Effect.succeed(state) : Effect.die(held.left))
        return true
      }
      if (watcher(this.standing.state)) return
      const watchers = (this.watchers ??= new Set())
      watchers.add(watcher)
      return Effect.sync(() => watchers.delete(watcher))
    })
  }

  /** Reads the journal from the beginning; everything stays as it was if that fails. */
  restore(): Either.Either<void, ReadError | DecodeError> {
    const history = this.journal.history(this.stream)
    if (!isNow(history)) throw new TypeError("not yet")
    if (Either.isLeft(history)) return Either.left(history.left)
    const fresh: Standing<State> = { state: this.behavior.initial, sequence: 0, version: 0, owned: undefined }
    for (let read = 1; read > 0;) {
      const next = history.right.next()
      if (!isNow(next)) throw new TypeError("not yet")
      const page = Either.flatMap(next, (events) => this.replay(fresh, events))
      if (Either.isLeft(page)) return Either.left(page.left)
      read = page.right
    }
    this.standing = fresh
    this.stale = false
    this.notify()
    return Either.void
  }

  /** Applies recorded events to `standing`; how many there were. */
  private replay(standing: Standing<State>, events: ReadonlyArray<Envelope>): Either.Either<number, DecodeError> {
    for (const envelope of events) {
      const event = this.codec.decode(envelope)
      if (Either.isLeft(event)) return Either.left(event.left)
      standing.state = this.behavior.evolve(standing.state, event.right)
      standing.sequence = envelope.sequence
      this.setVersion(standing, envelope.stream, envelope.version)
    }
    return Either.right(events.length)
  }

  private turn<A, E>(
    command: Command,
    durability: Durability,
    fiber: Fiber.RuntimeFiber<A, E>
  ): Either.Either<Answer, Refused | JournalError> {
    if (this.stale) {
      const restored = this.restore()
      if (Either.isLeft(restored)) return Either.left(restored.left)
    }
    const { answer, events } = this.behavior.decide(this.standing.state, command)
    if (events.length === 0) {
      if (durability === "written") return answer
      const synced = this.journal.sync()
      if (!isNow(synced)) throw new TypeError("not yet")
      return Either.isLeft(synced) ? Either.left(synced.left) : answer
    }
    let next = this.standing.state
    for (const event of events) next = this.behavior.evolve(next, event)
    const appended = this.append(command, events, durability, fiber)
    if (Either.isLeft(appended)) {
      this.stale = appended.left._tag === "VersionConflict"
      return Either.left(appended.left)
    }
    this.standing.sequence = appended.right.last
    this.standing.state = next
    this.notify()
    return answer
  }

  private append<A, E>(
    command: Command,
    events: ReadonlyArray<Event>,
    durability: Durability,
    fiber: Fiber.RuntimeFiber<A, E>
  ): Either.Either<Appended, AppendError> {
    const { packed, records, streams } = this.codec.encode(this.stream, (stream) => this.versionOf(stream), events)
    const first = streams[0]
    const appended = this.journal.submit(
      {
        durability: durability === "durable" ? "written" : durability,
        time: microsOf(fiber),
        correlation:
          fiber.getFiberRef(currentCorrelation) ??
          ownCorrelation(first?.stream ?? this.stream, (first?.expected ?? this.standing.version) + 1),
        causation: fiber.getFiberRef(currentCausation),
        command: packed ? null : this.codec.encodeCommand(this.stream, command),
        streams,
        records
      },
      () => undefined
    )
    if (appended === undefined) throw new TypeError("not yet")
    if (Either.isRight(appended)) {
      for (const { count, stream } of records) {
        const name = streams[stream]?.stream ?? this.stream
        this.setVersion(this.standing, name, this.versionOf(name) + count)
      }
    }
    return appended
  }

  private versionOf(stream: string): number {
    return stream === this.stream ? this.standing.version : (this.standing.owned?.get(stream) ?? 0)
  }

  private setVersion(standing: Standing<State>, stream: string, version: number): void {
    if (stream === this.stream) standing.version = version
    else (standing.owned ??= new Map()).set(stream, version)
  }

  private notify(): void {
    if (this.watchers === undefined) return
    for (const watcher of this.watchers) {
      if (watcher(this.standing.state)) this.watchers.delete(watcher)
    }
  }
}
