/** What the actors of one behavior share: its rules, their journal, and what their system does for them. `Family.ts` is the one there is. */
import type { Context, Duration, Effect, Either } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import type { Codec } from "./Codec.ts"
import type { Journal } from "./Journal.ts"
import type { JournalFull, JournalUnavailable } from "./JournalError.ts"
import type { Recorder } from "./Recorder.ts"
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

export interface Kind<State, Command, Event extends Tagged, Answer, Refused> {
  readonly behavior: Behavior<State, Command, Event, Answer, Refused>
  readonly codec: Codec<State, Command, Event>
  readonly journal: Context.Tag.Service<Journal>
  readonly options: ActorOptions
  /** True if packed events of these actors go to tapes. */
  readonly isTaped: boolean
  /** True if these actors' repeatable commands may stand for their events in the journal. */
  readonly isDeferred: boolean
  /** A recorder on the tape of an actor. */
  readonly record: (stream: string) => Either.Either<Recorder<Event, Command>, JournalUnavailable | JournalFull>
  /** Keeps a snapshot of where an actor stands at that moment, if it does. A failure is logged: the journal has all that matters. */
  readonly keepSnapshot: (stream: string, standing: () => Standing<State> | undefined) => Effect.Effect<void>
  /** Records that a defect stopped an actor, then dies of it; of the journal's failure too, where that could not be recorded. */
  readonly stopped: (stream: string, sequence: number, command: Command, defect: unknown) => Effect.Effect<never>
}
