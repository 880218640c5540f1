/** Reading a journal page by page leaves room for signals. */
import { assert, it } from "@effect/vitest"
import { Pf } from "@stopcopy/qat"
import { ActorSystem, Journal, Verify } from "@stopcopy/runtime"
import { Effect, Layer } from "effect"
import { withJournalTurns } from "../src/JournalTurns.ts"

/** Whether the event loop had a turn while `reading` went on. */
const hadTurn = <A, E, R>(reading: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    let turned = false
    setImmediate(() => (turned = true))
    return Effect.map(reading, () => turned)
  })

it.effect("the event loop has a turn while a journal is verified, which it has not otherwise", () =>
  Effect.gen(function* () {
    const pf = yield* (yield* ActorSystem).actor(Pf.behavior, "0000:6b:00.0")
    yield* pf.ask({ _tag: "LockMailbox", vf: 1, holder: "migration" })
    assert.isFalse(yield* hadTurn(Verify.verify()))
    assert.isTrue(yield* hadTurn(withJournalTurns(Verify.verify())))
  }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))
)
