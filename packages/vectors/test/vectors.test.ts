/** The own copy of the vectors passes, and a planted mistake in a copy of each file does not. On the live clock: a save tries
 * for the mailbox lock during 5 ms. */
import { assert, it } from "@effect/vitest"
import { filesOf, NotVectors, NoVectors, OtherJson, runFile } from "@stopcopy/vectors"
import { Effect } from "effect"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

const data = fileURLToPath(new URL("../data", import.meta.url))

/** Cases of each file, so that a file that loses cases is noticed. */
const counts: Readonly<Record<string, number>> = {
  "feature.json": 426,
  "fsm.json": 576,
  "migfile.json": 202,
  "mstate-load.json": 509 + 17,
  "mstate-save.json": 120
}

const temporary = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "vectors-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true }))
)

/** A file in a folder of its own. */
const fileOf = (name: string, text: string) =>
  Effect.flatMap(temporary, (folder) => {
    const path = join(folder, name)
    return Effect.as(
      Effect.promise(() => writeFile(path, text)),
      path
    )
  })

it.live("the folder holds exactly the files that are counted here", () =>
  Effect.map(filesOf(data), (files) =>
    assert.deepStrictEqual(
      files.map((file) => basename(file)),
      Object.keys(counts)
    )
  )
)

for (const [name, count] of Object.entries(counts)) {
  it.live(`all ${count} cases of ${name} pass`, () =>
    Effect.map(runFile(join(data, name)), ({ failed, passed }) => {
      assert.deepStrictEqual(failed, [])
      assert.strictEqual(passed, count)
    })
  )
}

/** One expectation of each file, and what to put in its place. */
const mistakes: ReadonlyArray<readonly [file: string, find: RegExp, replace: string]> = [
  ["feature.json", /"ret":-25/, '"ret":-22'],
  ["fsm.json", /"path_end":1/, '"path_end":2'],
  ["migfile.json", /"sha256":"../, '"sha256":"zz'],
  ["mstate-load.json", /"writes":\[\[1,4,/, '"writes":[[1,8,'],
  ["mstate-save.json", /"full_block":"ea/, '"full_block":"eb']
]

for (const [name, find, replace] of mistakes) {
  it.scopedLive(`one wrong expectation in ${name} fails one case and is shown`, () =>
    Effect.gen(function* () {
      const text = yield* Effect.promise(() => readFile(join(data, name), "utf8"))
      assert.match(text, find)
      const result = yield* runFile(yield* fileOf(name, text.replace(find, replace)))
      assert.strictEqual(result.failed.length, 1)
      assert.strictEqual(result.passed, (counts[name] ?? 0) - 1)
      assert.match(result.failed[0]?.mismatches[0] ?? "", /expected .*, got /)
    })
  )
}

it.scopedLive("other JSON is told from a vector file that is broken", () =>
  Effect.gen(function* () {
    const other = yield* Effect.flip(runFile(yield* fileOf("package.json", '{"name":"x"}')))
    const unknown = yield* Effect.flip(runFile(yield* fileOf("a.json", '{"format":1,"kind":"tape","cases":[]}')))
    const broken = yield* Effect.flip(runFile(yield* fileOf("b.json", '{"format":2,"kind":"fsm","cases":[]}')))
    const text = yield* Effect.flip(runFile(yield* fileOf("c.json", "{")))
    assert.instanceOf(other, OtherJson)
    assert.instanceOf(unknown, OtherJson)
    assert.match(unknown.message, /a\.json is left out: kind tape is not known/)
    assert.instanceOf(broken, NotVectors)
    assert.match(broken.message, /Expected 1, actual 2/)
    assert.instanceOf(text, NotVectors)
  })
)

it.scopedLive("a case without the shape of its kind is one failed case that says why; the others run", () =>
  Effect.gen(function* () {
    const text = yield* Effect.promise(() => readFile(join(data, "fsm.json"), "utf8"))
    const odd = text.replace('"path_end":1', '"path_end":"one"')
    assert.notStrictEqual(odd, text)
    const result = yield* runFile(yield* fileOf("fsm.json", odd))
    assert.strictEqual(result.passed, 575)
    assert.match(result.failed[0]?.mismatches[0] ?? "", /^shape: Expected number, actual "one"/)
  })
)

it.scopedLive("a forced position may be text, as 64-bit values are", () =>
  Effect.gen(function* () {
    const text = yield* Effect.promise(() => readFile(join(data, "migfile.json"), "utf8"))
    const file = JSON.parse(text)
    const withForced = file.cases.find((one: { readonly ops: ReadonlyArray<{ readonly op: string }> }) =>
      one.ops.some(({ op }) => op === "force_pos")
    )
    for (const op of withForced.ops) if (op.op === "force_pos") op.pos = `${op.pos}`
    const result = yield* runFile(yield* fileOf("m.json", JSON.stringify({ ...file, cases: [withForced] })))
    assert.deepStrictEqual(result.failed, [])
    assert.strictEqual(result.passed, 1)
  })
)

it.scopedLive("a folder without JSON, or no folder, is one clear line", () =>
  Effect.gen(function* () {
    const folder = yield* temporary
    const empty = yield* Effect.flip(filesOf(folder))
    const missing = yield* Effect.flip(filesOf(join(folder, "nowhere")))
    assert.instanceOf(empty, NoVectors)
    assert.match(empty.message, /holds no \.json file/)
    assert.match(missing.message, /no such file or directory/)
  })
)
