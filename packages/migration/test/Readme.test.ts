/** The README's example gives what it says. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { program } from "./readme.snippet.ts"

/** A folder until the scope closes. */
const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-migration-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

it.scopedLive("the example gives what it says", () =>
  Effect.map(Effect.flatMap(folder, program), ({ blockers, downtime, phase, registers }) => {
    assert.strictEqual(phase, "completed")
    assert.deepStrictEqual([...(registers ?? [])], [0x80, 0x40])
    assert.isAbove(downtime?.whole ?? 0, 0)
    const remedy = "choose a destination PF that also has 0x4 [mstate.gencap.superset]"
    assert.deepStrictEqual(blockers, [
      `pf0/vf0 -> pf0/vf0: CONFIG/gencap: ${remedy}`,
      `pf0/vf1 -> pf0/vf1: CONFIG/gencap: ${remedy}`
    ])
  })
)
