/** The README's program does what it says; and a script in one file finds what it imports. */
import { assert, it } from "@effect/vitest"
import { bundled } from "@stopcopy/workbench"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { report } from "./readme.snippet.ts"

it.effect("a section has its rows, with the ratio to the floor", () =>
  Effect.gen(function* () {
    assert.match(yield* report, /Sorting[^]*copy +none[^]*sort +none[^]* x a copy/)
  })
)

it.scoped("a bundled script runs", () =>
  Effect.gen(function* () {
    const contents = 'import { report } from "./readme.snippet.ts"; console.log(typeof report)'
    const script = yield* bundled("workbench", contents, import.meta.dirname)
    assert.strictEqual(spawnSync(process.execPath, [script], { encoding: "utf8" }).stdout, "object\n")
  })
)
