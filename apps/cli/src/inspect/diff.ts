/** `stopcopy diff JOURNAL|BUNDLE A B`: what changed in the states of actors between two points, field by field. */
import type { FileSystem } from "@effect/platform/FileSystem"
import { type ActorDiff, type ActorState, diffStates, formatPoint, parsePoint } from "@stopcopy/debugger"
import { Effect, Either, Option } from "effect"
import { reading, sourcesOf } from "../journal/Reading.ts"
import { jsonLine, printLines } from "../Lines.ts"
import type { Misuse, Negative } from "../Outcome.ts"
import { known } from "../replay/Registry.ts"
import { withStream } from "../replay/Streams.ts"
import { changeFields, changeText } from "./ChangesText.ts"

interface DiffOptions {
  readonly file: string
  readonly from: string
  readonly to: string
  readonly stream: Option.Option<string>
  readonly json: boolean
}

/** Why a state at one of the points is not known. */
const problemOf = ({ after, before }: ActorDiff): string | undefined => {
  const reasonOf = (state: ActorState | undefined): string | undefined =>
    state === undefined || Either.isRight(state.past) ? undefined : state.past.left.message
  return reasonOf(before) ?? reasonOf(after)
}

const diffLines = (diff: ActorDiff): ReadonlyArray<string> => {
  const problem = problemOf(diff)
  const what = diff.before === undefined ? `${diff.behavior}, new` : diff.behavior
  return problem === undefined
    ? [`${diff.stream} (${what})`, ...diff.changes.map((change) => `  ${changeText(change)}`)]
    : [`${diff.stream} (${what}): not known: ${problem}`]
}

const diffFields = (diff: ActorDiff): object => {
  const { behavior, changes, stream } = diff
  const problem = problemOf(diff)
  return { stream, behavior, ...(problem === undefined ? { changes: changes.map(changeFields) } : { problem }) }
}

/** Prints the actors that differ. */
export const diff = (options: DiffOptions): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  reading([options.file], (opened) =>
    Effect.gen(function* () {
      const { json, stream } = options
      const sources = sourcesOf(opened)
      const [from, to] = [yield* parsePoint(sources, options.from), yield* parsePoint(sources, options.to)]
      if (Option.isSome(stream)) yield* withStream([from.source, to.source], stream.value)
      const one = Option.match(stream, { onNone: () => ({}), onSome: (name) => ({ stream: name }) })
      const diffs = yield* diffStates(known, from, to, one)
      if (json) {
        return yield* printLines(diffs.map((each) => jsonLine(diffFields(each))))
      }
      const [a, b] = [formatPoint(sources, from), formatPoint(sources, to)]
      if (diffs.length === 0) return yield* printLines([`nothing changed from ${a} to ${b}`])
      yield* printLines([`from ${a} to ${b}`, ...diffs.flatMap(diffLines)])
    })
  )
