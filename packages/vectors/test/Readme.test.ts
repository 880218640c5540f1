/** The README's example gives what it says. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { copyFile, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { summary } from "./readme.snippet.ts"

const data = fileURLToPath(new URL("../data", import.meta.url))

it.live("a folder is summed up by file", () =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "vectors-"))),
    (folder) =>
      Effect.gen(function* () {
        yield* Effect.promise(() => copyFile(join(data, "fsm.json"), join(folder, "fsm.json")))
        assert.deepStrictEqual(yield* summary(folder), ["fsm.json: 576/576"])
      }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )
)
