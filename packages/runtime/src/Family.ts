/** The actors of one behavior, and what they share. */
import type { Context } from "effect"
import { Cause, Effect, Either } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import { codecOf } from "./Codec.ts"
import type { Codec } from "./Codec.ts"
import { toUtf8 } from "./internal/utf8.ts"
import type { Journal } from "./Journal.ts"
import { JournalUnavailable } from "./JournalError.ts"
import type { AppendError, JournalError, JournalFull } from "./JournalError.ts"
import type { ActorOptions, Kind } from "./Kind.ts"
import { LocalActor } from "./LocalActor.ts"
import { Recorder } from "./Recorder.ts"
import type { Signal } from "./Signal.ts"
import type { Standing } from "./Standing.ts"

/** Writes down that a defect stopped an actor. */
type RecordStop = (stop: {
  readonly stream: string
  readonly sequence: number
  readonly command: string
  readonly defect: unknown
}) => Effect.Effect<void, JournalError>

/** What the families of a system share. */
interface Surroundings {
  readonly journal: Context.Tag.Service<Journal>
  readonly options: ActorOptions
  /** Raised by every actor that comes into memory. */
  readonly arrivals: Signal
  readonly recordStop: RecordStop
}

export class Family<State, Command, Event extends Tagged, Answer, Refused> implements Kind<
  State,
  Command,
  Event,
  Answer,
  Refused
> {
  readonly behavior: Behavior<State, Command, Event, Answer, Refused>
  readonly codec: Codec<State, Command, Event>
  readonly journal: Context.Tag.Service<Journal>
  readonly options: ActorOptions
  private readonly surroundings: Surroundings
  /** By stream. */
  private readonly actors = new Map<string, LocalActor<State, Command, Event, Answer, Refused>>()

  constructor(behavior: Behavior<State, Command, Event, Answer, Refused>, surroundings: Surroundings) {
    this.behavior = behavior
    this.codec = codecOf(behavior, surroundings.journal.keepsValues)
    this.journal = surroundings.journal
    this.options = surroundings.options
    this.surroundings = surroundings
  }

  /** True if packed events of these actors go to tapes. */
  get isTaped(): boolean {
    return this.journal.tapes !== undefined && this.behavior.packing !== undefined
  }

  /** True if these actors' repeatable commands may stand for their events in the journal. */
  get isDeferred(): boolean {
    return this.journal.deferring?.knows(this.behavior.name) === true
  }

  /** A recorder on the tape of an actor. */
  record(stream: string): Either.Either<Recorder<Event, Command>, JournalUnavailable | JournalFull> {
    const { behavior, journal } = this
    const { packing } = behavior
    if (packing === undefined || journal.tapes === undefined) throw new TypeError(`${behavior.name} has no tapes`)
    const { tapes } = journal
    const { entryBytes, type } = packing
    const identity = { stream, behavior: behavior.name, schemaVersion: behavior.version, type, entryBytes }
    return Either.mapBoth(tapes.open(identity), {
      onLeft: (error) =>
        error._tag === "JournalFull" ? error : new JournalUnavailable({ journal: journal.name, reason: error.message }),
      onRight: (tape) => new Recorder(journal, tapes, tape, identity, packing)
    })
  }

  /** Ends the tapes of all actors; the first error, after all were tried. */
  endTapes(): Either.Either<void, AppendError> {
    let result: Either.Either<void, AppendError> = Either.void
    for (const actor of this.actors.values()) {
      const ended = actor.endTape()
      if (Either.isLeft(ended) && Either.isRight(result)) result = ended
    }
    return result
  }

  get size(): number {
    return this.actors.size
  }

  /** The actor of a stream; a new one is not restored yet. */
  get(stream: string): LocalActor<State, Command, Event, Answer, Refused> {
    const known = this.actors.get(stream)
    if (known !== undefined) return known
    return this.enter(new LocalActor(this, stream, this))
  }

  /** The one actor that has the name of `actor` now: itself, unless another came while it was passive. */
  current(
    actor: LocalActor<State, Command, Event, Answer, Refused>
  ): LocalActor<State, Command, Event, Answer, Refused> {
    return this.actors.get(actor.stream) ?? this.enter(actor)
  }

  private enter(
    actor: LocalActor<State, Command, Event, Answer, Refused>
  ): LocalActor<State, Command, Event, Answer, Refused> {
    this.actors.set(actor.stream, actor)
    this.surroundings.arrivals.raise()
    return actor
  }

  /** Lets go of actors without a turn for `idle` microseconds before `now` (microseconds since the Unix epoch). */
  passivate(now: number, idle: number): void {
    for (const [stream, actor] of this.actors) if (actor.passivate(now, idle)) this.actors.delete(stream)
  }

  /** Runs `effect`, which writes to the streams of an actor, between two of its turns; it comes into memory for no longer than that. */
  between<A, E, R>(stream: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const actor = this.get(stream)
      return Effect.ensuring(
        actor.between(effect),
        Effect.sync(() => {
          if (actor.passivate(0, 0)) this.actors.delete(stream)
        })
      )
    })
  }

  /** The next use of these actors starts from the journal. */
  restart(stream: string): void {
    this.actors.get(stream)?.stop()
  }

  /** Keeps a snapshot of where an actor stands at that moment, if it does. A failure is logged: the journal has all that matters. */
  keepSnapshot(stream: string, standing: () => Standing<State> | undefined): Effect.Effect<void> {
    return Effect.suspend(() => {
      const now = standing()
      if (now === undefined) return Effect.void
      return this.journal.saveSnapshot({
        stream,
        sequence: now.sequence,
        behaviorVersion: this.behavior.version,
        versions: now.versions(stream),
        state: toUtf8(this.codec.encodeState(now.published))
      })
    }).pipe(Effect.catchAllCause((cause) => Effect.logWarning(`no snapshot of ${stream} was kept`, cause)))
  }

  /** Records that a defect stopped an actor, then dies of it; of the journal's failure too, where that could not be recorded. */
  stopped(stream: string, sequence: number, command: Command, defect: unknown): Effect.Effect<never> {
    const text = Effect.sync(() => this.codec.commandJson(command))
    return Effect.flatMap(text, (json) =>
      this.surroundings.recordStop({ stream, sequence, command: json, defect })
    ).pipe(
      Effect.matchCauseEffect({
        onSuccess: () => Effect.die(defect),
        onFailure: (cause) => Effect.failCause(Cause.parallel(Cause.die(defect), Cause.die(Cause.squash(cause))))
      })
    )
  }
}
