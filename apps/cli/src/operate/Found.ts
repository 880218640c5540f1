/** What an id stands for: a migration or an evacuation. */
import { type Evacuation, type Migration, NotFound } from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import { Coordinator } from "./Coordinator.ts"
import type { CallError } from "./Explain.ts"

export type Found =
  | { readonly _tag: "Migration"; readonly migration: Migration }
  | { readonly _tag: "Evacuation"; readonly evacuation: Evacuation }

const neither = (id: string): NotFound =>
  new NotFound({
    code: "id.unknown",
    message: `there is neither a migration nor an evacuation '${id}'; see stopcopy list and stopcopy list --evacuations`,
    refusals: []
  })

/** Migrations are looked through first: there are more of them. */
export const find = (id: string): Effect.Effect<Found, CallError, Coordinator> =>
  Effect.gen(function* () {
    const { client } = yield* Coordinator
    const path = { id }
    const migration = Effect.map(client.migrations.show({ path }), (migration): Found => ({
      _tag: "Migration",
      migration
    }))
    const evacuation = Effect.map(client.evacuations.show({ path }), (evacuation): Found => ({
      _tag: "Evacuation",
      evacuation
    }))
    return yield* migration.pipe(
      Effect.catchTag("NotFound", () => evacuation),
      Effect.catchTag("NotFound", () => neither(id))
    )
  })
