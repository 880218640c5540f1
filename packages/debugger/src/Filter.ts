/** Which events are shown: every condition that is given must hold. */
import { Either } from "effect"
import { InvalidPattern } from "./DebuggerError.ts"
import type { Moment } from "./Moment.ts"

export interface Filter {
  /** This stream and those it owns. */
  readonly stream?: string
  /** This event type. */
  readonly type?: string
  /** Stands in the stream's name, the type or the payload's JSON text. */
  readonly text?: string
  /** A regular expression found in one of the same three. */
  readonly pattern?: string
  readonly correlation?: string
  /** Only failures (`Failures.ts`). */
  readonly failures?: boolean
  /** Microseconds since the Unix epoch, both included. */
  readonly from?: number
  readonly to?: number
}

/** True for the events that are shown. */
export type Test = (moment: Moment) => boolean

/** The regular expression in a text, with Unicode; fails with what is wrong about it. */
export const parsePattern = (pattern: string): Either.Either<RegExp, InvalidPattern> =>
  Either.try({
    try: () => new RegExp(pattern, "u"),
    catch: (thrown) => new InvalidPattern({ pattern, reason: String(thrown).replace(/^.*: /s, "") })
  })

/** What holds for one of the texts of an event. The payload is last: making its text costs most. */
export const anyText = ({ envelope, json }: Moment, holds: (text: string) => boolean): boolean =>
  holds(envelope.stream) || holds(envelope.type) || holds(json)

const cheap = ({ correlation, from, stream, to, type }: Filter): Test => {
  return ({ envelope }) =>
    (stream === undefined || envelope.stream === stream || envelope.owner === stream) &&
    (type === undefined || envelope.type === type) &&
    (correlation === undefined || envelope.correlation === correlation) &&
    (from === undefined || envelope.time >= from) &&
    (to === undefined || envelope.time <= to)
}

/** The filter as one test; cheap conditions first. */
export const compileFilter = (filter: Filter): Either.Either<Test, InvalidPattern> => {
  const { failures, pattern, text } = filter
  const first = cheap(filter)
  const regex = pattern === undefined ? Either.right(undefined) : parsePattern(pattern)
  return Either.map(
    regex,
    (found): Test =>
      (moment) =>
        first(moment) &&
        (text === undefined || anyText(moment, (each) => each.includes(text))) &&
        (found === undefined || anyText(moment, (each) => found.test(each))) &&
        (failures !== true || moment.failure !== undefined)
  )
}
