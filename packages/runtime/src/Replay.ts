/**
 * Past moments of a journal: a timeline of decoded events, and the state of any actor after any event. Knows behaviors by a
 * registry, decides nothing and performs nothing.
 */
import { Effect, Either, Stream } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import { codecOf } from "./Codec.ts"
import type { Codec } from "./Codec.ts"
import { baseType, encodings } from "./Envelope.ts"
import type { Envelope, Recorded, StoredCommand } from "./Envelope.ts"
import { stateAfterBase, stateInSnapshot } from "./Fold.ts"
import { Followed } from "./Followed.ts"
import { beginning } from "./History.ts"
import { Journal } from "./Journal.ts"
import type { Snapshot } from "./JournalDriver.ts"
import { fieldEncoders } from "./internal/fieldEncoders.ts"
import { NoSuchStream, UndecodableEvent, UnknownBehavior } from "./JournalError.ts"
import type { DecodeError, ReadError } from "./JournalError.ts"
import { redecide } from "./Redecide.ts"
import type { DecidedEvent } from "./Redecide.ts"
import type { Progress } from "./Verify.ts"

/** A decoded value and its JSON text, packed events included. The text is made when it is first read. */
export interface Decoded {
  readonly value: unknown
  /** Throws where the value is outside its schema: a state that `evolve` made. */
  readonly json: string
}

/** A state that takes in recorded events. */
export interface Replaying {
  /**
   * Applies an event of the actor. A base event replaces the state; one of a stream that it owns is part of its own. `verified`: its hash
   * chain was.
   */
  readonly apply: (envelope: Recorded, verified?: boolean) => Either.Either<void, DecodeError>
  /** Goes on from a snapshot of this very version of the behavior; false if it is of another one or cannot be read. */
  readonly load: (snapshot: Pick<Snapshot, "behaviorVersion" | "state">) => boolean
  readonly state: () => Decoded
  /** Another one that goes on from the state of this one, which it leaves alone. Costs nothing: states are never written to. */
  readonly fork: () => Replaying
  /** The JSON value of one top-level field of the state, without the others; undefined where only the whole can be encoded. */
  readonly field: (name: string) => { readonly json: unknown } | undefined
  /** The events that a stored command gives now; the reason where it cannot be read, or where `decide` throws. */
  readonly redecide: (command: StoredCommand) => Either.Either<ReadonlyArray<DecidedEvent>, string>
  /** The same for the command that is not stored because an event, the first of its batch, implies it; undefined if it implies none, or cannot be read. */
  readonly redecideImplied: (envelope: Envelope) => Either.Either<ReadonlyArray<DecidedEvent>, string> | undefined
  /** The same for the command that a packed entry stands for. */
  readonly redecideEntry: (envelope: Envelope) => Either.Either<ReadonlyArray<DecidedEvent>, string>
}

/** A behavior whose types are closed over: what a registry holds. */
export interface Replayable {
  readonly name: string
  readonly version: number
  readonly decode: (envelope: Envelope) => Either.Either<Decoded, DecodeError>
  /** A stored command and its JSON text of today; the reason where it cannot be read. */
  readonly decodeCommand: (command: StoredCommand) => Either.Either<Decoded, string>
  /** The initial state of the actor whose own stream is `stream`. */
  readonly start: (stream: string) => Replaying
}

/** Behaviors by name. */
export type Registry = ReadonlyMap<string, Replayable>

class LazyDecoded<A> implements Decoded {
  readonly value: A
  private readonly encode: (value: A) => string
  private text: string | undefined

  constructor(value: A, encode: (value: A) => string) {
    this.value = value
    this.encode = encode
  }

  get json(): string {
    return (this.text ??= this.encode(this.value))
  }
}

