/** The example against an emulated VF of this process. */
import { assert, it } from "@effect/vitest"
import { encryptOnce, main } from "@stopcopy/example-custom-vmm"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { makeHost } from "@stopcopy/vmm/node"
import { serveVf } from "@stopcopy/vmm/testing"
import { Effect, Layer, Logger, LogLevel } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const layer = Layer.mergeAll(
  Layer.provideMerge(ActorSystem.layer, Journal.layerMemory),
  Logger.minimumLogLevel(LogLevel.None)
)

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-example-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

it.scopedLive("encrypts with the device and checks the result", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "vf.sock")
    yield* serveVf(yield* makeHost(), "17", path)
    const text = yield* encryptOnce(path)
    // Section 9.1 of the firmware specification.
    assert.strictEqual(text.slice(0, 32), "753d5eacf88ed4c2c30496112e5f2221")
    assert.strictEqual(text.length, 128)
  }).pipe(Effect.provide(layer))
)

it.scopedLive("says that no device is there", () =>
  Effect.gen(function* () {
    const refused = yield* Effect.flip(encryptOnce(join(yield* folder, "absent.sock")))
    assert.include(refused.message, "absent.sock")
  }).pipe(Effect.provide(layer))
)

it.effect("wants one socket, no more and no less", () =>
  Effect.gen(function* () {
    for (const args of [[], ["a.sock", "b.sock"]])
      assert.include(yield* Effect.flip(main(args)), {
        _tag: "Misuse",
        message: "name one socket: node examples/custom-vmm/dist/main.js SOCKET"
      })
  })
)
