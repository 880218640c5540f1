/**
 * A turn whose events are not encoded before it is answered: its command stands for them in the journal until somebody needs them. Source:
 * `docs/decisions/0012-commands-stand-for-their-events.md`.
 *
 * D1 What is deferred can be encoded: command and events were checked against their schemas, and no event is larger than the command allows (B4 of `Behavior.ts`).
 * D2 Encoded later it is, byte for byte, the append that it would have been at once.
 */
import type { Behavior, Tagged } from "./Behavior.ts"
import type { Codec } from "./Codec.ts"
import { ownCorrelation } from "./Correlation.ts"
import type { DeferredAppend, ExpectedStream } from "./JournalDriver.ts"
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
  /** Of each stream, behind the actor's own name; none for that itself. */
  private readonly suffixes: Array<string | undefined> = []

  /** One more event of a stream; false where that is not known yet. */
  counted(suffix: string | undefined): boolean {
    for (let at = 0; at < this.suffixes.length; at++) {
      if (this.suffixes[at] !== suffix) continue
      this.counts[at] = (this.counts[at] ?? 0) + 1
      return true
    }
    return false
  }

  begin(suffix: string | undefined, stream: ExpectedStream): void {
    this.suffixes.push(suffix)
    this.streams.push(stream)
    this.counts.push(1)
  }

  expectedOf(stream: string): number {
    for (const each of this.streams) if (each.stream === stream) return each.expected
    return 0
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
  for (const event of events) {
    const route = behavior.route(event)
    if (routed.counted(route?.suffix)) continue
    const name = route === undefined ? stream : `${stream}/${route.suffix}`
    const expected = standing.versionOf(stream, name)
    routed.begin(
      route?.suffix,
      route === undefined
        ? { stream, behavior: behavior.name, owner: null, expected }
        : { stream: name, behavior: route.behavior, owner: stream, expected }
    )
  }
  const { counts, streams } = routed
  const first = streams[0]
  const own = correlation ?? ownCorrelation(first?.stream ?? stream, (first?.expected ?? standing.version) + 1)
  const encoded = codec.encodeCommand(stream, command)
  return {
    time,
    correlation: own,
    causation,
    behavior: behavior.name,
    command: encoded,
    streams,
    counts,
    fingerprint: fingerprintOf(events),
    encode: () => {
      const { records } = codec.encode(stream, (name) => routed.expectedOf(name), events)
      return { time, correlation: own, causation, durability: "written", command: encoded, streams, records }
    }
  }
}
