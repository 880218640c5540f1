/** Several openings of one SQLite journal that append: each finds its place, and a conflict is only one where a stream moved on. */
import { assert, it } from "@effect/vitest"
import { Journal, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"
import { temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"

const rounds = 20

it.scoped("writers in turn, each on its own stream and on one they share, never fail but for the shared one", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const open = Effect.flatMap(Layer.build(layerSqlite({ file })), (context) => Effect.provide(Journal, context))
    const writers = yield* Effect.all([open, open, open])
    for (let round = 0; round < rounds; round++) {
      for (const [index, journal] of writers.entries()) {
        const durability = round % 2 === 0 ? "written" : "durable"
        yield* journal.append(request([own(`own/${index}`, round)], [json(round)], { durability }))
        const shared = journal.append(request([own("shared", round)], [json(index)]))
        if (index === 0) yield* shared
        else assert.include(yield* Effect.flip(shared), { _tag: "VersionConflict", actual: round + 1 })
      }
    }
    const { sequence } = yield* Effect.provideService(Verify.verify(), Journal, writers[0])
    assert.strictEqual(sequence, rounds * 4)
  })
)

it.scoped("a group of which every append is late leaves nothing behind, and the next one goes on", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const open = Effect.flatMap(Layer.build(layerSqlite({ file })), (context) => Effect.provide(Journal, context))
    const [one, other] = yield* Effect.all([open, open])
    yield* one.append(request([own("a", 0)], [json(1)]))
    yield* other.append(request([own("a", 1)], [json(2)]))
    const late = one.append(request([own("a", 1)], [json(3)], { durability: "durable" }))
    assert.include(yield* Effect.flip(late), { _tag: "VersionConflict", expected: 1, actual: 2 })
    assert.include(yield* one.append(request([own("a", 2)], [json(3)])), { batch: 3, first: 3 })
  })
)
