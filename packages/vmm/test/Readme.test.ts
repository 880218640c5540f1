/** The README's example does what it says. */
import { assert, it } from "@effect/vitest"
import { makeHost } from "@stopcopy/vmm/node"
import { serveVf } from "@stopcopy/vmm/testing"
import { Effect } from "effect"
import { join } from "node:path"
import { tryOut } from "./readme.snippet.ts"
import { folder, layer } from "./support/devices.ts"

it.scopedLive("a guest works, and every answer is right", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "vf.sock")
    yield* serveVf(yield* makeHost(), "17", path)
    const { dirtyPages, submitted, taken, wrong } = yield* tryOut(path)
    assert.deepStrictEqual([taken, wrong], [submitted, 0])
    assert.isAtLeast(taken, 50)
    assert.isAbove(dirtyPages, 4)
  }).pipe(Effect.provide(layer))
)
