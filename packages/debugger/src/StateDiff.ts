/** What changed in the states of actors between two points. */
import type { NoSuchStream, ReadError } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import { diffJson } from "./Diff.ts"
import type { Change } from "./Diff.ts"
import { parsedJson } from "./Json.ts"
import type { Known } from "./Known.ts"
import type { Point } from "./Point.ts"
import { stateOf, statesAt } from "./States.ts"
import type { ActorState, StatesOptions } from "./States.ts"

/** What changed in one actor. A side is undefined if the actor had no event by then. */
export interface ActorDiff {
  readonly stream: string
  readonly behavior: string
  readonly before: ActorState | undefined
  readonly after: ActorState | undefined
  /** Of the JSON of both states; an actor that was not there counts as its initial state. Empty where one is unknown. */
  readonly changes: ReadonlyArray<Change>
}

export interface DiffOptions extends StatesOptions {
  /** Only this stream. */
  readonly stream?: string
}

/** The JSON value of a state: the initial one for an actor that is not there; undefined if it cannot be known. */
const jsonOf = ({ registry }: Known, behavior: string, state: ActorState | undefined): unknown => {
  const past = state?.past
  if (past !== undefined) return Either.isRight(past) ? parsedJson(past.right.state.json) : undefined
  const found = registry.get(behavior)
  return found && parsedJson(found.start(state?.stream ?? behavior).state().json)
}

const actorDiff = (
  known: Known,
  before: ActorState | undefined,
  after: ActorState | undefined
): ActorDiff | undefined => {
  const some = after ?? before
  if (some === undefined) return undefined
  const { behavior, stream } = some
  const [old, now] = [jsonOf(known, behavior, before), jsonOf(known, behavior, after)]
  const isKnown = old !== undefined && now !== undefined
  const changes = isKnown ? diffJson(old, now) : []
  if (isKnown && changes.length === 0 && before !== undefined && after !== undefined) return undefined
  return { stream, behavior, before, after, changes }
}

const sides = (known: Known, point: Point, { stream, ...options }: DiffOptions) =>
  stream === undefined
    ? statesAt(known, point, options)
    : Effect.map(stateOf(known, point, stream), (state) =>
        Either.isRight(state.past) && state.past.right.sequence === 0 ? [] : [state]
      )

/**
 * The actors that differ between two points, of one source or of two, and those whose state is unknown at one of them; in the
 * order of their first events.
 */
export const diffStates = Effect.fn("Debugger.diffStates")(function* (
  known: Known,
  from: Point,
  to: Point,
  options: DiffOptions = {}
): Effect.fn.Return<ReadonlyArray<ActorDiff>, ReadError | NoSuchStream> {
  const before = new Map((yield* sides(known, from, options)).map((state) => [state.stream, state]))
  const after = new Map((yield* sides(known, to, options)).map((state) => [state.stream, state]))
  const streams = new Set([...after.keys(), ...before.keys()])
  return [...streams].flatMap((stream) => actorDiff(known, before.get(stream), after.get(stream)) ?? [])
})
