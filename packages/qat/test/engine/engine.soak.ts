/** The long runs of the engine's tests: 5,000 live migrations, 200 kills. Each failure names its seed. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { layer } from "../driver/hosts.ts"
import { migrations } from "../support/guest/Migrations.ts"
import { killings } from "./crash.support.ts"

/** Migrations of one guest, before the next begins in an empty journal. */
const migrationsOfOne = 50

for (let seed = 1; seed <= 100; seed++) {
  it.live(`${migrationsOfOne} live migrations, seed ${seed}`, () =>
    Effect.gen(function* () {
      const { findings, world } = yield* migrations(seed, migrationsOfOne, 60)
      assert.deepStrictEqual(findings, [])
      assert.strictEqual(world.workload.inFlight, 0)
    }).pipe(Effect.provide(layer))
  )
}

for (let seed = 1; seed <= 10; seed++) {
  it.scopedLive(`20 kills of a device's process, seed ${seed}`, () =>
    Effect.map(killings(20, seed), ({ findings }) => assert.deepStrictEqual(findings, []))
  )
}
