/**
 * A turn whose events are not encoded before it is answered: its command stands for them in the journal until somebody needs them. Source:
 * `docs/decisions/0011-commands-stand-for-their-events.md`.
 *
 * D1 What is deferred can be encoded: command and events were checked against their schemas, and no event is larger than the command allows (B4 of `Behavior.ts`).
 * D2 Encoded later it is, byte for byte, the append that it would have been at once.
 */
import type { Behavior, Tagged } from "./Behavior.ts"
import type { Codec } from "./Codec.ts"
import { ownCorrelation } from "./Correlation.ts"
import type { AppendRequest, DeferredAppend, ExpectedStream } from "./JournalDriver.ts"
import type { Circumstances } from "./Request.ts"
import type { Standing } from "./Standing.ts"

/** A hash of a type of events. */
const hashes = new Map<string, number>()

/** FNV-1a. */
const [fnvBasis, fnvPrime] = [0x811c_9dc5, 0x0100_0193]

const hashOf = (type: string): number => {
  const known = hashes.get(type)
  if (known !== undefined) return known
  let hash = fnvBasis
  for (let at = 0; at < type.length; at++) hash = Math.imul(hash ^ type.charCodeAt(at), fnvPrime)
  hashes.set(type, hash)
  return hash
}

/** A number that tells lists of event types apart, nearly always: what is decided again must be what was answered. */
const fingerprintOf = (events: ReadonlyArray<Tagged>): number => {
  let print = events.length
  for (const { _tag } of events) print = Math.imul(print ^ hashOf(_tag), fnvPrime) >>> 0
  return print
}

/** Where events go: an entry for each stream, in the order in which events reach them. */
class Routed {
  readonly streams: Array<ExpectedStream> = []
  readonly counts: Array<number> = []

  add(identity: Omit<ExpectedStream, "expected">, expected: (stream: string) => number): void {
    const { stream } = identity
    let at = 0
    while (at < this.streams.length && this.streams[at]?.stream !== stream) at++
    if (at === this.streams.length) {
      this.streams.push({ ...identity, expected: expected(stream) })
      this.counts.push(0)
    }
    this.counts[at] = (this.counts[at] ?? 0) + 1
  }

  expectedOf(stream: string): number {
    return this.streams.find((each) => each.stream === stream)?.expected ?? 0
  }
}

interface Source<State, Command, Event extends Tagged, Answer, Refused> {
  readonly behavior: Behavior<State, Command, Event, Answer, Refused>
  readonly codec: Codec<State, Command, Event>
}

/** The append of a turn of the actor `stream`, not encoded yet; undefined where it has to be encoded at once. `events` is not empty. */
export const deferredOf = <State, Command, Event extends Tagged, Answer, Refused>(
  { behavior, codec }: Source<State, Command, Event, Answer, Refused>,
  stream: string,
  standing: Standing<State>,
  command: Command,
  events: ReadonlyArray<Event>,
  { causation, correlation, time }: Circumstances
): DeferredAppend | undefined => {
  if (!behavior.repeatable(command) || !codec.holds(events)) return undefined
  const routed = new Routed()
  const versionOf = (name: string): number => standing.versionOf(stream, name)
  for (const event of events) {
    const route = behavior.route(event)
    routed.add(
      route === undefined
        ? { stream, behavior: behavior.name, owner: null }
        : { stream: `${stream}/${route.suffix}`, behavior: route.behavior, owner: stream },
      versionOf
    )
  }
  const { counts, streams } = routed
  const first = streams[0]
  const context = {
    time,
    correlation: correlation ?? ownCorrelation(first?.stream ?? stream, (first?.expected ?? standing.version) + 1),
    causation
  }
  const encoded = codec.encodeCommand(stream, command)
  const encode = (): AppendRequest => {
    const { records } = codec.encode(stream, (name) => routed.expectedOf(name), events)
    return { ...context, durability: "written", command: encoded, streams, records }
  }
  return {
    ...context,
    behavior: behavior.name,
    command: encoded,
    streams,
    counts,
    fingerprint: fingerprintOf(events),
    encode
  }
}
