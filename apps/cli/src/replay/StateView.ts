/** Prints the states of actors at a moment: of all of them, or of one stream. */
import { type ActorState, type Point, parsePoint, pointsAt, stateOf, statesAt } from "@stopcopy/debugger"
import { Effect, Either, Option } from "effect"
import type { OpenedSource } from "../journal/Sources.ts"
import { sourcesOf } from "../journal/Reading.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { known } from "./Registry.ts"
import { stateText } from "./StateText.ts"
import { withStream } from "./Streams.ts"
import { parsed } from "./Summary.ts"

const lastText = (sequence: number): string => (sequence === 0 ? "no event of it yet" : `its last event is ${sequence}`)

/** Lines for a state, or for the reason why there is none. `place` is how the moment is written. */
export const actorLines = ({ behavior, past, stream }: ActorState, place: string): ReadonlyArray<string> =>
  Either.match(past, {
    onLeft: ({ message }) => [`${stream} (${behavior}) after event ${place}: not known: ${message}`],
    onRight: ({ sequence, state }) => [
      `${stream} (${behavior}) after event ${place}; ${lastText(sequence)}`,
      ...stateText(parsed(state.json))
    ]
  })

const actorFields = ({ behavior, owner, past, source, stream }: ActorState, at: number): object => ({
  journal: source.label,
  at,
  stream,
  behavior,
  owner,
  ...Either.match(past, {
    onLeft: ({ message }) => ({ problem: message }),
    onRight: ({ sequence, state }) => ({ sequence, state: parsed(state.json) })
  })
})

const statesOf = (points: ReadonlyArray<Point>, stream: Option.Option<string>) =>
  Effect.gen(function* () {
    if (Option.isNone(stream)) {
      return (yield* Effect.forEach(points, (point) => statesAt(known, point))).flat()
    }
    const having = yield* withStream(
      points.map(({ source }) => source),
      stream.value
    )
    return yield* Effect.forEach(
      points.filter(({ source }) => having.includes(source)),
      (point) => stateOf(known, point, stream.value)
    )
  })

/** The states after the event that `at` names; in other journals at the same moment. */
export const showStates = (
  opened: ReadonlyArray<OpenedSource>,
  at: string,
  stream: Option.Option<string>,
  json: boolean
) =>
  Effect.gen(function* () {
    const sources = sourcesOf(opened)
    const points = yield* pointsAt(sources, yield* parsePoint(sources, at))
    const states = yield* statesOf(points, stream)
    const sequenceIn = (state: ActorState): number =>
      points.find(({ source }) => source === state.source)?.sequence ?? 0
    const lines = states.flatMap((state) => {
      const sequence = sequenceIn(state)
      if (json) return [jsonLine(actorFields(state, sequence))]
      return actorLines(state, sources.length === 1 ? `${sequence}` : `${state.source.label}:${sequence}`)
    })
    yield* printLines(lines)
  })
