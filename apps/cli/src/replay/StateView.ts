/** Prints the states of actors at a moment: of all of them, or of one stream. */
import { formatPoint, parsePoint, pointsAt, stateOf, statesAt } from "@stopcopy/debugger"
import type { ActorState, Point, Source } from "@stopcopy/debugger"
import { Effect, Either, Option, Stream } from "effect"
import type { OpenedSource } from "../journal/Sources.ts"
import { sourcesOf } from "../journal/Reading.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { known } from "./Registry.ts"
import { stateText } from "./StateText.ts"
import { withStream } from "./Streams.ts"
import { parsed } from "./Summary.ts"
import { timeText } from "./TimelineText.ts"

const lastText = (sequence: number): string => (sequence === 0 ? "no event of it yet" : `its last event is ${sequence}`)

/** Lines for a state, or for the reason why there is none. `moment` says when. */
const actorLines = ({ behavior, past, stream }: ActorState, moment: string): ReadonlyArray<string> =>
  Either.match(past, {
    onLeft: ({ message }) => [`${stream} (${behavior}) ${moment}: not known: ${message}`],
    onRight: ({ sequence, state }) => [
      `${stream} (${behavior}) ${moment}; ${lastText(sequence)}`,
      ...stateText(parsed(state.json))
    ]
  })

/** `after event 17, 2026-01-02T03:04:05.678901Z`. In a part of a journal the event itself may be missing. */
const momentOf = (sources: ReadonlyArray<Source>, point: Point) =>
  Effect.gen(function* () {
    const { sequence, source } = point
    if (sequence === 0) return "before the first event"
    const event = yield* Stream.runHead(source.journal.events(sequence - 1))
    const time = Option.filter(event, (each) => each.sequence === sequence)
    const place = `after event ${formatPoint(sources, point)}`
    return Option.match(time, { onNone: () => place, onSome: (each) => `${place}, ${timeText(each.time)}` })
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
    const moments = yield* Effect.forEach(points, (point) => momentOf(sources, point))
    const lines = states.flatMap((state) => {
      const index = points.findIndex(({ source }) => source === state.source)
      return json
        ? [jsonLine(actorFields(state, points[index]?.sequence ?? 0))]
        : actorLines(state, moments[index] ?? "")
    })
    yield* printLines(lines)
  })
