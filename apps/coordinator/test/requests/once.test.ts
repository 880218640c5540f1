/** Requests with idempotency keys, with a service that dies at the worst moment. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Effect, Exit, Layer, Schema } from "effect"
import { idOf, once } from "../../src/requests/once.ts"

const Asked = Schema.Struct({ what: Schema.String })
const Answer = Schema.Struct({ id: Schema.String, at: Schema.Int })

/** Begins things by their id, and knows those that it has begun. */
const office = () => {
  const begun = new Map<string, number>()
  const begin = (id: string): typeof Answer.Type => {
    const at = begun.get(id) ?? begun.size + 1
    begun.set(id, at)
    return { id, at }
  }
  return { begun, begin }
}

const asking = <E, R>(key: string, what: string, run: (id: string) => Effect.Effect<typeof Answer.Type, E, R>) =>
  once({ key, endpoint: "things.begin", id: idOf("t"), schema: Asked, payload: { what }, answer: Answer, run })

const inMemory = Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory))

it.effect("who died before the answer was recorded finds what was begun", () =>
  Effect.gen(function* () {
    const { begin, begun } = office()
    const died = yield* Effect.exit(
      asking("a-key", "one", (id) =>
        Effect.zipRight(
          Effect.sync(() => begin(id)),
          Effect.dieMessage("killed")
        )
      )
    )
    assert.isTrue(Exit.isFailure(died))
    const answer = yield* asking("a-key", "one", (id) => Effect.sync(() => begin(id)))
    assert.deepStrictEqual([begun.size, answer.at], [1, 1])
    assert.match(answer.id, /^t-[0-9a-z]{16}$/)
    const again = yield* asking("a-key", "one", () => Effect.dieMessage("not asked again"))
    assert.deepStrictEqual(again, answer)
  }).pipe(inMemory)
)

it.effect("another body is refused with what the key stands for, another key is another id", () =>
  Effect.gen(function* () {
    const { begin } = office()
    const run = (id: string) => Effect.sync(() => begin(id))
    const first = yield* asking("a-key", "one", run)
    const other = yield* Effect.flip(asking("a-key", "two", run))
    assert.deepStrictEqual([other._tag, other.code], ["Conflict", "idempotency.other-body"])
    assert.include(other.message, first.id)
    assert.notStrictEqual((yield* asking("another-key", "one", run)).id, first.id)
  }).pipe(inMemory)
)

it.effect("of two at once with other bodies the first recorded one counts", () =>
  Effect.gen(function* () {
    const { begin } = office()
    const late = asking("a-key", "late", (id) =>
      Effect.zipRight(
        Effect.ignore(asking("a-key", "early", () => Effect.sync(() => begin(id)))),
        Effect.sync(() => begin(id))
      )
    )
    assert.strictEqual((yield* Effect.flip(late)).code, "idempotency.other-body")
    assert.strictEqual((yield* asking("a-key", "early", () => Effect.dieMessage("not asked"))).at, 1)
  }).pipe(inMemory)
)

it.effect("a failure records nothing", () =>
  Effect.gen(function* () {
    const before = yield* Effect.flatMap(Journal, (journal) => journal.head())
    assert.strictEqual(yield* Effect.flip(asking("a-key", "one", () => Effect.fail("no" as const))), "no")
    assert.deepStrictEqual(yield* Effect.flatMap(Journal, (journal) => journal.head()), before)
  }).pipe(inMemory)
)
