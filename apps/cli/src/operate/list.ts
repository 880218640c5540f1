/** `stopcopy list`: migrations, the newest first; or evacuations. */
import { ends, Evacuation, type MigrationFilter, MigrationSummary, pageLimits, Phase } from "@stopcopy/coordinator-api"
import { Either, Effect, Option, Schema } from "effect"
import { printLines } from "../Lines.ts"
import { Misuse, type Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { Coordinator, type OperateOptions, operating, printAll } from "./Coordinator.ts"
import { evacuationTable } from "./EvacuationText.ts"
import { migrationTable } from "./MigrationText.ts"

export interface ListOptions extends OperateOptions {
  readonly live: boolean
  readonly phase: Option.Option<string>
  readonly host: Option.Option<string>
  readonly group: Option.Option<string>
  readonly evacuation: Option.Option<string>
  readonly evacuations: boolean
  readonly limit: Option.Option<string>
  readonly after: Option.Option<string>
}

const phaseOf = (text: string): Either.Either<Phase, Misuse> =>
  Schema.is(Phase)(text)
    ? Either.right(text)
    : Either.left(new Misuse({ message: `--phase '${text}' is no phase: use one of ${Phase.literals.join(", ")}` }))

const limitOf = (text: string): Either.Either<number, Misuse> => {
  const limit = Number(text)
  return /^\d+$/.test(text) && limit >= 1 && limit <= pageLimits.most
    ? Either.right(limit)
    : Either.left(new Misuse({ message: `--limit '${text}': write a number from 1 to ${pageLimits.most}` }))
}

const filterOf = (options: ListOptions): Effect.Effect<MigrationFilter, Misuse> =>
  Effect.gen(function* () {
    const { after, evacuation, group, host, live } = options
    const phase = yield* Effect.transposeMapOption(options.phase, phaseOf)
    if (live && Option.isSome(phase) && ends.includes(phase.value)) {
      return yield* new Misuse({ message: `--live and --phase ${phase.value}: what is ${phase.value} has ended` })
    }
    return {
      limit: yield* limitOf(Option.getOrElse(options.limit, () => String(pageLimits.default))),
      ...(live ? { live } : {}),
      ...Option.getOrUndefined(Option.map(phase, (one) => ({ phase: one }))),
      ...Option.getOrUndefined(Option.map(host, (one) => ({ host: one }))),
      ...Option.getOrUndefined(Option.map(group, (one) => ({ group: one }))),
      ...Option.getOrUndefined(Option.map(evacuation, (one) => ({ evacuation: one }))),
      ...Option.getOrUndefined(Option.map(after, (one) => ({ after: one })))
    }
  })

const listMigrations = (options: ListOptions) =>
  Effect.gen(function* () {
    const { client } = yield* Coordinator
    const { migrations, next } = yield* client.migrations.list({ urlParams: yield* filterOf(options) })
    yield* printAll(options.json, MigrationSummary, migrations, (all) =>
      all.length === 0 ? ["no migration matches"] : migrationTable(all)
    )
    if (next !== null && !options.json) yield* printLines([`there are more: --after ${next}`])
  })

/** A page of migrations, or all evacuations. */
export const list = (options: ListOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    options.evacuations
      ? Effect.gen(function* () {
          const { client } = yield* Coordinator
          const evacuations = yield* client.evacuations.list()
          yield* printAll(options.json, Evacuation, evacuations, (all) =>
            all.length === 0 ? ["there is no evacuation"] : evacuationTable(all)
          )
        })
      : listMigrations(options)
  )
