/** The states of actors at a point. One that cannot be computed is shown with the reason. */
import type { DecodeError, NoSuchStream, ReadError, Replay, UnknownBehavior } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { Either } from "effect"
import type { Known } from "./Known.ts"
import type { Point } from "./Point.ts"
import type { Source } from "./Source.ts"

export interface ActorState {
  readonly source: Source
  readonly stream: string
  readonly behavior: string
  /** The actor in whose turn the stream is written; null for an actor's own stream. */
  readonly owner: string | null
  /** `sequence` of the past is the actor's last event by then, 0 if it had none. */
  readonly past: Either.Either<Replay.Past, DecodeError | UnknownBehavior>
}

export interface StatesOptions {
  /** Also the streams that actors own, each folded alone. Default: false. */
  readonly owned?: boolean
}

/** The state of one stream at a point. */
export const stateOf = (
  _known: Known,
  _point: Point,
  _stream: string
): Effect.Effect<ActorState, ReadError | NoSuchStream> => Effect.dieMessage("not there yet")

/** The state of every actor of the point's source that had an event by then, in the order of their first events. */
export const statesAt = (
  _known: Known,
  _point: Point,
  _options: StatesOptions = {}
): Effect.Effect<ReadonlyArray<ActorState>, ReadError> => Effect.dieMessage("not there yet")

/**
 * The same moment in every source: for the others, the point after their last event that the merged timeline shows before the
 * point's event.
 */
export const pointsAt = (
  _sources: ReadonlyArray<Source>,
  _point: Point
): Effect.Effect<ReadonlyArray<Point>, ReadError> => Effect.dieMessage("not there yet")
