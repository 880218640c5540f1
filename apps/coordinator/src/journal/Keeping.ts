/**
 * What is kept of the history, as a behavior: stream `keeping/main`. At the end of each period base events stand for all that was; what lies before those
 * of the period before is then taken out. So history is whole for one period at least and for two at most, and what is older is kept as the last
 * state of each actor: a migration with its verdict, steps and downtime, an answered request, the fleet.
 */
import { Behavior } from "@stopcopy/runtime"
import { Schema } from "effect"

/** Base events for everything, the first of them in this batch; `at` in milliseconds since 1970. */
const Mark = Schema.Struct({ batch: Schema.Int, at: Schema.Finite })

const State = Schema.Struct({
  /** The end of the last period; none before the first. */
  mark: Schema.NullOr(Mark),
  /** What is before this batch is not needed any more, and may be there still; none: nothing. */
  removable: Schema.NullOr(Schema.Int)
})
type State = typeof State.Type

export const behavior = Behavior.make({
  name: "keeping",
  version: 1,
  state: State,
  command: Schema.Union(
    /** A period ends: there are base events for everything from this batch on. */
    Schema.TaggedStruct("EndPeriod", Mark.fields),
    /** What could be removed has been. */
    Schema.TaggedStruct("NoteRemoved", { batch: Schema.Int })
  ),
  event: Schema.Union(
    Schema.TaggedStruct("PeriodEnded", Mark.fields),
    Schema.TaggedStruct("HistoryRemoved", { batch: Schema.Int })
  ),
  initial: { mark: null, removable: null },
  decide: (state, command) => {
    if (command._tag === "EndPeriod") {
      const { at, batch } = command
      return Behavior.accept([{ _tag: "PeriodEnded" as const, batch, at }], undefined)
    }
    const { batch } = command
    const isNews = state.removable === batch
    return Behavior.accept(isNews ? [{ _tag: "HistoryRemoved" as const, batch }] : [], undefined)
  },
  evolve: (state: State, event): State =>
    event._tag === "PeriodEnded"
      ? { mark: { batch: event.batch, at: event.at }, removable: state.mark?.batch ?? null }
      : { ...state, removable: null }
})

/** How long until the period ends, in milliseconds; 0 if it is over, or there was none. */
export const untilEnd = ({ mark }: State, periodMillis: number, now: number): number =>
  mark === null ? 0 : Math.max(0, mark.at + periodMillis - now)
