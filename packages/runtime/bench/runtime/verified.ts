/**
 * Reading records whose hash chain was verified in this session: what was written is what was once checked, so that JSON.parse
 * and the fold are all that is left. Pages come from the journal, events are folded as the behavior does it.
 */
import { Journal } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect } from "effect"
import { counter } from "./counter.ts"
import { stream } from "./history.ts"
import { millisOf } from "./measure.ts"

const utf8 = new TextDecoder()

const fold = Effect.gen(function* () {
  const journal = yield* Journal
  const cursor = yield* journal.history(stream)
  let state = counter.initial
  for (;;) {
    const page = yield* cursor.next()
    if (page.length === 0) return state
    for (const { payload } of page) {
      if (payload !== null) state = counter.evolve(state, JSON.parse(utf8.decode(payload)))
    }
  }
})

/** Milliseconds to fold the actor of `history.ts` without a check. */
export const verifiedMillis = (file: string) => Effect.provide(millisOf(fold), layerSqlite({ file }))
