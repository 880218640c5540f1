/** `stopcopy resolve ID`: an operator says which side has the guest of a migration in doubt, having read what that means. */
import { Migration, type Resolution } from "@stopcopy/coordinator-api"
import { Effect, Option } from "effect"
import { printLines } from "../Lines.ts"
import { InDoubt, Misuse, Negative, type Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { Answers } from "./Answers.ts"
import { Coordinator, type OperateOptions, operating, print } from "./Coordinator.ts"
import { consequenceLines, doubtLines, hasEnded, headline, verdictText } from "./MigrationText.ts"

export interface ResolveOptions extends OperateOptions {
  readonly id: string
  /** `source` or `destination`. */
  readonly verdict: Option.Option<string>
  readonly yes: boolean
}

/** What is in doubt, what may be said, and what follows from it; nothing is done. */
const showChoice = (migration: Migration, json: boolean) =>
  Effect.gen(function* () {
    const { id, resolutions } = migration
    const { command } = yield* Coordinator
    yield* print(json, Migration, migration, () => [
      headline(migration),
      "in doubt",
      ...doubtLines(migration),
      ...resolutions.flatMap((resolution) => [
        ...consequenceLines(migration, resolution),
        `  to do this: ${command(`resolve ${id} --verdict ${resolution.verdict}`)}`
      ])
    ])
    yield* new InDoubt({
      message: `${id} is in doubt; nothing was done: say --verdict source or --verdict destination`
    })
  })

const confirmed = (migration: Migration, resolution: Resolution, { id, json, yes }: ResolveOptions) =>
  Effect.gen(function* () {
    const { ask, isTerminal } = yield* Answers
    if (!json)
      yield* printLines([
        headline(migration),
        "in doubt",
        ...doubtLines(migration),
        ...consequenceLines(migration, resolution)
      ])
    if (yes) return
    if (!isTerminal || json) {
      return yield* new Misuse({
        message: `nothing was done: who has read the consequences repeats this with --yes (stopcopy resolve ${id} shows them)`
      })
    }
    const answer = yield* ask(`Type ${resolution.verdict} to do this: `)
    if (answer.trim() !== resolution.verdict) yield* new Negative({ message: "nothing was done" })
  })

const chosen = (migration: Migration, verdict: string): Effect.Effect<Resolution, Misuse> => {
  const { id, resolutions } = migration
  const found = resolutions.find((resolution) => resolution.verdict === verdict)
  if (found !== undefined) return Effect.succeed(found)
  const choices = resolutions.map((resolution) => resolution.verdict).join(" or ")
  return new Misuse({
    message: `--verdict '${verdict}' cannot be said of ${id} now: use ${choices === "" ? "none" : choices}`
  })
}

/** Nobody resolves what is not in doubt. */
const checkDoubt = (migration: Migration): Effect.Effect<void, Negative> => {
  const { id, inDoubt, phase } = migration
  if (inDoubt) return Effect.void
  const why = hasEnded(migration) ? `it has ended: ${verdictText(migration)}` : `it is in ${phase}`
  return new Negative({ message: `${id} is not in doubt, ${why}; nothing was done` })
}

/** Without a verdict only what may be said, and its consequences. */
export const resolve = (options: ResolveOptions): Effect.Effect<void, Outcome, Answers | Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const { id, json } = options
      const path = { id }
      const migration = yield* client.migrations.show({ path })
      yield* checkDoubt(migration)
      if (Option.isNone(options.verdict)) return yield* showChoice(migration, json)
      const resolution = yield* chosen(migration, options.verdict.value)
      yield* confirmed(migration, resolution, options)
      const { consequences, verdict } = resolution
      const resolved = yield* client.migrations.resolve({ path, payload: { verdict, accepting: consequences } })
      yield* print(json, Migration, resolved, (after) => [
        hasEnded(after)
          ? verdictText(after)
          : `resolved: the guest is at the ${verdict}; ${after.phase}, see stopcopy watch ${id}`
      ])
    })
  )
