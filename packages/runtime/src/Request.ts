/** From the events of a turn to the append that records them, with what the fiber knows: time, correlation, causation. */
import { Clock, Context, DefaultServices } from "effect"
import type { Fiber } from "effect"
import type { Codec } from "./Codec.ts"
import { currentCausation, currentCorrelation, ownCorrelation } from "./Correlation.ts"
import type { Durability } from "./Envelope.ts"
import type { AppendRequest } from "./JournalDriver.ts"
import type { Standing } from "./Standing.ts"

const nanosPerMicro = 1000n

/** Microseconds since the Unix epoch by the fiber's own clock, so that a test's clock counts. */
export const microsOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): number => {
  const clock = Context.get(fiber.getFiberRef(DefaultServices.currentServices), Clock.Clock)
  return Number(clock.unsafeCurrentTimeNanos() / nanosPerMicro)
}

/** What a turn decided. `events` is not empty. */
interface Decided<Command, Event> {
  readonly command: Command
  readonly events: ReadonlyArray<Event>
  readonly durability: Durability
}

/** The append of a turn of the actor `stream`. Throws what the schemas say about a command or an event outside them. */
export const requestOf = <State, Command, Event, A, E>(
  { codec }: { readonly codec: Codec<State, Command, Event> },
  stream: string,
  standing: Standing<State>,
  { command, durability, events }: Decided<Command, Event>,
  fiber: Fiber.RuntimeFiber<A, E>
): AppendRequest => {
  const { packed, records, streams } = codec.encode(stream, (name) => standing.versionOf(stream, name), events)
  const first = streams[0]
  return {
    durability,
    time: microsOf(fiber),
    correlation:
      fiber.getFiberRef(currentCorrelation) ??
      ownCorrelation(first?.stream ?? stream, (first?.expected ?? standing.version) + 1),
    causation: fiber.getFiberRef(currentCausation),
    command: packed ? null : codec.encodeCommand(stream, command),
    streams,
    records
  }
}
