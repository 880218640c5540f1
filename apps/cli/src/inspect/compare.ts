/** `stopcopy compare RUN_A RUN_B`: the first event in which two runs of the same thing differ. */
import type { FileSystem } from "@effect/platform/FileSystem"
import { compare as compareRuns, type Comparison, type Moment, type RunDivergence } from "@stopcopy/debugger"
import { Effect } from "effect"
import { plural } from "../Columns.ts"
import type { OpenedSource } from "../journal/Sources.ts"
import { onlySource, reading } from "../journal/Reading.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { Misuse, Negative } from "../Outcome.ts"
import { known } from "../replay/Registry.ts"
import { momentFields } from "../replay/TimelineText.ts"
import { eventText } from "../replay/TreeText.ts"
import { changeFields, changeText } from "./ChangesText.ts"

interface CompareOptions {
  readonly a: string
  readonly b: string
  readonly ignore: ReadonlyArray<string>
  readonly strictOrder: boolean
  readonly json: boolean
}

/** Fields that a text lists, at most. */
const changeLimit = 20

const placeOf = (moment: Moment | undefined): string =>
  moment === undefined ? "nothing" : `event ${moment.envelope.sequence}, ${moment.envelope.type}`

const divergenceText = ({ a, b, kind, stream }: RunDivergence): string =>
  `the runs differ first in ${stream} (${kind}): ${placeOf(a)} against ${placeOf(b)}`

const comparisonLines = ({ compared, divergence, redacted }: Comparison): ReadonlyArray<string> => [
  `${plural(compared, "event")} agree${compared === 1 ? "s" : ""}${
    redacted === 0 ? "" : `, ${redacted} of them compared by type alone: they are redacted`
  }`,
  ...(divergence === undefined
    ? []
    : [
        divergenceText(divergence),
        `  a: ${divergence.a === undefined ? "nothing" : eventText(divergence.a)}`,
        `  b: ${divergence.b === undefined ? "nothing" : eventText(divergence.b)}`,
        ...divergence.changes.slice(0, changeLimit).map((change) => `    ${changeText(change)}`)
      ])
]

const comparisonFields = ({ compared, divergence, redacted }: Comparison): object => ({
  compared,
  redacted,
  divergence:
    divergence === undefined
      ? null
      : {
          kind: divergence.kind,
          stream: divergence.stream,
          a: divergence.a === undefined ? null : momentFields(divergence.a),
          b: divergence.b === undefined ? null : momentFields(divergence.b),
          changes: divergence.changes.map(changeFields)
        }
})

const correlationOf = ([opened]: ReadonlyArray<OpenedSource>): string | null =>
  opened?.bundle?.opened.header.correlation ?? null

const kindOf = (path: string, correlation: string | null): string =>
  correlation === null ? `${path} is whole` : `${path} is the part with correlation id ${correlation}`

/**
 * A part of a journal lacks events that the whole one has: that is no difference between runs. Two parts may be compared: each run has a
 * correlation id of its own.
 */
const checkKinds = (
  { a, b }: CompareOptions,
  ofA: ReadonlyArray<OpenedSource>,
  ofB: ReadonlyArray<OpenedSource>
): Effect.Effect<void, Misuse> => {
  const [inA, inB] = [correlationOf(ofA), correlationOf(ofB)]
  if ((inA === null) === (inB === null)) return Effect.void
  const kinds = `${kindOf(a, inA)}, ${kindOf(b, inB)}`
  return new Misuse({ message: `${kinds}: compare whole journals, or two bundles of one correlation id each` })
}

/** Prints how far the runs agree. Fails with `Negative` if they differ. */
export const compare = (options: CompareOptions): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  reading([options.a, options.b], (opened) =>
    Effect.gen(function* () {
      const [ofA, ofB] = [0, 1].map((index) => opened.filter(({ argument }) => argument === index))
      const a = yield* onlySource(ofA ?? [], options.a)
      const b = yield* onlySource(ofB ?? [], options.b)
      yield* checkKinds(options, ofA ?? [], ofB ?? [])
      const { ignore, json, strictOrder } = options
      const compared = yield* compareRuns(known, a, b, { ignore, strictOrder })
      yield* printLines(json ? [jsonLine(comparisonFields(compared))] : comparisonLines(compared))
      if (compared.divergence !== undefined) yield* new Negative({ message: divergenceText(compared.divergence) })
    })
  )
