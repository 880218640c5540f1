/** The crash test for as long as it takes to meet rare moments. */
import { assert, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { killings } from "./crash.support.ts"

const kills = 500

it.scopedLive(`after ${kills} kills nothing acknowledged is lost`, () =>
  Effect.gen(function* () {
    const seed = yield* Random.nextInt
    yield* Effect.log(`seed ${seed}`)
    assert.strictEqual(yield* killings(kills, seed), kills)
  })
)
