/** The events of one or several sources as one timeline: by time, an event never before the one that led to it. */
import type { ReadError } from "@stopcopy/runtime"
import { Stream } from "effect"
import type { InvalidPattern } from "./DebuggerError.ts"
import type { Filter } from "./Filter.ts"
import type { Known } from "./Known.ts"
import type { Moment } from "./Moment.ts"
import type { Source } from "./Source.ts"

/** Every moment that the filter lets through. Reads in pages. */
export const timeline = (
  _sources: ReadonlyArray<Source>,
  _known: Known,
  _filter: Filter = {}
): Stream.Stream<Moment, ReadError | InvalidPattern> => Stream.dieMessage("not there yet")
