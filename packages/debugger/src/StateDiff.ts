/** What changed in the states of actors between two points. */
import type { NoSuchStream, ReadError } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { Change } from "./Diff.ts"
import type { Known } from "./Known.ts"
import type { Point } from "./Point.ts"
import type { ActorState, StatesOptions } from "./States.ts"

/** What changed in one actor. `before` is undefined if it had no event then. */
export interface ActorDiff {
  readonly stream: string
  readonly behavior: string
  readonly before: ActorState | undefined
  readonly after: ActorState | undefined
  /** Of the JSON of both states, an actor that was not there yet counts as its initial state; empty where one is unknown. */
  readonly changes: ReadonlyArray<Change>
}

export interface DiffOptions extends StatesOptions {
  /** Only this actor. */
  readonly stream?: string
}

/** The actors that differ between two points of one source, or of two, and those whose state is unknown at one of them. */
export const diffStates = (
  _known: Known,
  _from: Point,
  _to: Point,
  _options: DiffOptions = {}
): Effect.Effect<ReadonlyArray<ActorDiff>, ReadError | NoSuchStream> => Effect.dieMessage("not there yet")
