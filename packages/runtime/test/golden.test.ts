/** Golden journals: what an earlier program wrote, this one and every later one reads to the same states. */
import { assert, it } from "@effect/vitest"
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Either, Layer } from "effect"
import { device } from "./Device.ts"
import { temporaryFile } from "./files.ts"
import { expectationOf, golden, keep } from "./golden/expectation.ts"
import { make } from "./golden/make.ts"

/** Every golden journal of the device, by the release that wrote it. */
const names = ["device-0.2.0"]

for (const name of names) {
  it.scoped(`${name} verifies, and every state at every event is what it was`, () =>
    Effect.gen(function* () {
      const { expected, file } = yield* golden(new URL(`golden/${name}`, import.meta.url))
      assert.deepStrictEqual(yield* expectationOf(file), expected)
    })
  )

  it.scoped(`actors go on from ${name}`, () =>
    Effect.gen(function* () {
      const { expected, file } = yield* golden(new URL(`golden/${name}`, import.meta.url))
      yield* Effect.gen(function* () {
        const system = yield* ActorSystem
        for (const id of ["0", "1", "2"]) {
          const one = yield* system.actor(device, id)
          assert.deepStrictEqual(one.unsafeState(), JSON.parse(expected.states[`device/${id}`] ?? ""))
          yield* one.ask({ _tag: "Write", offset: 1, value: 1 })
        }
        assert.include(yield* Effect.flip(system.actor(device, "3")), { _tag: "RedactedEvent" })
      }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes: true }))))
      assert.include(yield* expectationOf(file), { sequence: expected.sequence + 3 })
    })
  )
}

it.scoped("the script that made them makes a journal that says the same", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* make(file)
    const folder = process.env["STOPCOPY_GOLDEN"]
    if (folder !== undefined) yield* keep(file, folder, names[0] ?? "journal")
    const kept = yield* Effect.either(golden(new URL("golden/device-0.2.0", import.meta.url)))
    const made = yield* expectationOf(file)
    assert.deepStrictEqual(made, Either.getOrThrow(kept).expected)
  })
)
