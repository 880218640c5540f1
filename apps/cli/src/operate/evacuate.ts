/** `stopcopy evacuate HOST|PF`: the plan; with `--yes` its execution. One group that cannot move does not hold up the others. */
import { Evacuation, EvacuationPlan } from "@stopcopy/coordinator-api"
import { Effect, type Option } from "effect"
import { printLines } from "../Lines.ts"
import { type Outcome, Refused } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { begin } from "./begin.ts"
import { Coordinator, type OperateOptions, operating, print } from "./Coordinator.ts"
import { empties, planLines } from "./EvacuationText.ts"
import { ending, followEvacuation } from "./followEvacuation.ts"
import { parsePlace, placeText } from "./Names.ts"
import { parsePriority } from "./Priority.ts"

export interface EvacuateOptions extends OperateOptions {
  readonly place: string
  readonly yes: boolean
  readonly wait: boolean
  readonly priority: Option.Option<string>
  readonly key: Option.Option<string>
}

const showPlan = ({ json, place }: EvacuateOptions, plan: EvacuationPlan) =>
  Effect.gen(function* () {
    const { command } = yield* Coordinator
    yield* print(json, EvacuationPlan, plan, planLines)
    if (!json) yield* printLines([`nothing was done yet; to do it: ${command(`evacuate ${place} --yes`)}`])
    if (empties(plan)) return
    const { refused, willStop } = plan
    yield* new Refused({
      message: `${placeText(plan)} would not be empty: ${refused.length} refused, ${willStop.length} will stop`
    })
  })

/** Without `yes` only the plan; fails with `Refused` if something would stay. */
export const evacuate = (options: EvacuateOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const { host, pf } = yield* parsePlace(options.place)
      const priority = yield* parsePriority(options.priority)
      const place = pf === undefined ? { host } : { host, pf }
      const { json, wait } = options
      // What is shown is what is about to be done; the coordinator plans once more when it begins.
      const plan = yield* client.evacuations.plan({ payload: place })
      if (!options.yes) return yield* showPlan(options, plan)
      if (!json) yield* printLines(planLines(plan))
      const begun = yield* begin(
        options.key,
        (headers) => client.evacuations.start({ headers, payload: { ...place, priority } }),
        "stopcopy list --evacuations"
      )
      if (!wait) return yield* print(json, Evacuation, begun, ({ id }) => [`${id}: begun`])
      yield* ending(yield* followEvacuation(begun, { json, changes: false }))
    })
  )
