/**
 * Values of a behavior to stored bytes and back: JSON text of any schema version up to the present one, or entries of a packed run.
 * Schemas meet bytes here and nowhere else.
 */
import { Either, ParseResult, Schema } from "effect"
import type { Behavior, Json, Packing, Tagged, Upcaster } from "./Behavior.ts"
import { baseType, encodings } from "./Envelope.ts"
import type { Bytes, Recorded, StoredCommand } from "./Envelope.ts"
import { encoder, fitter } from "./Encoder.ts"
import type { EncodedEvents } from "./Encoder.ts"
import { isPlain, jsonEncoder, lazyJsonEncoder, plainGuard, throughSchema } from "./internal/jsonEncoder.ts"
import { fastPart } from "./internal/fastEncoder.ts"
import { wasWritten } from "./internal/wasWritten.ts"
import { fromUtf8 } from "./internal/utf8.ts"
import type { NewCommand } from "./JournalDriver.ts"
import { RedactedEvent, UndecodableEvent } from "./JournalError.ts"
import type { DecodeError } from "./JournalError.ts"

/** What a behavior's values look like in a journal. */
export interface Codec<State, Command, Event> {
  /**
   * Records for `events`, in their order, of the actor whose own stream is `stream`. Throws what the schema says about an
   * event outside it: that is a defect of the behavior.
   */
  readonly encode: (
    stream: string,
    versionOf: (stream: string) => number,
    events: ReadonlyArray<Event>
  ) => EncodedEvents
  /** True if every one of these events is packed: an entry is the command and the event. */
  readonly isPacked: (events: ReadonlyArray<Event>) => boolean
  /** True if the first of these events tells the command that led to them: it is not stored. */
  readonly implies: (events: ReadonlyArray<Event>) => boolean
  /** True if all of these events are inside their schema, and are neither packed nor tell their command. */
  readonly holds: (events: ReadonlyArray<Event>) => boolean
  readonly encodeCommand: (stream: string, command: Command) => NewCommand
  /** JSON text of a state. Throws where the state is outside its schema, or has a number that JSON does not have. */
  readonly encodeState: (state: State) => string
  /** JSON text of a command. Throws as `encodeState`. */
  readonly commandJson: (command: Command) => string
  /** JSON text of an event. Throws as `encodeState`. */
  readonly encodeEvent: (event: Event) => string
  /** The event in an envelope of this behavior's stream, or of a stream it owns. */
  readonly decode: (envelope: Recorded) => Either.Either<Event, DecodeError>
  /**
   * The same for an event whose bytes are known to be what this behavior wrote: its hash chain was verified. Where a value is its own
   * encoded form, it is parsed and not checked again.
   */
  readonly decodeVerified: (envelope: Recorded) => Either.Either<Event, DecodeError>
  /** The state in a base event of this behavior. */
  readonly decodeBase: (envelope: Recorded) => Either.Either<State, DecodeError>
  /** The state in JSON that this very version of the behavior wrote; the reason where it did not. */
  readonly decodeState: (bytes: Uint8Array) => Either.Either<State, string>
  /** A stored command; `redacted`, or the reason why it cannot be read. */
  readonly decodeCommand: (command: StoredCommand) => Either.Either<Command, string>
}

/** The value of JSON text; undefined for text that is none. */
const parsedOrNothing = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // The schema says what is wrong with it.
    return undefined
  }
}

const oneLine = (error: ParseResult.ParseError): string =>
  ParseResult.TreeFormatter.formatErrorSync(error).replaceAll(/\s+/g, " ")

const textOf = (payload: Bytes): Either.Either<string, string> =>
  typeof payload === "string"
    ? Either.right(payload)
    : Either.try({ try: () => fromUtf8(payload), catch: () => "the payload is not UTF-8 text" })

/** Reads JSON text of any version from 1 to `current`; the reason in one line where that fails. */
const reader = <A>(
  schema: Json<A>,
  current: number,
  upcast: (from: number) => ((json: unknown) => unknown) | undefined
) => {
  const decode = Schema.decodeEither(schema)
  const isPlainValue = plainGuard(schema)
  const now = (text: string): Either.Either<A, string> => {
    if (isPlainValue !== undefined) {
      const value = parsedOrNothing(text)
      if (isPlainValue(value)) return Either.right(value)
    }
    return Either.mapLeft(decode(text), oneLine)
  }
  const parsed = (text: string): Either.Either<unknown, string> =>
    Either.try({ try: (): unknown => JSON.parse(text), catch: () => "the payload is not JSON" })
  const lifted = (json: unknown, from: number): Either.Either<string, string> =>
    Either.try({
      try: () => {
        let value = json
        for (let version = from; version < current; version++) {
          const step = upcast(version)
          if (step !== undefined) value = step(value)
        }
        return JSON.stringify(value)
      },
      catch: (thrown) => `bringing it up to date from version ${from} failed: ${String(thrown).replaceAll(/\s+/g, " ")}`
    })
  return (payload: Bytes, version: number): Either.Either<A, string> => {
    if (version > current)
      return Either.left(`its schema version ${version} is newer than ${current}, use a newer release`)
    const text = textOf(payload)
    if (Either.isLeft(text)) return Either.left(text.left)
    if (version === current) return now(text.right)
    return parsed(text.right).pipe(
      Either.flatMap((json) => lifted(json, version)),
      Either.flatMap(now)
    )
  }
}

