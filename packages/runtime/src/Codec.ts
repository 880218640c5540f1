/**
 * Events of a behavior to stored records and back: JSON text, or entries of a packed run. Schemas meet bytes here and
 * nowhere else.
 */
import { Either, ParseResult, Schema } from "effect"
import type { Behavior, Packing, Tagged } from "./Behavior.ts"
import { encodings, maxRunEntries } from "./Envelope.ts"
import type { Envelope } from "./Envelope.ts"
import type { ExpectedStream, NewCommand, NewRecord } from "./JournalDriver.ts"
import { RedactedEvent, UndecodableEvent } from "./JournalError.ts"
import type { DecodeError } from "./JournalError.ts"

/** Events ready to be appended. `packed`: all are entries of runs in the actor's own stream. */
interface EncodedEvents {
  readonly streams: ReadonlyArray<ExpectedStream>
  readonly records: ReadonlyArray<NewRecord>
  readonly packed: boolean
}

/** What a behavior's values look like in a journal. */
export interface Codec<Command, Event> {
  /**
   * Records for `events`, in their order, of the actor whose own stream is `stream`. Throws what the schema says about an
   * event outside it: that is a defect of the behavior.
   */
  readonly encode: (
    stream: string,
    versionOf: (stream: string) => number,
    events: ReadonlyArray<Event>
  ) => EncodedEvents
  readonly encodeCommand: (stream: string, command: Command) => NewCommand
  /** The event in an envelope of this behavior's stream, or of a stream it owns. */
  readonly decode: (envelope: Envelope) => Either.Either<Event, DecodeError>
}

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder("utf-8", { fatal: true })

/** A run of packed events, from one place in a turn's events on. */
interface Run {
  readonly count: number
  readonly payload: Uint8Array
}

/** One past the last event from `start` on that may be in the same run: of the packed type, in the actor's own stream. */
const runEnd = <State, Command, Event extends Tagged, Answer, Refused>(
  { packing, route }: Behavior<State, Command, Event, Answer, Refused>,
  events: ReadonlyArray<Event>,
  start: number
): number => {
  let end = start
  for (const event of events.slice(start, start + maxRunEntries)) {
    if (event._tag !== packing?.type || route(event) !== undefined) break
    end++
  }
  return end
}

/** The run that begins at `start`; undefined if that event is not packed, or does not fit the form. */
const runAt = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  events: ReadonlyArray<Event>,
  start: number
): Run | undefined => {
  const { packing } = behavior
  const end = runEnd(behavior, events, start)
  if (packing === undefined || end === start) return undefined
  const bytes = new Uint8Array((end - start) * packing.entryBytes)
  const view = new DataView(bytes.buffer)
  let count = 0
  for (const event of events.slice(start, end)) {
    if (!packing.write(event, view, count * packing.entryBytes)) break
    count++
  }
  return count === 0 ? undefined : { count, payload: bytes.subarray(0, count * packing.entryBytes) }
}

/** The streams that an append touches, in the order in which events reach them. */
class TouchedStreams {
  readonly streams: Array<ExpectedStream> = []
  private readonly versionOf: (stream: string) => number

  constructor(versionOf: (stream: string) => number) {
    this.versionOf = versionOf
  }

  indexOf(stream: string, behavior: string, owner: string | null): number {
    const known = this.streams.findIndex((each) => each.stream === stream)
    if (known >= 0) return known
    return this.streams.push({ stream, behavior, owner, expected: this.versionOf(stream) }) - 1
  }
}

const encoder = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>
): Codec<Command, Event>["encode"] => {
  const toJson = Schema.encodeSync(behavior.event)
  const { name, version: schemaVersion } = behavior
  return (stream, versionOf, events) => {
    const touched = new TouchedStreams(versionOf)
    const records: Array<NewRecord> = []
    let packed = true
    for (let index = 0; index < events.length; index += records.at(-1)?.count ?? 1) {
      const event = events[index]
      if (event === undefined) break
      const run = runAt(behavior, events, index)
      const route = run === undefined ? behavior.route(event) : undefined
      packed &&= run !== undefined
      records.push({
        stream:
          route === undefined
            ? touched.indexOf(stream, name, null)
            : touched.indexOf(`${stream}/${route.suffix}`, route.behavior, stream),
        type: event._tag,
        schemaVersion,
        encoding: run === undefined ? encodings.json : encodings.packed,
        count: run?.count ?? 1,
        payload: run?.payload ?? utf8.encode(toJson(event))
      })
    }
    return { streams: touched.streams, records, packed }
  }
}

/** Decodes the JSON text of an event; the reason in one line where that fails. */
const fromJson = <Event>(schema: Schema.Schema<Event, string>) => {
  const decode = Schema.decodeEither(schema)
  return (payload: Uint8Array): Either.Either<Event, string> =>
    Either.flatMap(
      Either.try({ try: () => fromUtf8.decode(payload), catch: () => "the payload is not UTF-8 text" }),
      (text) =>
        Either.mapLeft(decode(text), (error) =>
          ParseResult.TreeFormatter.formatErrorSync(error).replaceAll(/\s+/g, " ")
        )
    )
}

const fromEntry = <Event>(packing: Packing<Event> | undefined, envelope: Envelope, payload: Uint8Array) => {
  if (packing === undefined || packing.type !== envelope.type)
    return Either.left("its behavior does not pack this type")
  if (payload.byteLength !== packing.entryBytes) {
    return Either.left(`the entry has ${payload.byteLength} bytes, not ${packing.entryBytes}`)
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  return Either.right(packing.read(view, 0))
}

/** The codec of a behavior. Keep it: making one compiles the schemas. */
export const codecOf = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>
): Codec<Command, Event> => {
  const parse = fromJson(behavior.event)
  const commandToJson = Schema.encodeSync(behavior.command)
  const read = (envelope: Envelope, payload: Uint8Array): Either.Either<Event, string> => {
    if (envelope.schemaVersion > behavior.version) {
      return Either.left(
        `its schema version ${envelope.schemaVersion} is newer than ${behavior.version}, use a newer release`
      )
    }
    if (envelope.encoding === encodings.json) return parse(payload)
    if (envelope.encoding === encodings.packed) return fromEntry(behavior.packing, envelope, payload)
    return Either.left(`encoding ${envelope.encoding} is not known, use a newer release`)
  }
  const decode = (envelope: Envelope): Either.Either<Event, DecodeError> => {
    const { payload, sequence, stream, type } = envelope
    if (payload === null) return Either.left(new RedactedEvent({ sequence, stream, type }))
    return Either.mapLeft(read(envelope, payload), (reason) => new UndecodableEvent({ sequence, stream, type, reason }))
  }
  const encodeCommand = (stream: string, command: Command): NewCommand => ({
    stream,
    schemaVersion: behavior.version,
    bytes: utf8.encode(commandToJson(command))
  })
  return { encode: encoder(behavior), encodeCommand, decode }
}
