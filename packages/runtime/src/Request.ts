/** From the events of a turn to the append that records them, with what the fiber knows: time, correlation, causation. */
import type { Fiber } from "effect"
import type { Codec } from "./Codec.ts"
import { currentCausation, currentCorrelation, ownCorrelation } from "./Correlation.ts"
import type { Durability } from "./Envelope.ts"
import type { AppendRequest } from "./JournalDriver.ts"
import { clockOf, microsBy, microsOf } from "./Micros.ts"
import type { Standing } from "./Standing.ts"

/** What a fiber knows of what it records. */
export interface Circumstances {
  /** Microseconds since the Unix epoch. */
  readonly time: number
  /** Undefined: each append is its own correlation. */
  readonly correlation: string | undefined
  readonly causation: string | null
}

/** What the fiber knows now: the same for all turns of one call. */
export const circumstancesOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Circumstances => ({
  time: microsOf(fiber),
  correlation: fiber.getFiberRef(currentCorrelation),
  causation: fiber.getFiberRef(currentCausation)
})

/** The same, asked again and again without the fiber: the time is that of its clock. */
export const circumstancesFrom = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): (() => Circumstances) => {
  const clock = clockOf(fiber)
  const correlation = fiber.getFiberRef(currentCorrelation)
  const causation = fiber.getFiberRef(currentCausation)
  return () => ({ time: microsBy(clock), correlation, causation })
}

/** True if there is no correlation or causation that would have to be recorded. */
export const isPlain = ({ causation, correlation }: Circumstances): boolean =>
  correlation === undefined && causation === null

/** What a turn decided. `events` is not empty. */
interface Decided<Command, Event> {
  readonly command: Command
  readonly events: ReadonlyArray<Event>
  readonly durability: Durability
}

/** The append of a turn of the actor `stream`. Throws what the schemas say about a command or an event outside them. */
export const requestOf = <State, Command, Event>(
  { codec }: { readonly codec: Codec<State, Command, Event> },
  stream: string,
  standing: Standing<State>,
  { command, durability, events }: Decided<Command, Event>,
  { causation, correlation, time }: Circumstances
): AppendRequest => {
  const { packed, records, streams } = codec.encode(stream, (name) => standing.versionOf(stream, name), events)
  const first = streams[0]
  return {
    durability,
    time,
    correlation: correlation ?? ownCorrelation(first?.stream ?? stream, (first?.expected ?? standing.version) + 1),
    causation,
    command: packed || codec.implies(events) ? null : codec.encodeCommand(stream, command),
    streams,
    records
  }
}
