/** A refused append takes those with it that were decided on it, and no others. */
import { assert, it } from "@effect/vitest"
import { ActorSystem } from "@stopcopy/runtime"
import type { ExpectedStream } from "@stopcopy/runtime"
import { Effect, Either, Fiber } from "effect"
import { Refused } from "../src/Refused.ts"
import { write } from "./Device.ts"
import { json, own, request } from "./journal.contract.ts"
import { actor, recorded, scripted, turn } from "./worlds.ts"

const settled = Effect.repeatN(turn, 100)
const file = (name: string, expected: number) => ({ ...own(`a/${name}`, expected), owner: "a" })
const one = (...streams: ReadonlyArray<ExpectedStream>) => request(streams, [json(1)])

it("decided on it: what expects more of one of its streams, and what its actor decided behind it in others", () => {
  const refused = new Refused()
  assert.isTrue(refused.isEmpty)
  refused.add(one(own("a", 3), file("f", 2)))
  refused.add(one(own("a", 4)))
  assert.isFalse(refused.isEmpty)
  const conflict = (...streams: ReadonlyArray<ExpectedStream>) => {
    const found = refused.conflictOf(one(...streams))
    return found && [found.stream, found.expected, found.actual]
  }
  assert.deepStrictEqual(conflict(own("a", 5)), ["a", 5, 3])
  assert.deepStrictEqual(conflict(own("a", 3), file("f", 3)), ["a/f", 3, 2])
  assert.isUndefined(conflict(own("a", 3)))
  assert.isUndefined(conflict(file("f", 1)))
  assert.deepStrictEqual(conflict(file("g", 0)), ["a", 4, 3])
  assert.isUndefined(conflict(own("b", 9)))
})

it.effect("A6: a turn in another stream of the actor is refused with the one that it was decided on", () => {
  const { commits, layer } = scripted(false)
  return Effect.gen(function* () {
    const one = yield* actor("0")
    const twin = yield* Effect.provide(actor("0"), ActorSystem.layer)
    commits.close()
    const asked = yield* Effect.forEach(
      [twin.ask(write(1)), one.ask({ _tag: "Drain", id: 1 }), one.ask({ _tag: "Open", file: 1 })],
      (ask) => Effect.zipLeft(Effect.fork(Effect.either(ask)), settled)
    )
    commits.open()
    const answers = yield* Fiber.join(Fiber.all(asked))
    assert.deepStrictEqual(
      answers.map((answer) => (Either.isLeft(answer) ? answer.left._tag : "answered")),
      ["answered", "VersionConflict", "VersionConflict"]
    )
    assert.deepStrictEqual(
      (yield* recorded).map(({ type }) => type),
      ["RegisterWritten"]
    )
  }).pipe(Effect.provide(layer))
})
