/** The README's example does what it says. */
import { assert, it } from "@effect/vitest"
import { makeHost } from "@stopcopy/vmm/node"
import { serveVf } from "@stopcopy/vmm/testing"
import { Effect } from "effect"
import { join } from "node:path"
import { makeClient } from "@stopcopy/agent/client"
import { drivable, tryOut } from "./readme.snippet.ts"
import { folder, layer, world } from "./support/devices.ts"

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

it.scopedLive("an agent drives what is attached", () =>
  Effect.gen(function* () {
    const { attachment, where } = yield* world(yield* makeHost({ messagesOnly: true }))
    const agent = yield* makeClient({ address: yield* drivable(attachment, where) })
    const { host, pfs } = yield* agent.describe
    assert.strictEqual(host, "vmm-1")
    assert.deepInclude(pfs[0]?.vfs[0], { name: "vf0", deviceType: "qat-gen4", state: "RUNNING", lifecycle: "open" })
  }).pipe(Effect.provide(layer))
)