const fromEntry = <Event, Command>(
  packing: Packing<Event, Command> | undefined,
  envelope: Recorded,
  payload: Bytes
) => {
  if (typeof payload === "string") return Either.left("the entry is text")
  if (packing === undefined || packing.type !== envelope.type)
    return Either.left("its behavior does not pack this type")
  if (payload.byteLength !== packing.entryBytes) {
    return Either.left(`the entry has ${payload.byteLength} bytes, not ${packing.entryBytes}`)
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  return Either.right(packing.read(view, 0))
}

/** Reads the payload of an envelope; a redacted one, and what cannot be read, as the error that names the event. */
const readEnvelope = <A>(
  envelope: Recorded,
  read: (payload: Bytes) => Either.Either<A, string>
): Either.Either<A, DecodeError> => {
  const { payload, sequence, stream, type } = envelope
  if (payload === null) return Either.left(new RedactedEvent({ sequence, stream, type }))
  return Either.mapLeft(read(payload), (reason) => new UndecodableEvent({ sequence, stream, type, reason }))
}

const eventReader = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>
): Codec<State, Command, Event>["decode"] => {
  const fromJson = reader(behavior.event, behavior.version, (from) => behavior.upcasters[from]?.event)
  const { packing, version } = behavior
  return (envelope) =>
    readEnvelope(envelope, (payload) => {
      const { encoding, schemaVersion } = envelope
      if (encoding === encodings.json) return fromJson(payload, schemaVersion)
      if (encoding !== encodings.packed && encoding !== encodings.timed) {
        return Either.left(`encoding ${encoding} is not known, use a newer release`)
      }
      return schemaVersion > version
        ? Either.left(`its schema version ${schemaVersion} is newer than ${version}, use a newer release`)
        : fromEntry(packing, envelope, payload)
    })
}

/** Reads what this very version wrote without its schema, where the schema changes nothing; everything else by `decode`. */
const verifiedReader = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  decode: (envelope: Recorded) => Either.Either<Event, DecodeError>
): ((envelope: Recorded) => Either.Either<Event, DecodeError>) => {
  if (!isPlain(behavior.event)) return decode
  return (envelope) => {
    const { encoding, payload, schemaVersion } = envelope
    if (payload === null || encoding !== encodings.json || schemaVersion !== behavior.version) return decode(envelope)
    const value: unknown = JSON.parse(typeof payload === "string" ? payload : fromUtf8(payload))
    return wasWritten<Event>(value) ? Either.right(value) : decode(envelope)
  }
}

/**
 * The codec of a behavior. Keep it: making one compiles the schemas. `lazy`: for a journal that keeps values, which are then checked at once
 * and encoded when somebody reads them.
 */
export const codecOf = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  lazy = false
): Codec<State, Command, Event> => {
  const { upcasters, version } = behavior
  const fits = fitter(behavior)
  const decode = eventReader(behavior)
  const commandToPayload = (lazy ? lazyJsonEncoder : jsonEncoder)(behavior.command)
  const eventPart = fastPart(behavior.event)
  const lift = (part: keyof Upcaster) => (from: number) => upcasters[from]?.[part]
  const readCommand = reader(behavior.command, version, lift("command"))
  const readState = reader(behavior.state, version, lift("state"))
  return {
    encode: encoder(behavior, lazy),
    isPacked: (events) => events.every(fits),
    implies: ([first]) => first !== undefined && behavior.implied(first) !== undefined,
    holds: (events) => {
      const [first] = events
      if (first === undefined || behavior.implied(first) !== undefined) return false
      for (const event of events) if (event._tag === behavior.packing?.type || !eventPart.holds(event)) return false
      return true
    },
    encodeCommand: (stream, command) => ({
      stream,
      schemaVersion: version,
      bytes: commandToPayload(command)
    }),
    encodeState: throughSchema(behavior.state),
    commandJson: throughSchema(behavior.command),
    encodeEvent: throughSchema(behavior.event),
    decode,
    decodeVerified: verifiedReader(behavior, decode),
    decodeBase: (envelope) =>
      readEnvelope(envelope, (payload) =>
        envelope.encoding === encodings.base
          ? readState(payload, envelope.schemaVersion)
          : Either.left(`encoding ${envelope.encoding} of a ${baseType} is not known, use a newer release`)
      ),
    decodeState: (bytes) => readState(bytes, version),
    decodeCommand: ({ bytes, schemaVersion }) =>
      bytes === null ? Either.left("redacted") : readCommand(bytes, schemaVersion)
  }
}
