/** Streams by name: which sources have one, and what there is where none has it. */
import type { Source } from "@stopcopy/debugger"
import type { ReadError } from "@stopcopy/runtime"
import { Effect } from "effect"
import { listed } from "../Columns.ts"
import { Misuse } from "../Outcome.ts"

/** Names of streams that a message lists, at most. */
const streamLimit = 20

const namesOf = (sources: ReadonlyArray<Source>): Effect.Effect<ReadonlyArray<string>, ReadError> =>
  Effect.map(
    Effect.forEach(sources, ({ journal }) => journal.streams()),
    (all) => all.flat().map(({ stream }) => stream)
  )

/** The sources with this stream, or with streams that it owns. Refuses a stream that none of them has. */
export const withStream = (
  sources: ReadonlyArray<Source>,
  stream: string
): Effect.Effect<ReadonlyArray<Source>, ReadError | Misuse> =>
  Effect.gen(function* () {
    const having = yield* Effect.filter(sources, ({ journal }) =>
      Effect.map(journal.streams(stream), (family) => family.length > 0)
    )
    if (having.length > 0) return having
    const names = [...new Set(yield* namesOf(sources))]
    const there = names.length === 0 ? "none" : listed(names, streamLimit)
    return yield* new Misuse({ message: `there is no stream ${stream}; the journal has ${there}` })
  })
