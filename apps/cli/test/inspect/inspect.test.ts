/** `replay`, `diff`, `blame`, `why`, `verify`, `compare` over sample journals, as text and as JSON. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import { readFile, writeFile } from "node:fs/promises"
import { blame } from "../../src/inspect/blame.ts"
import { compare } from "../../src/inspect/compare.ts"
import { diff } from "../../src/inspect/diff.ts"
import { verify } from "../../src/inspect/verify.ts"
import { why } from "../../src/inspect/why.ts"
import { replay } from "../../src/replay/replay.ts"
import { answerOf, sampleFolder, linesOf, refusalOf, replayOptions } from "../commands.ts"

let samples: Awaited<ReturnType<typeof sampleFolder>>
beforeAll(async () => {
  samples = await sampleFolder()
})
afterAll(() => samples.dispose())

const vf = "vf/0000:6b:00.2"
const [none, some] = [Option.none<string>(), Option.some<string>]

const Row = Schema.parseJson(
  Schema.Struct({
    journal: Schema.String,
    sequence: Schema.Int,
    time: Schema.String,
    stream: Schema.String,
    type: Schema.String,
    correlation: Schema.String,
    failure: Schema.optional(Schema.Struct({ name: Schema.String })),
    payload: Schema.Struct({ _tag: Schema.String })
  })
)
const rows = (lines: ReadonlyArray<string>) => lines.map((line) => Schema.decodeSync(Row)(line))

const timeline = (given: Parameters<typeof replayOptions>[1] = {}, files = [samples.a]) =>
  linesOf(replay(replayOptions(files, given)))

it("every filter keeps what it says", async () => {
  const all = rows(await timeline({ json: true }))
  const kept = async (given: Parameters<typeof replayOptions>[1]) => rows(await timeline({ ...given, json: true }))
  assert.deepStrictEqual(
    await kept({ type: some("ArcTaken") }),
    all.filter(({ type }) => type === "ArcTaken")
  )
  assert.deepStrictEqual(
    await kept({ correlation: some(`demo/0000:6b:00.2`) }),
    all.filter(({ correlation }) => correlation === "demo/0000:6b:00.2")
  )
  const failures = await kept({ failures: true })
  assert.deepStrictEqual(
    failures.map(({ failure, type }) => [type, failure?.name]),
    [
      ["FileRefused", "ENOMSG"],
      ["SetupJudged", "EINVAL"],
      ["FileRefused", "EINVAL"]
    ]
  )
  assert.deepStrictEqual(await kept({ text: some("superset"), stream: some("vf/0000:f3:00.2") }), failures.slice(1))
  assert.deepStrictEqual(await kept({ regex: some("^ArcT.*n$") }), await kept({ type: some("ArcTaken") }))
  const [from, to] = [all[99]?.time ?? "", all[199]?.time ?? ""]
  assert.deepStrictEqual(
    await kept({ from: some(from), to: some(to) }),
    all.filter(({ time }) => time >= from && time <= to)
  )
})

it("several journals merge by time, each event with its journal", async () => {
  const lines = rows(await timeline({ json: true }, [samples.a, samples.b]))
  assert.deepStrictEqual(
    lines.map(({ time }) => time),
    lines.map(({ time }) => time).toSorted()
  )
  assert.deepStrictEqual([...new Set(lines.map(({ journal }) => journal))], ["a.db", "b.db"])
  const [head, first] = await timeline({ type: some("Configured") }, [samples.a, samples.b])
  assert.strictEqual(head, `${samples.a}, ${samples.b}: ${lines.length} events in 20 streams; times are UTC`)
  assert.match(first ?? "", /^a\.db {2} +1 {2}\d\d:\d\d:\d\d\.\d{6} {2}pf\/0000:6b:00\.0 +Configured +deviceId=0x4940 /)
  const twice = rows(await timeline({ json: true, type: some("Configured") }, [samples.a, samples.a]))
  assert.deepStrictEqual([...new Set(twice.map(({ journal }) => journal))], ["a.db", "a.db~2"])
})

it("a tree shows the command above its events", async () => {
  const [command, ...events] = await timeline({ tree: true, type: some("SetupJudged"), text: some("superset") })
  assert.match(command ?? "", /^batch \d+ {2}[0-9:.]+ {2}vf\/0000:f3:00\.2 <- WriteFile file=0 /)
  assert.match(events.at(-1) ?? "", /^└─ \d+ {2}vf\/0000:f3:00\.2\/file\/0 {2}FileRefused {2}.*superset\)$/)
  const [json] = await timeline({ tree: true, type: some("SetupJudged"), text: some("superset"), json: true })
  const Tree = Schema.parseJson(
    Schema.Struct({
      command: Schema.Struct({ stream: Schema.String, payload: Schema.Struct({ _tag: Schema.String }) }),
      events: Schema.Array(Schema.Struct({ type: Schema.String, leadsTo: Schema.Array(Schema.Unknown) }))
    })
  )
  const tree = Schema.decodeSync(Tree)(json ?? "")
  assert.deepStrictEqual([tree.command.payload._tag, tree.events.length], ["WriteFile", events.length])
})

const State = Schema.parseJson(
  Schema.Struct({
    stream: Schema.String,
    at: Schema.Int,
    state: Schema.Struct({ version: Schema.optional(Schema.Int) })
  })
)

it("--at gives the state of every actor, or of one stream, also before the first event", async () => {
  const all = (await timeline({ at: some("303"), json: true })).map((line) => Schema.decodeSync(State)(line))
  const streams = ["pf/0000:6b:00.0", "vf/0000:6b:00.2", "pf/0000:e8:00.0", "vf/0000:e8:00.2"]
  assert.deepStrictEqual(
    all.slice(0, 4).map(({ at, stream }) => [at, stream]),
    streams.map((stream) => [303, stream])
  )
  const one = await timeline({ at: some("303"), stream: some(vf) })
  assert.match(one[0] ?? "", /^vf\/0000:6b:00\.2 \(vf\) after event 303, \d{4}-.*Z; its last event is 303$/)
  assert.include(one, "  migrationState: PRE_COPY")
  const before = await timeline({ at: some("0"), stream: some(vf) })
  assert.strictEqual(before[0], "vf/0000:6b:00.2 (vf) before the first event; no event of it yet")
  const merged = await timeline({ at: some("b.db:4"), stream: some(vf) }, [samples.a, samples.b])
  assert.isTrue(merged.some((line) => line.startsWith("vf/0000:6b:00.2 (vf) after event b.db:4, ")))
})

it("diff names what changed, field by field", async () => {
  const given = { file: samples.a, from: "302", to: "304", stream: some(vf) }
  const lines = await linesOf(diff({ ...given, json: false }))
  assert.deepStrictEqual(lines.slice(0, 3), [
    "from 302 to 304",
    "vf/0000:6b:00.2 (vf)",
    "    migrationState: RUNNING -> PRE_COPY"
  ])
  const [json = ""] = await linesOf(diff({ ...given, json: true }))
  const Diff = Schema.parseJson(Schema.Struct({ changes: Schema.Array(Schema.Struct({ path: Schema.String })) }))
  assert.strictEqual(Schema.decodeSync(Diff)(json).changes[0]?.path, "migrationState")
  const same = { ...given, to: "302" }
  assert.deepStrictEqual(await linesOf(diff({ ...same, json: false })), ["nothing changed from 302 to 302"])
  assert.deepStrictEqual(await linesOf(diff({ ...same, json: true })), [])
})

it("blame names the event that last set a field, and every one before it", async () => {
  const given = { file: samples.a, stream: vf, field: "migrationState", at: none }
  const [head, ...history] = await linesOf(blame({ ...given, json: false }))
  assert.match(head ?? "", /^migrationState of vf\/0000:6b:00\.2 is RUNNING, set by event \d+$/)
  assert.match(history[0] ?? "", /^303 .* RUNNING -> PRE_COPY +vf\/0000:6b:00\.2 +ArcTaken/)
  const json = rows(await linesOf(blame({ ...given, json: true })))
  assert.deepStrictEqual(
    json.map(({ type }) => type),
    ["ArcTaken", "ArcTaken", "ArcTaken", "ArcTaken", "ResetDone"]
  )
  const early = await linesOf(blame({ ...given, at: some("310"), json: false }))
  assert.deepStrictEqual(early.length, 2)
  const [unset] = await linesOf(blame({ ...given, at: some("297"), json: false }))
  assert.strictEqual(unset, "migrationState of vf/0000:6b:00.2 is RUNNING, which no event has set")
})

it("why shows the batch of an event and its command", async () => {
  const given = { file: samples.a, point: "300", others: [] }
  const [batch, event] = await linesOf(why({ ...given, json: false }))
  assert.match(batch ?? "", /^batch \d+ {2}[0-9:.]+ {2}vf\/0000:6b:00\.2 <- SetState requested=PRE_COPY \(6\) /)
  assert.match(event ?? "", /^└─ 300 {2}vf\/0000:6b:00\.2 {2}SetupSaved {2}.* {2}<- asked for$/)
  const [json = ""] = await linesOf(why({ ...given, json: true }))
  const Why = Schema.parseJson(Schema.Struct({ causes: Schema.Array(Schema.Unknown), missing: Schema.Null }))
  assert.deepStrictEqual(Schema.decodeSync(Why)(json).causes, [])
})

it("verify decides everything again; a changed byte is named with its batch", async () => {
  const lines = await linesOf(verify({ files: [samples.a, samples.b], json: false }))
  assert.deepStrictEqual([lines[0], lines[4]], ["a.db: all is well", "b.db: all is well"])
  assert.match(lines[2] ?? "", /^ {2}\d+ commands and \d+ packed entries decided again, with the same events$/)
  const bytes = await readFile(samples.a)
  const at = bytes.indexOf('"pfVersion":')
  bytes[at + '"pfVersion":'.length] = 0x37
  await writeFile(samples.in("changed.db"), bytes)
  for (const json of [false, true]) {
    const { failure, lines: told } = await answerOf(verify({ files: [samples.in("changed.db")], json }))
    assert.strictEqual(failure?._tag, "Negative")
    assert.match(failure?.message ?? "", /^changed\.db: damage at batch \d+/)
    assert.match(told[0] ?? "", json ? /"divergence":\{"kind":"damage"/ : /^changed\.db: not what it should be$/)
  }
  for (const command of [
    diff({ file: samples.in("changed.db"), from: "1", to: "2", stream: none, json: false }),
    why({ file: samples.in("changed.db"), point: "1", others: [], json: false }),
    blame({ file: samples.in("changed.db"), stream: vf, field: "migrationState", at: none, json: false }),
    replay(replayOptions([samples.in("changed.db")]))
  ]) {
    const { failure } = await answerOf(command)
    assert.match(failure?.message ?? "", /^journal .*changed\.db is damaged at batch \d+: /)
    assert.strictEqual(failure?._tag, "Negative")
  }
})

it("compare finds no difference between two samples, and the first one where a field differs", async () => {
  const given = { a: samples.a, b: samples.b, ignore: [], strictOrder: true }
  const [same] = await linesOf(compare({ ...given, json: false }))
  assert.match(same ?? "", /^\d+ events agree$/)
  const [json = ""] = await linesOf(compare({ ...given, json: true }))
  assert.match(json, /"divergence":null\}$/)
  const { failure, lines } = await answerOf(compare({ ...given, b: samples.in("changed.db"), json: false }))
  assert.strictEqual(failure?._tag, "Negative")
  assert.match(lines.join("\n"), /the runs differ first in vf\/\S+ \(payload\): event \d+, \w+ against event \d+, /)
  assert.match(lines.join("\n"), /pfVersion: 2 -> 7/)
})

it("every question that makes no sense is misuse, in one line", async () => {
  const misuse = (command: Parameters<typeof refusalOf>[1]) => refusalOf("Misuse", command)
  const from = (given: Parameters<typeof replayOptions>[1], files = [samples.a]) =>
    misuse(replay(replayOptions(files, given)))
  assert.strictEqual(
    await from({ from: some("soon") }),
    "--from wants a time such as 2026-01-02T03:04:05.678Z, not 'soon'"
  )
  assert.include(await from({ regex: some("(") }), "'(' is no regular expression: ")
  assert.include(await from({ stream: some("vf/x") }), "there is no stream vf/x; the journal has pf/0000:6b:00.0, ")
  assert.include(await from({ at: some("abc") }), "'abc' is no point: write the sequence of an event, such as 17")
  assert.include(await from({ at: some("100000") }), "a.db has no event 100000: its events are 1 to ")
  assert.include(await from({ at: some("4") }, [samples.a, samples.b]), "the labels are a.db, b.db")
  assert.include(await from({ at: some("4"), tree: true }), "--at and --tree ask for different things")
  assert.include(await from({ at: some("4"), type: some("x") }), "--at shows states, which --type does not filter")
  assert.include(await from({ interactive: true, json: true }), "--interactive and --json ask for different things")
  assert.include(await from({ interactive: true }), "--interactive needs a terminal")
  const field = { file: samples.a, stream: vf, at: none, json: false }
  assert.include(await misuse(blame({ ...field, field: "nothing" })), "has no field nothing: the state has lifecycle, ")
  assert.include(await misuse(blame({ ...field, stream: "vf/x", field: "a" })), "there is no stream vf/x")
  assert.include(await misuse(why({ file: samples.a, point: "0", others: [], json: false })), "no event 0")
  assert.include(
    await misuse(diff({ file: samples.a, from: "1", to: "x", stream: none, json: false })),
    "'x' is no point"
  )
  assert.include(await misuse(verify({ files: [samples.in("no.db")], json: false })), "there is no journal at ")
  assert.include(
    await misuse(compare({ a: samples.a, b: samples.in("no.db"), ignore: [], strictOrder: false, json: false })),
    "there is no journal at "
  )
})
