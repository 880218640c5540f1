/**
 * What the runtime records about its actors: each defect that stopped one. Its streams are `supervision/<stream of the actor>`, so that a
 * broken actor's own history stays what its behavior wrote.
 */
import { Schema } from "effect"
import * as Behavior from "./Behavior.ts"

/** Characters of a defect's text that are kept. */
const maxDefectLength = 4096

const stopped = {
  /** Stream of the actor. */
  stream: Schema.String,
  /** The actor's last event before; 0 if it had none. */
  sequence: Schema.NonNegativeInt,
  /** JSON text of the command in whose turn it happened. */
  command: Schema.String,
  /** What was thrown, with its stack where it has one. */
  defect: Schema.String
}

const Stop = Schema.TaggedStruct("Stop", stopped)
const ActorStopped = Schema.TaggedStruct("ActorStopped", stopped)

/** How often an actor was stopped by a defect, and by which one last. */
const Supervised = Schema.Struct({ stops: Schema.NonNegativeInt, defect: Schema.NullOr(Schema.String) })

/** The behavior of the streams in which defects are recorded; into the registry of whoever reads a journal. */
export const behavior: Behavior.Behavior<
  typeof Supervised.Type,
  typeof Stop.Type,
  typeof ActorStopped.Type,
  void,
  never
> = Behavior.make({
  name: "supervision",
  version: 1,
  state: Supervised,
  command: Stop,
  event: ActorStopped,
  initial: { stops: 0, defect: null },
  decide: (_, command) => Behavior.accept([{ ...command, _tag: "ActorStopped" } as const], undefined),
  evolve: (state, { defect }) => ({ stops: state.stops + 1, defect })
})

/** What was thrown, as text for the journal. */
export const defectText = (thrown: unknown): string =>
  (thrown instanceof Error ? (thrown.stack ?? `${thrown.name}: ${thrown.message}`) : String(thrown)).slice(
    0,
    maxDefectLength
  )
