/** The states of actors at a point. One that cannot be computed is shown with the reason. */
import { Journal, Replay, UndecodableEvent } from "@stopcopy/runtime"
import type { DecodeError, NoSuchStream, ReadError, StreamIdentity, UnknownBehavior } from "@stopcopy/runtime"
import { Effect, Either, Stream } from "effect"
import type { Known } from "./Known.ts"
import type { Point } from "./Point.ts"
import type { Source } from "./Source.ts"
import { mergedEvents } from "./Timeline.ts"

export interface ActorState extends StreamIdentity {
  readonly source: Source
  /** `sequence` of the past is the actor's last event by then, 0 if it had none. The JSON text of its state can be read. */
  readonly past: Either.Either<Replay.Past, DecodeError | UnknownBehavior>
}

export interface StatesOptions {
  /** Also the streams that actors own, each folded alone. Default: false. */
  readonly owned?: boolean
}

/** The past of a stream, or why there is none to show. */
const pastOf = (
  { registry }: Known,
  { sequence, source }: Point,
  stream: string
): Effect.Effect<ActorState["past"], ReadError | NoSuchStream> =>
  Replay.stateAt(registry, stream, sequence).pipe(
    Effect.provideService(Journal, source.journal),
    Effect.flatMap(readable),
    Effect.map(Either.right),
    Effect.catchTags({
      UndecodableEvent: (error) => Effect.succeed(Either.left(error)),
      RedactedEvent: (error) => Effect.succeed(Either.left(error)),
      UnknownBehavior: (error) => Effect.succeed(Either.left(error))
    })
  )

/** A state outside its schema, which a wrong `evolve` makes, has no JSON text: that is found here, not by who shows it. */
const readable = (past: Replay.Past): Either.Either<Replay.Past, UndecodableEvent> =>
  Either.try({
    try: () => {
      const { json, value } = past.state
      return { ...past, state: { value, json } }
    },
    catch: (thrown) => {
      const { sequence, stream } = past
      const reason = `the state after it is outside its schema: ${String(thrown).replaceAll(/\s+/g, " ")}`
      return new UndecodableEvent({ sequence, stream, type: "state", reason })
    }
  })

/** Streams as they are listed, and the actors that so far only wrote streams they own. */
export const identities = (streams: ReadonlyArray<StreamIdentity>): ReadonlyArray<StreamIdentity> => {
  const named = new Set(streams.map(({ stream }) => stream))
  return streams.flatMap(({ behavior, owner, stream }) => {
    const self = { stream, behavior, owner }
    if (owner === null || named.has(owner)) return [self]
    named.add(owner)
    return [{ stream: owner, behavior: owner.split("/", 1)[0] ?? owner, owner: null }, self]
  })
}

/** True if the state is of an actor that had an event by then. What cannot be computed needs a look at its first event. */
const wasThere = ({ sequence, source }: Point, { past, stream }: ActorState): Effect.Effect<boolean, ReadError> => {
  if (Either.isRight(past)) return Effect.succeed(past.right.sequence > 0)
  if (past.left._tag !== "UnknownBehavior") return Effect.succeed(true)
  return Effect.map(
    Effect.flatMap(source.journal.history(stream), (cursor) => cursor.next()),
    ([first]) => first !== undefined && first.sequence <= sequence
  )
}

/** The state of one stream at a point. */
export const stateOf = Effect.fn("Debugger.stateOf")(function* (
  known: Known,
  point: Point,
  stream: string
): Effect.fn.Return<ActorState, ReadError | NoSuchStream> {
  const { source } = point
  const past = yield* pastOf(known, point, stream)
  const found = identities(yield* source.journal.streams(stream)).find((each) => each.stream === stream)
  return { source, stream, behavior: found?.behavior ?? stream, owner: found?.owner ?? null, past }
})

/** The state of every actor of the point's source that had an event by then, in the order of their first events. */
export const statesAt = Effect.fn("Debugger.statesAt")(function* (
  known: Known,
  point: Point,
  options: StatesOptions = {}
): Effect.fn.Return<ReadonlyArray<ActorState>, ReadError> {
  const { source } = point
  const states: Array<ActorState> = []
  for (const identity of identities(yield* source.journal.streams())) {
    if (identity.owner !== null && options.owned !== true) continue
    // The stream was listed a moment ago: a journal that has lost it since has nothing to show for it.
    const past = yield* Effect.catchTag(pastOf(known, point, identity.stream), "NoSuchStream", () =>
      Effect.succeed(undefined)
    )
    if (past === undefined) continue
    const state: ActorState = { source, ...identity, past }
    if (yield* wasThere(point, state)) states.push(state)
  }
  return states
})

/**
 * The same moment in every source: for the others, the point after their last event that the merged timeline shows before the
 * point's event.
 */
export const pointsAt = Effect.fn("Debugger.pointsAt")(function* (
  sources: ReadonlyArray<Source>,
  point: Point
): Effect.fn.Return<ReadonlyArray<Point>, ReadError> {
  if (sources.length === 1) return [point]
  if (point.sequence === 0) return sources.map((source) => ({ source, sequence: 0 }))
  const last = new Map<Source, number>()
  yield* mergedEvents(sources).pipe(
    Stream.takeUntil(({ item, source }) => source === point.source && item.sequence >= point.sequence),
    Stream.runForEachChunk((chunk) =>
      Effect.sync(() => {
        for (const { item, source } of chunk) last.set(source, item.sequence)
      })
    )
  )
  return sources.map((source) => (source === point.source ? point : { source, sequence: last.get(source) ?? 0 }))
})
