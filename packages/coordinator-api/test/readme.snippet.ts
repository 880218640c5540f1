/** The example of the README, compiled and run by the tests. */
// region readme
import { follow, idempotencyHeader, makeClient } from "@stopcopy/coordinator-api"
import { Effect, Option, Stream } from "effect"

/** Moves a VM, and gives its verdict. Whoever is not sure whether the request arrived sends it again with the same key. */
export const migrate = (baseUrl: string, key: string) =>
  Effect.gen(function* () {
    const client = yield* makeClient({ baseUrl })
    const request = { from: "alpha", devices: ["pf0/vf0"] } as const
    const { blockers } = yield* client.preflight.check({ payload: request })
    if (blockers.length > 0) return blockers.map(({ remedy, rule }) => `${rule}: ${remedy}`).join("\n")

    const payload = { ...request, priority: 5, whenOver: { _tag: "Abort" } } as const
    const { id } = yield* client.migrations.start({ headers: { [idempotencyHeader]: key }, payload })
    const ended = yield* follow({ baseUrl, after: 0, migration: id }).pipe(
      Stream.filter(({ type }) => type === "Ended" || type === "Refused"),
      Stream.mapEffect(() => client.migrations.show({ path: { id } })),
      Stream.runHead
    )
    return Option.match(ended, { onNone: () => "", onSome: ({ phase }) => phase })
  })
// endregion
