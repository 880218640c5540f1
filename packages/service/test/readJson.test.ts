/** JSON files of operators: what they have, or what is wrong with them. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { problemLines } from "@stopcopy/service"
import { readJson } from "@stopcopy/service/process"
import { Effect, Either } from "effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-service-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

const said = (path: string): string =>
  Either.match(readJson("--config", path), { onLeft: problemLines, onRight: () => "nothing is wrong" })

it.scopedLive("a file is read, and what is wrong with one is said with its path", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "a.json")
    assert.match(said(path), /^--config .*a\.json: cannot be read \(ENOENT.*\); name a file that can$/)
    yield* Effect.promise(() => writeFile(path, "{"))
    assert.match(said(path), /a\.json: is no JSON: /)
    yield* Effect.promise(() => writeFile(path, '{"a":1}'))
    assertRight(readJson("--config", path), { a: 1 })
  })
)
