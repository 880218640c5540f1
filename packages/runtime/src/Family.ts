/** The actors of one behavior, and what they share. */
import type { Context, Duration } from "effect"
import { Cause, Effect } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import { codecOf } from "./Codec.ts"
import type { Codec } from "./Codec.ts"
import { toUtf8 } from "./internal/utf8.ts"
import type { Journal } from "./Journal.ts"
import type { JournalError } from "./JournalError.ts"
import { LocalActor } from "./LocalActor.ts"
import type { Signal } from "./Signal.ts"
import type { Standing } from "./Standing.ts"

/** How a system keeps its actors. */
export interface ActorOptions {
  /** A snapshot is kept after this many events of an actor since its last one. */
  readonly snapshotEvents: number
  /** The same by bytes of payloads. */
  readonly snapshotBytes: number
  /** An actor that had no turn for this long passes out of memory, and is restored when it is addressed again. */
  readonly idle: Duration.DurationInput
}

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

export class Family<State, Command, Event extends Tagged, Answer, Refused> {
  readonly behavior: Behavior<State, Command, Event, Answer, Refused>
  readonly codec: Codec<State, Command, Event>
  readonly journal: Context.Tag.Service<Journal>
  readonly options: ActorOptions
  private readonly surroundings: Surroundings
  /** By stream. */
  private readonly actors = new Map<string, LocalActor<State, Command, Event, Answer, Refused>>()

  constructor(behavior: Behavior<State, Command, Event, Answer, Refused>, surroundings: Surroundings) {
    this.behavior = behavior
    this.codec = codecOf(behavior)
    this.journal = surroundings.journal
    this.options = surroundings.options
    this.surroundings = surroundings
  }

  get size(): number {
    return this.actors.size
  }

  /** The actor of a stream; a new one is not restored yet. */
  get(stream: string): LocalActor<State, Command, Event, Answer, Refused> {
    const known = this.actors.get(stream)
    if (known !== undefined) return known
    return this.enter(new LocalActor(this, stream))
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

  /** Lets go of actors that were not used since `before` (microseconds since the Unix epoch). */
  passivate(before: number): void {
    for (const [stream, actor] of this.actors) if (actor.passivate(before)) this.actors.delete(stream)
  }

  /** The next use of these actors starts from the journal. */
  restart(stream: string): void {
    this.actors.get(stream)?.stop()
  }

  /** Keeps a snapshot of where an actor stands. A failure is logged: the journal has all that matters. */
  keepSnapshot(stream: string, standing: Standing<State>): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.journal.saveSnapshot({
        stream,
        sequence: standing.sequence,
        behaviorVersion: this.behavior.version,
        versions: standing.versions(stream),
        state: toUtf8(this.codec.encodeState(standing.published))
      })
    ).pipe(Effect.catchAllCause((cause) => Effect.logWarning(`no snapshot of ${stream} was kept`, cause)))
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
