/** `stopcopy replay --interactive`: steps through a timeline in the terminal. Reads what the screen needs, between two keys. */
import type { FileSystem } from "@effect/platform/FileSystem"
import { diffStates, type Filter, loadIndex, loadPage, type Moment, stateOf, Stepper } from "@stopcopy/debugger"
import type { NoSuchStream, ReadError } from "@stopcopy/runtime"
import { Effect, Either, Option, Queue } from "effect"
import { changeText } from "../inspect/ChangesText.ts"
import { reading, sourcesOf } from "../journal/Reading.ts"
import type { Misuse, Negative } from "../Outcome.ts"
import { known } from "../replay/Registry.ts"
import { stateText } from "../replay/StateText.ts"
import { parsed } from "../replay/Summary.ts"
import type { Terminal } from "../Terminal.ts"
import { openScreen, requireTerminal } from "./Screen.ts"
import type { Input, Screen } from "./Screen.ts"
import { initial, press, wantedDetail } from "./Ui.ts"
import type { Detail, Ui } from "./Ui.ts"
import { listRows, view } from "./View.ts"

const actorOf = ({ envelope: { owner, stream } }: Moment): string => owner ?? stream

const stateLines = ({ envelope: { sequence }, source }: Moment, stream: string) =>
  Effect.map(stateOf(known, { source, sequence }, stream), ({ past }) =>
    Either.match(past, {
      onLeft: ({ message }) => [`not known: ${message}`],
      onRight: ({ state }) => stateText(parsed(state.json)).map((line) => line.slice(2))
    })
  )

const diffLines = ({ envelope: { sequence }, source }: Moment, stream: string) =>
  Effect.map(diffStates(known, { source, sequence: sequence - 1 }, { source, sequence }, { stream }), (diffs) => {
    const lines = diffs.flatMap(({ after, changes }) =>
      after !== undefined && Either.isLeft(after.past)
        ? [`not known: ${after.past.left.message}`]
        : changes.map(changeText)
    )
    return lines.length === 0 ? ["nothing"] : lines
  })

/** Reads what the pane shows. */
const readDetail = (ui: Ui, { at, pane }: Pick<Detail, "at" | "pane">): Effect.Effect<Ui, ReadError | NoSuchStream> => {
  const moment = Stepper.momentAt(ui.model, at)
  if (moment === undefined) return Effect.succeed(ui)
  const lines = pane === "state" ? stateLines(moment, actorOf(moment)) : diffLines(moment, actorOf(moment))
  return Effect.map(lines, (read) => ({ ...ui, detail: { at, pane, lines: read } }))
}

/** Reads one thing that is wanted; undefined if all is there. */
const readNext = (ui: Ui, rows: number): Effect.Effect<Ui, ReadError | NoSuchStream> | undefined => {
  const [page] = Stepper.wanted(ui.model, rows)
  if (page !== undefined) {
    return Effect.map(loadPage(known, ui.model.index, page), (moments) => ({
      ...ui,
      model: Stepper.update(ui.model, { _tag: "Loaded", page, moments })
    }))
  }
  const detail = wantedDetail(ui)
  return detail === undefined ? undefined : readDetail(ui, detail)
}

const entered = (ui: Ui, input: Input, page: number): Effect.Effect<Ui> => {
  switch (input._tag) {
    case "Interrupted":
      return Effect.interrupt
    case "Ended":
      return Effect.succeed({ ...ui, done: true })
    case "Resized":
      return Effect.succeed(ui)
    case "Key":
      return Effect.succeed(press(ui, input.key, page))
  }
}

/** What comes next: a key that is there already goes before reading on, so that a search can be ended. */
const next = (screen: Screen, ui: Ui, page: number): Effect.Effect<Ui, ReadError | NoSuchStream> =>
  Effect.flatMap(Queue.poll(screen.inputs), (input) => {
    if (Option.isSome(input)) return entered(ui, input.value, page)
    const read = readNext(ui, page)
    return read ?? Effect.flatMap(Queue.take(screen.inputs), (key) => entered(ui, key, page))
  })

const stepping = (screen: Screen, start: Ui): Effect.Effect<Ui, ReadError | NoSuchStream> =>
  Effect.iterate(start, {
    while: ({ done }) => !done,
    body: (ui) => {
      const size = screen.size()
      return Effect.zipRight(screen.draw(view(ui, size)), next(screen, ui, listRows(size)))
    }
  })

/** Steps through the events that the filter lets through, until the user quits. */
export const interactive = (
  files: ReadonlyArray<string>,
  filter: Filter
): Effect.Effect<void, Misuse | Negative, FileSystem | Terminal> =>
  Effect.gen(function* () {
    yield* requireTerminal
    const terminal = yield* Effect.context<Terminal>()
    yield* reading(files, (opened) =>
      Effect.gen(function* () {
        const index = yield* loadIndex(sourcesOf(opened), known, filter)
        yield* stepping(yield* openScreen, initial(Stepper.start(index)))
      }).pipe(Effect.scoped, Effect.provide(terminal))
    )
  })