/** `evolve` of one event. It is total (B2 of `Behavior`), but a reader of the past must survive one that is not. */
const evolved = <State, Event>(
  evolve: (state: State, event: Event) => State,
  state: State,
  event: Event,
  { sequence, stream, type }: Recorded
): Either.Either<State, DecodeError> => {
  try {
    return Either.right(evolve(state, event))
  } catch (thrown) {
    return Either.left(new UndecodableEvent({ sequence, stream, type, reason: `evolve threw ${String(thrown)}` }))
  }
}

const starting = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  codec: Codec<State, Command, Event>
): ((stream: string) => Replaying) => {
  const fields = fieldEncoders(behavior.state)
  const from = (stream: string, start: State): Replaying => {
    let state = start
    const set = (next: State) => void (state = next)
    const again = (command: Command) => redecide(behavior, codec, state, command)
    return {
      apply: (envelope, verified = false) => {
        if (envelope.encoding !== encodings.base) {
          const event = verified ? codec.decodeVerified(envelope) : codec.decode(envelope)
          if (Either.isLeft(event)) return Either.left(event.left)
          const next = evolved(behavior.evolve, state, event.right, envelope)
          if (Either.isLeft(next)) return Either.left(next.left)
          state = next.right
          return Either.void
        }
        return Either.map(stateAfterBase(codec, stream, state, envelope), set)
      },
      load: (snapshot) => {
        const loaded = stateInSnapshot(behavior, codec, snapshot)
        if (Either.isRight(loaded)) set(loaded.right)
        return Either.isRight(loaded)
      },
      state: () => new LazyDecoded(state, codec.encodeState),
      fork: () => from(stream, state),
      field: (name) => fields(name, state),
      redecide: (command) => Either.flatMap(codec.decodeCommand(command), again),
      redecideImplied: (envelope) =>
        Either.match(codec.decode(envelope), {
          onLeft: () => undefined,
          onRight: (event) => {
            const command = behavior.implied(event)
            return command === undefined ? undefined : again(command)
          }
        }),
      redecideEntry: (envelope) =>
        Either.flatMap(
          Either.mapLeft(codec.decode(envelope), ({ message }) => message),
          (event) =>
            behavior.packing === undefined ? Either.left("nothing is packed") : again(behavior.packing.command(event))
        )
    }
  }
  return (stream) => from(stream, behavior.initial)
}

const decodeWith =
  <State, Command, Event extends Tagged>(codec: Codec<State, Command, Event>) =>
  (envelope: Envelope): Either.Either<Decoded, DecodeError> => {
    if (envelope.encoding !== encodings.base) {
      return Either.map(codec.decode(envelope), (event) => new LazyDecoded(event, codec.encodeEvent))
    }
    return Either.map(codec.decodeBase(envelope), (state) => ({
      value: { _tag: baseType, state },
      json: `{"_tag":"${baseType}","state":${codec.encodeState(state)}}`
    }))
  }

/** A behavior for a registry. Its schemas are compiled when something of it is read first: a program knows more behaviors than most journals have. */
export const replayable = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>
): Replayable => {
  const make = () => {
    const codec = codecOf(behavior)
    return { codec, decode: decodeWith(codec), start: starting(behavior, codec) }
  }
  let made: ReturnType<typeof make> | undefined
  const parts = () => (made ??= make())
  return {
    name: behavior.name,
    version: behavior.version,
    decode: (envelope) => parts().decode(envelope),
    decodeCommand: (stored) => {
      const { codec } = parts()
      return Either.map(codec.decodeCommand(stored), (value) => ({ value, json: codec.commandJson(value) }))
    },
    start: (stream) => parts().start(stream)
  }
}

/** The behaviors of a program, those of owned streams included. */
export const registry = (...replayables: ReadonlyArray<Replayable>): Registry =>
  new Map(replayables.map((each) => [each.name, each]))

/** Which events a timeline shows; all of them by default. */
export interface Filter {
  /** This stream and those it owns. */
  readonly stream?: string
  readonly correlation?: string
}

/** An event of a timeline. What cannot be decoded is shown with the reason, and the timeline goes on. */
export interface Moment {
  readonly envelope: Envelope
  readonly event: Either.Either<Decoded, DecodeError | UnknownBehavior>
}

