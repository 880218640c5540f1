/** `bundle create` and `bundle open`, and every other command over a bundle whose journals are gone. */
import { SystemError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { gunzipSync, gzipSync } from "node:zlib"
import { createBundle } from "../../src/bundle/create.ts"
import { openBundle } from "../../src/bundle/open.ts"
import { blame } from "../../src/inspect/blame.ts"
import { compare } from "../../src/inspect/compare.ts"
import { verify } from "../../src/inspect/verify.ts"
import { why } from "../../src/inspect/why.ts"
import { replay } from "../../src/replay/replay.ts"
import { answerOf, sampleFolder, linesOf, refusalOf, replayOptions } from "../commands.ts"

const [none, some] = [Option.none<string>(), Option.some<string>]
const correlation = some("demo/0000:6b:00.2")
const given = { correlation, redact: [], json: false }

let samples: Awaited<ReturnType<typeof sampleFolder>>
/** The states and the timeline that the journals gave. */
let before: { readonly events: ReadonlyArray<string>; readonly states: ReadonlyArray<string> }

const events = (files: ReadonlyArray<string>) => linesOf(replay(replayOptions(files, { json: true, correlation })))
/** Of `b.db` alone: at the same moment, `a.db` has ended in the bundle earlier than in the journal. */
const states = async (files: ReadonlyArray<string>) => {
  const given = { json: true, at: some("b.db:400"), stream: some("vf/0000:6b:00.2") }
  const lines = await linesOf(replay(replayOptions(files, given)))
  return lines.filter((line) => line.startsWith('{"journal":"b.db"'))
}

beforeAll(async () => {
  samples = await sampleFolder()
  const files = [samples.a, samples.b]
  before = { events: await events(files), states: await states(files) }
  await linesOf(createBundle({ ...given, out: samples.in("whole.bundle"), files: [samples.a], correlation: none }))
  await linesOf(createBundle({ ...given, out: samples.in("secret.bundle"), files, redact: ["gencap", "pf.version"] }))
  await linesOf(createBundle({ ...given, out: samples.in("part.bundle"), files: [samples.a] }))
  const next = some("demo/0000:e8:00.2")
  await linesOf(createBundle({ ...given, correlation: next, out: samples.in("another.bundle"), files: [samples.a] }))
  const [made] = await linesOf(createBundle({ ...given, out: samples.in("both.bundle"), files }))
  assert.match(made ?? "", /both\.bundle: 2 journals, \d+ batches, 4 starting states, \d+ bytes$/)
})
afterAll(() => samples.dispose())

/** Bundles that somebody changed. */
const changed = async (name: string, change: (text: string) => string): Promise<string> => {
  const text = gunzipSync(await readFile(samples.in("both.bundle"))).toString()
  await writeFile(samples.in(name), gzipSync(change(text)))
  return samples.in(name)
}

it("what would go wrong is refused before anything is written", async () => {
  const misuse = (options: Partial<Parameters<typeof createBundle>[0]>) =>
    refusalOf("Misuse", createBundle({ ...given, out: samples.in("new.bundle"), files: [samples.a], ...options }))
  assert.include(await misuse({ out: samples.in("both.bundle") }), "both.bundle exists already")
  assert.include(await misuse({ out: samples.in("none/x") }), "there is no folder ")
  assert.include(await misuse({ correlation: some("m-2") }), "nothing in a.db has the correlation id m-2")
  assert.include(await misuse({ redact: ["gncap"] }), "--redact gncap: no event has such a field, nothing was written")
  assert.include(await misuse({ redact: ["a..b"] }), "'a..b' names no field to redact")
  assert.include(await misuse({ files: [samples.in("both.bundle")] }), "both.bundle is a bundle already")
  assert.include(await misuse({ files: [samples.in("none.db")] }), "there is no journal at ")
  assert.include(
    await refusalOf("Misuse", openBundle({ file: samples.in("new.bundle"), json: false })),
    "there is no journal at"
  )
  assert.include(await refusalOf("Misuse", openBundle({ file: samples.a, json: false })), "is a journal, not a bundle")
})

it("output that cannot be written says why, in one line", async () => {
  const refusing = (error: SystemError) =>
    Effect.provideServiceEffect(
      createBundle({ ...given, out: samples.in("new.bundle"), files: [samples.a] }),
      FileSystem,
      Effect.map(FileSystem, (files) => ({ ...files, writeFile: () => Effect.fail(error) }))
    )
  const common = { module: "FileSystem", method: "writeFile", pathOrDescriptor: samples.in("new.bundle") } as const
  const denied = await refusalOf("Negative", refusing(new SystemError({ ...common, reason: "PermissionDenied" })))
  assert.match(denied, /^cannot write .*new\.bundle: permission denied; choose a folder that can be written$/)
  const full = new SystemError({ ...common, reason: "WriteZero", description: "no space left on device" })
  assert.match(await refusalOf("Negative", refusing(full)), /new\.bundle: no space left on device; choose a folder/)
})

const isRoot = process.getuid?.() === 0
if (isRoot) console.warn("a folder that is not one's own: skipped, root may write everywhere")
it.skipIf(isRoot)("a folder that is not one's own is refused, and stays empty", async () => {
  const folder = samples.in("locked")
  await mkdir(folder, { mode: 0o500 })
  const out = `${folder}/new.bundle`
  assert.match(await refusalOf("Negative", createBundle({ ...given, out, files: [samples.a] })), /permission denied/)
  assert.deepStrictEqual(await readdir(folder), [])
})

const Opened = Schema.parseJson(
  Schema.Struct({
    correlation: Schema.String,
    redacted: Schema.Array(Schema.String),
    journals: Schema.Array(
      Schema.Struct({
        label: Schema.String,
        events: Schema.Int,
        damage: Schema.Null,
        actors: Schema.Array(Schema.Object)
      })
    )
  })
)

it("a bundle answers as its journals did, when they are gone", async () => {
  await Promise.all([rm(samples.a), rm(samples.b)])
  const file = samples.in("both.bundle")
  assert.deepStrictEqual(await events([file]), before.events)
  assert.deepStrictEqual(await states([file]), before.states)
  assert.strictEqual(before.states.length, 1)
  const [head, , , journal] = await linesOf(openBundle({ file, json: false }))
  assert.match(head ?? "", /both\.bundle: version 1, made \d{4}-/)
  assert.match(journal ?? "", /^journal a\.db: \d+ batches, \d+ events, of batches 1 to \d+$/)
  const [json = ""] = await linesOf(openBundle({ file, json: true }))
  const opened = Schema.decodeSync(Opened)(json)
  assert.deepStrictEqual(
    opened.journals.map(({ actors, label }) => [label, actors.length]),
    [
      ["a.db", 2],
      ["b.db", 2]
    ]
  )
  const checks = await linesOf(verify({ files: [file], json: false }))
  assert.deepStrictEqual([checks[0], checks.length], ["a.db: all is well", 8])
  const [batch] = await linesOf(why({ file, point: "b.db:300", others: [], json: false }))
  assert.match(batch ?? "", /^b\.db batch \d+ .* <- SetState /)
  const vf = { file, stream: "vf/0000:6b:00.2", field: "migrationState", json: false }
  assert.include(await refusalOf("Misuse", blame({ ...vf, at: none })), "name one of them with --at LABEL:SEQUENCE")
  assert.match((await linesOf(blame({ ...vf, at: some("a.db:400") })))[0] ?? "", / is PRE_COPY, set by event 303$/)
})

it("a whole journal compares with itself; a bundle of several is no run", async () => {
  const file = samples.in("whole.bundle")
  const run = { b: file, ignore: [], strictOrder: true, json: false }
  assert.match((await linesOf(compare({ ...run, a: file })))[0] ?? "", /^\d+ events agree$/)
  assert.include(await refusalOf("Misuse", compare({ ...run, a: samples.in("both.bundle") })), "holds 2 journals")
  const part = samples.in("part.bundle")
  assert.include(
    await refusalOf("Misuse", compare({ ...run, a: part })),
    "part.bundle is the part with correlation id "
  )
  assert.match((await linesOf(compare({ ...run, a: part, b: part })))[0] ?? "", /^\d+ events agree$/)
  const another = samples.in("another.bundle")
  assert.match(
    (await answerOf(compare({ ...run, a: part, b: another }))).failure?.message ?? "",
    /the runs differ first/
  )
  assert.include(await linesOf(replay(replayOptions([file], { type: some("None") }))), "no event matches")
})

it("redacted values are nowhere in the file, and every hash holds", async () => {
  const file = samples.in("secret.bundle")
  const text = gunzipSync(await readFile(file)).toString()
  const whole = gunzipSync(await readFile(samples.in("both.bundle"))).toString()
  const values = [...new Set([...whole.matchAll(/\\"gencap\\":(\d+)/g)].map(([, value = ""]) => value))]
  assert.isAbove(values.length, 0)
  for (const value of values) assert.notInclude(text, value)
  const lines = await linesOf(openBundle({ file, json: false }))
  assert.include(lines, "  redacted     gencap, pf.version")
  assert.strictEqual(lines.filter((line) => line === "  hashes       every batch is what was written").length, 2)
  const checks = await linesOf(verify({ files: [file], json: false }))
  assert.isTrue(checks.some((line) => /^ {2}not compared: \d+ commands \(redacted\)$/.test(line)))
  const [told] = await linesOf(why({ file, point: "a.db:300", others: [], json: false }))
  assert.include(told, "pf=(version=[redacted] gencap=[redacted] ")
})

it("a bundle that was changed, cut off or is newer, and a file that is none", async () => {
  const show = (file: string) => replay(replayOptions([file]))
  const bytes = await readFile(samples.in("both.bundle"))
  await writeFile(samples.in("cut.bundle"), bytes.subarray(0, bytes.byteLength - 20))
  assert.match(
    await refusalOf("Negative", show(samples.in("cut.bundle"))),
    /^bundle .*cut\.bundle is damaged at line \d+: [^{]*$/
  )
  const edited = await changed("edited.bundle", (text) => text.replace('pfVersion\\":2', 'pfVersion\\":3'))
  assert.match(
    await refusalOf("Negative", show(edited)),
    /is damaged at line \d+: journal .* is damaged at batch \d+: its hash/
  )
  const newer = await changed("newer.bundle", (text) => text.replace('"version":1', '"version":9'))
  assert.include(
    await refusalOf("Misuse", show(newer)),
    "has version 9, this release reads up to 1: use a newer release"
  )
  const other = await changed("other.bundle", () => "some other text\n")
  assert.include(
    await refusalOf("Misuse", show(other)),
    "other.bundle is not a bundle of Stopcopy: its first line is not"
  )
  const answer = await answerOf(openBundle({ file: edited, json: true }))
  assert.deepStrictEqual([answer.failure?._tag, answer.lines], ["Negative", []])
})
