/** `stopcopy why JOURNAL|BUNDLE POINT`: what led to an event, up to the first cause, and everything that it led to. */
import type { FileSystem } from "@effect/platform/FileSystem"
import { type Effected, parsePoint, type Why, why as askWhy } from "@stopcopy/debugger"
import { Effect } from "effect"
import { reading, sourcesOf } from "../journal/Reading.ts"
import { jsonLine, printLines } from "../Lines.ts"
import type { Misuse, Negative } from "../Outcome.ts"
import { batchFields, batchText } from "../replay/BatchText.ts"
import { known } from "../replay/Registry.ts"
import { momentFields } from "../replay/TimelineText.ts"
import { branchLines, eventText } from "../replay/TreeText.ts"

interface WhyOptions {
  readonly file: string
  readonly point: string
  /** Journals and bundles in which causes and effects are looked for too. */
  readonly others: ReadonlyArray<string>
  readonly json: boolean
}

type Branch = Parameters<typeof branchLines>[0]

const effectBranch = ({ batch, effects }: Effected, several: boolean): Branch => ({
  line: batchText(batch, several),
  below: batch.moments.map((moment) => ({
    line: eventText(moment),
    below: effects
      .filter(({ cause }) => cause.source === moment.source && cause.sequence === moment.envelope.sequence)
      .map((effect) => effectBranch(effect, several))
  }))
})

/** The causes, farthest first, each event below its batch; then the event in question, and its effects. */
const whyLines = (
  { batch, beside, causes, effects, missing, moment }: Why,
  several: boolean
): ReadonlyArray<string> => {
  const own: Branch = {
    line: batchText(batch, several),
    below: [{ line: `${eventText(moment)}  <- asked for`, below: effects.map((each) => effectBranch(each, several)) }]
  }
  const chain = causes.reduce<Branch>(
    (below, cause) => ({
      line: batchText(cause.batch, several),
      below: [{ line: eventText(cause.moment), below: [below] }]
    }),
    own
  )
  const root = missing === null ? [] : [`caused by ${missing}, which is in no journal given`]
  const others = beside.length === 0 ? [] : ["other events of its batch led to"]
  return [
    ...root,
    ...branchLines(chain),
    ...others,
    ...beside.flatMap((each) => branchLines(effectBranch(each, several)))
  ]
}

const effectFields = ({ batch, cause, effects }: Effected): object => ({
  cause: { journal: cause.source.label, sequence: cause.sequence },
  ...batchFields(batch),
  events: batch.moments.map(momentFields),
  leadsTo: effects.map(effectFields)
})

const whyFields = ({ batch, beside, causes, effects, missing, moment }: Why): object => ({
  event: momentFields(moment),
  batch: batchFields(batch),
  causes: causes.map((cause) => ({ event: momentFields(cause.moment), batch: batchFields(cause.batch) })),
  missing,
  leadsTo: effects.map(effectFields),
  beside: beside.map(effectFields)
})

/** Prints the chain of causes and the tree of effects. */
export const why = (options: WhyOptions): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  reading([options.file, ...options.others], (opened) =>
    Effect.gen(function* () {
      const sources = sourcesOf(opened)
      const answer = yield* askWhy(sources, known, yield* parsePoint(sources, options.point))
      yield* printLines(options.json ? [jsonLine(whyFields(answer))] : whyLines(answer, sources.length > 1))
    })
  )
