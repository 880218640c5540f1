/**
 * A process that appends at full speed is killed at random moments: what it acknowledged as *written* or *durable* is there, through the
 * journal or a tape, without a hole or a repetition, the hash chain is whole, and the next process goes on.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { killings } from "./crash.support.ts"

/** `pnpm soak` has 500. */
const kills = 20

it.scoped(`after ${kills} kills nothing acknowledged is lost`, () =>
  Effect.map(killings(kills, 20_261_125), (done) => assert.strictEqual(done, kills))
)