const momentOf = (known: Registry, envelope: Envelope): Moment => {
  const { behavior, sequence, stream } = envelope
  const found = known.get(behavior)
  const event =
    found === undefined ? Either.left(new UnknownBehavior({ sequence, stream, behavior })) : found.decode(envelope)
  return { envelope, event }
}

/** Every event that the filter lets through, in global order. */
export const timeline = (known: Registry, filter: Filter = {}): Stream.Stream<Moment, ReadError, Journal> =>
  Stream.unwrap(
    Effect.map(Journal, (journal) =>
      journal.events(0).pipe(
        Stream.filter(({ correlation, owner, stream }) => {
          if (filter.correlation !== undefined && filter.correlation !== correlation) return false
          return filter.stream === undefined || filter.stream === stream || filter.stream === owner
        }),
        Stream.map((envelope) => momentOf(known, envelope))
      )
    )
  )

/** The state of a stream's actor at one moment. */
export interface Past {
  readonly stream: string
  readonly behavior: string
  /** The last event of the actor up to that moment; 0 if there was none yet. */
  readonly sequence: number
  readonly state: Decoded
}

/** The behavior of a stream. One that only owns streams is known by them: its first own event is still to come. */
const behaviorOf = (known: Registry, stream: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const family = yield* journal.streams(stream)
    const own = family.find((each) => each.stream === stream)
    const name = own?.behavior ?? (family.length > 0 ? stream.split("/", 1)[0] : undefined)
    if (name === undefined) return yield* new NoSuchStream({ journal: journal.name, stream })
    const found = known.get(name)
    return found ?? (yield* new UnknownBehavior({ sequence: 0, stream, behavior: name }))
  })

/** Applies a page up to event `sequence`; the last one applied. */
const applyUpTo = (
  replaying: Replaying,
  followed: Followed,
  page: ReadonlyArray<Recorded>,
  sequence: number,
  verified: number
): Either.Either<number | undefined, DecodeError> => {
  let last: number | undefined
  for (const envelope of page) {
    if (envelope.sequence > sequence) break
    const follows = followed.take(envelope)
    if (Either.isLeft(follows)) return Either.left(follows.left)
    const applied = replaying.apply(envelope, envelope.sequence <= verified)
    if (Either.isLeft(applied)) return Either.left(applied.left)
    last = envelope.sequence
  }
  return Either.right(last)
}

/**
 * The state of the actor of `stream` after event `sequence` (any event: those of other actors count as moments), the streams it
 * owns included. A stream that is owned is folded alone, by its own behavior. Events up to `verified`, which `Verify.verify` gave for this
 * opening, are not checked by their schemas again.
 */
export const stateAt = Effect.fn("Replay.stateAt")(function* (
  known: Registry,
  stream: string,
  sequence: number = Number.MAX_SAFE_INTEGER,
  verified?: Pick<Progress, "sequence">
): Effect.fn.Return<Past, ReadError | DecodeError | UnknownBehavior | NoSuchStream, Journal> {
  const journal = yield* Journal
  const behavior = yield* behaviorOf(known, stream)
  const replaying = behavior.start(stream)
  const start = yield* beginning(journal, stream, sequence, (snapshot) => replaying.load(snapshot))
  const cursor = yield* journal.toFold(stream, start.after)
  const followed = new Followed(start.after)
  let last = start.sequence
  for (;;) {
    const page = yield* cursor.next()
    const applied = yield* applyUpTo(replaying, followed, page, sequence, verified?.sequence ?? 0)
    last = applied ?? last
    const later = page.findIndex((each) => each.sequence > sequence)
    if (later >= 0 && (last === 0 || last < sequence)) yield* followed.leadsTo(page.slice(later))
    if (page.length === 0 || (page.at(-1)?.sequence ?? 0) >= sequence) break
  }
  return { stream, behavior: behavior.name, sequence: last, state: replaying.state() }
})
