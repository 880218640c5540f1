/** `stopcopy replay JOURNAL|BUNDLE...`: the timeline, the tree of causes, the states at a moment, or stepping through it all. */
import type { FileSystem } from "@effect/platform/FileSystem"
import { Effect, Option } from "effect"
import { interactive } from "../interactive/interactive.ts"
import { reading, sourcesOf } from "../journal/Reading.ts"
import { Misuse, type Negative } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { filterOf, givenFilters } from "./FilterOptions.ts"
import type { FilterOptions } from "./FilterOptions.ts"
import { showStates } from "./StateView.ts"
import { withStream } from "./Streams.ts"
import { showTimeline, showTree } from "./TimelineView.ts"

export interface ReplayOptions extends FilterOptions {
  readonly files: ReadonlyArray<string>
  /** The point at which states are wanted. */
  readonly at: Option.Option<string>
  readonly tree: boolean
  readonly interactive: boolean
  readonly json: boolean
}

/** Options that ask for different things. */
const contradiction = (options: ReplayOptions): string | undefined => {
  const asked = [
    ...(Option.isSome(options.at) ? ["--at"] : []),
    ...(options.tree ? ["--tree"] : []),
    ...(options.interactive ? ["--interactive"] : [])
  ]
  const [first, second] = asked
  if (second !== undefined) return `${first} and ${second} ask for different things: give one of them`
  const [filter] = givenFilters(options)
  if (first === "--at" && filter !== undefined)
    return `--at shows states, which ${filter} does not filter: leave one out`
  if (first === "--interactive" && options.json)
    return "--interactive and --json ask for different things: give one of them"
  return undefined
}

/** Prints what the options ask for. */
export const replay = (options: ReplayOptions): Effect.Effect<void, Misuse | Negative, FileSystem | Terminal> =>
  Effect.gen(function* () {
    const wrong = contradiction(options)
    if (wrong !== undefined) return yield* new Misuse({ message: wrong })
    const filter = yield* filterOf(options)
    if (options.interactive) return yield* interactive(options.files, filter)
    yield* reading(options.files, (opened) =>
      Effect.gen(function* () {
        const { at, json, stream, tree } = options
        if (Option.isSome(stream)) yield* withStream(sourcesOf(opened), stream.value)
        if (Option.isSome(at)) return yield* showStates(opened, at.value, stream, json)
        return yield* tree ? showTree(opened, filter, json) : showTimeline(opened, filter, json)
      })
    )
  })
