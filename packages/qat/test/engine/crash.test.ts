/**
 * The process of a device with work under way is killed at random moments: over the next one's life every request has its one response, in order and with
 * the right data, and the ledger of the journal agrees.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { killings } from "./crash.support.ts"

/** `pnpm soak` has 200. */
const kills = 8

it.scopedLive(`after ${kills} kills every request has its one response`, () =>
  Effect.gen(function* () {
    const { findings, submitted } = yield* killings(kills, 20_261_125)
    assert.deepStrictEqual(findings, [])
    assert.isAtLeast(submitted, kills)
  })
)
