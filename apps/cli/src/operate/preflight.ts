/** `stopcopy preflight`: everything that speaks against a migration, all at once; nothing is begun. */
import { Preflight } from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import { columns } from "../Columns.ts"
import { type Outcome, Refused } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { asked, type AskedOptions } from "./Asked.ts"
import { against, blockersLines } from "./Blockers.ts"
import { Coordinator, type OperateOptions, operating, print } from "./Coordinator.ts"

export interface PreflightOptions extends OperateOptions, AskedOptions {}

/** A sentence for each, after the blockers: it holds nothing up. */
const uncheckedLines = ({ unchecked = [] }: Preflight): ReadonlyArray<string> =>
  unchecked.map(({ consequence, what, where }) => `not checked, ${where}: ${what}; ${consequence}`)

const lines = (found: Preflight): ReadonlyArray<string> => {
  const { blockers, fits, from, moves, to } = found
  return [
    fits
      ? `it fits: from ${from} to ${to ?? from}`
      : `it does not fit: ${against(blockers)}${to === null ? "" : ` on ${to}`}`,
    ...columns(moves.map(({ destination, source }) => [`  ${from}/${source}`, "->", `${to ?? "?"}/${destination}`])),
    ...blockersLines(blockers),
    ...uncheckedLines(found)
  ]
}

/** Fails with `Refused` if something speaks against it. */
export const preflight = (options: PreflightOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const found = yield* client.preflight.check({ payload: yield* asked(options) })
      yield* print(options.json, Preflight, found, lines)
      if (!found.fits) {
        yield* new Refused({
          message: `the migration does not fit: ${found.blockers.map(({ code }) => code).join(", ")}`
        })
      }
    })
  )
