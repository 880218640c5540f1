/** Which event last set a field of an actor's state, and every event that set it before. */
import type { DecodeError, NoSuchStream, ReadError, UnknownBehavior } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { NoSuchField } from "./DebuggerError.ts"
import type { Known } from "./Known.ts"
import type { Moment } from "./Moment.ts"
import type { Source } from "./Source.ts"

/** One event that changed the field. `undefined`: the field was not there. */
export interface Setting {
  readonly moment: Moment
  readonly old: unknown
  readonly new: unknown
}

export interface Blame {
  readonly stream: string
  readonly behavior: string
  readonly field: string
  /** Before the first event that is kept. */
  readonly first: unknown
  /** Oldest first. Empty: no event ever set it. */
  readonly history: ReadonlyArray<Setting>
  /** The event that last set it. */
  readonly last: Setting | undefined
}

/** `field` is written as `formatPath` does: `files.0.position`. `upTo`: only events up to this sequence. */
export const blame = (
  _known: Known,
  _source: Source,
  _stream: string,
  _field: string,
  _upTo: number = Number.MAX_SAFE_INTEGER
): Effect.Effect<Blame, ReadError | DecodeError | UnknownBehavior | NoSuchStream | NoSuchField> =>
  Effect.dieMessage("not there yet")
