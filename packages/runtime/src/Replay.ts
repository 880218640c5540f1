/**
 * Past moments of a journal: a timeline of decoded events, and the state of any actor after any event. Knows behaviors by a
 * registry, decides nothing and performs nothing.
 */
import { Effect, Either, Schema, Stream } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import { codecOf } from "./Codec.ts"
import type { Envelope } from "./Envelope.ts"
import { Journal } from "./Journal.ts"
import { NoSuchStream, UnknownBehavior } from "./JournalError.ts"
import type { DecodeError, ReadError } from "./JournalError.ts"

/** A decoded value and its JSON text, packed events included. */
export interface Decoded {
  readonly value: unknown
  readonly json: string
}

/** A state that takes in recorded events. */
export interface Replaying {
  readonly apply: (envelope: Envelope) => Either.Either<void, DecodeError>
  readonly state: () => Decoded
}

/** A behavior whose types are closed over: what a registry holds. */
export interface Replayable {
  readonly name: string
  readonly decode: (envelope: Envelope) => Either.Either<Decoded, DecodeError>
  readonly start: () => Replaying
}

/** Behaviors by name. */
export type Registry = ReadonlyMap<string, Replayable>

/** A behavior for a registry. */
export const replayable = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>
): Replayable => {
  const codec = codecOf(behavior)
  const eventJson = Schema.encodeSync(behavior.event)
  const stateJson = Schema.encodeSync(behavior.state)
  const start = (): Replaying => {
    let state = behavior.initial
    const apply = (envelope: Envelope) =>
      Either.map(codec.decode(envelope), (event) => {
        state = behavior.evolve(state, event)
      })
    return { apply, state: () => ({ value: state, json: stateJson(state) }) }
  }
  const decode = (envelope: Envelope) =>
    Either.map(codec.decode(envelope), (event): Decoded => ({ value: event, json: eventJson(event) }))
  return { name: behavior.name, decode, start }
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
  page: ReadonlyArray<Envelope>,
  sequence: number
): Either.Either<number | undefined, DecodeError> => {
  let last: number | undefined
  for (const envelope of page) {
    if (envelope.sequence > sequence) break
    const applied = replaying.apply(envelope)
    if (Either.isLeft(applied)) return Either.left(applied.left)
    last = envelope.sequence
  }
  return Either.right(last)
}

/**
 * The state of the actor of `stream` after event `sequence` (any event: those of other actors count as moments), the streams it
 * owns included. A stream that is owned is folded alone, by its own behavior.
 */
export const stateAt = Effect.fn("Replay.stateAt")(function* (
  known: Registry,
  stream: string,
  sequence: number = Number.MAX_SAFE_INTEGER
): Effect.fn.Return<Past, ReadError | DecodeError | UnknownBehavior | NoSuchStream, Journal> {
  const journal = yield* Journal
  const behavior = yield* behaviorOf(known, stream)
  const replaying = behavior.start()
  const cursor = yield* journal.history(stream)
  let last = 0
  for (;;) {
    const page = yield* cursor.next()
    last = (yield* applyUpTo(replaying, page, sequence)) ?? last
    if (page.length === 0 || (page.at(-1)?.sequence ?? 0) >= sequence) break
  }
  return { stream, behavior: behavior.name, sequence: last, state: replaying.state() }
})
