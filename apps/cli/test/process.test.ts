/** The program as a process: what it prints where, and its exit codes. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assertMisuse, bundled, bundleMillis, type Program, versionIn } from "./bundled.ts"
import { serveVf } from "./conformance/device.ts"
import { writeSampleJournal } from "./sample/sampleJournal.ts"
import { sampleBlock } from "./sampleBlock.ts"

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

let program: Program
beforeAll(async () => {
  program = await bundled()
  await writeFile(join(program.folder, "block.bin"), sampleBlock())
  await Effect.runPromise(writeSampleJournal(join(program.folder, "sample.db")))
}, bundleMillis)
afterAll(() => program.dispose())

/** Every case at once: a process takes its time to start. */
const assertMisuses = (
  cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, reason: string]>
): Promise<unknown> => Promise.all(cases.map(async ([args, reason]) => assertMisuse(await program.run(args), reason)))

const Node = Schema.Struct({ name: Schema.String, offset: Schema.Number, size: Schema.Number })
const Decoded = Schema.parseJson(
  Schema.Struct({
    tree: Schema.Array(Node),
    problem: Schema.NullOr(Schema.Struct({ code: Schema.String, where: Schema.String }))
  })
)
const Line = Schema.parseJson(Schema.Struct({ sequence: Schema.Number, type: Schema.String, payload: Schema.Object }))
const State = Schema.parseJson(Schema.Struct({ state: Schema.Struct({ block: Schema.String }) }))

it("a good block is decoded from a file, from standard input and from hex text, all the same", async () => {
  const file = await program.run(["decode", "block.bin"])
  assert.deepStrictEqual([file.code, file.stderr], [0, ""])
  assert.match(file.stdout, /├─ gencap +0x1000021/)
  assert.match(file.stdout, / 2364 +1732 +unused +all zero\n$/)
  const hex = Buffer.from(sampleBlock()).toString("hex").replace(/0+$/, "0000")
  for (const [args, input] of [
    [["decode"], sampleBlock()],
    [["decode", "-"], hex.replaceAll(/.{64}/g, "$&\n")]
  ] as const) {
    assert.deepStrictEqual(await program.run(args, input), file)
  }
})

it("decode --json gives the tree and the problem", async () => {
  const { code, stdout } = await program.run(["decode", "--json"], sampleBlock().subarray(0, 90))
  const { problem, tree } = Schema.decodeSync(Decoded)(stdout)
  assert.deepStrictEqual([code, problem?.code, tree.map(({ name }) => name)], [1, "mstate.block.short", ["setup part"]])
})

it("a corrupt block is shown up to the bad place, which is named; exit code 1", async () => {
  const block = sampleBlock()
  block[90] = 0
  const text = await program.run(["decode"], block)
  assert.strictEqual(text.code, 1)
  assert.include(text.stdout, "extdc")
  assert.notInclude(text.stdout, "MISCBAR")
  assert.match(text.stderr, /^stopcopy: state preamble at offset 90: .*\(found 0xadf5ca00, wanted 0xadf5caea\); .*\n$/)
})

it("decode says in one line what it cannot read", () =>
  assertMisuses([
    [["decode"], "standard input is empty"],
    [["decode", ""], "cannot read '': there is no such file"],
    [
      ["decode", "--what"],
      "stopcopy: there is no option '--what'; a file of that name is './--what'; see stopcopy decode --help"
    ]
  ]))

it("a journal replays, whole and by stream, and is not changed", async () => {
  const file = join(program.folder, "sample.db")
  const before = await readFile(file)
  const [all, one] = await Promise.all([
    program.run(["replay", "sample.db"]),
    program.run(["replay", "sample.db", "--stream", "vf/0000:f3:00.2", "--json"])
  ])
  assert.deepStrictEqual([all.code, all.stderr], [0, ""])
  assert.isTrue(before.equals(await readFile(file)))
  const [head = "", ...lines] = all.stdout.trimEnd().split("\n")
  assert.strictEqual(head, `sample.db: ${lines.length} events in 10 streams; times are UTC`)
  assert.isTrue(lines.some((line) => /SetupJudged .*failure=EINVAL \(mstate\.gencap\.superset\)$/.test(line)))
  const events = one.stdout
    .trimEnd()
    .split("\n")
    .map((line) => Schema.decodeSync(Line)(line))
  assert.strictEqual(events[0]?.type, "Probed")
  assert.isBelow(events.length, lines.length)
})

it("the state of every actor after an event, or of the stream that was named", async () => {
  const [every, named, json] = await Promise.all([
    program.run(["replay", "sample.db", "--at", "4"]),
    program.run(["replay", "sample.db", "--stream", "pf/0000:6b:00.0", "--at", "4"]),
    program.run(["replay", "sample.db", "--stream", "vf/0000:6b:00.2", "--at", "4", "--json"])
  ])
  assert.match(every.stdout, /\nvf\/0000:6b:00\.2 \(vf\) after event 4, /)
  assert.include(every.stdout, "\n  migrationState: RUNNING\n")
  assert.include(every.stdout, "\n  block: 4096 bytes, all zero\n")
  assert.match(named.stdout, /^pf\/0000:6b:00\.0 \(pf\) after event 4, .*; its last event is 2\n/)
  const { state } = Schema.decodeSync(State)(json.stdout)
  assert.strictEqual(Buffer.from(state.block, "base64").byteLength, 4096)
})

it("replay says in one line what it cannot read", () =>
  assertMisuses([
    [["replay", "none.db"], "there is no journal at none.db"],
    [["replay", "sample.db", "--stream", "vf/x"], "the journal has pf/0000:6b:00.0, vf/"],
    [["replay", ""], "there is no journal at ''"],
    [["replay"], "stopcopy: missing argument <JOURNAL|BUNDLE>; see stopcopy replay --help"],
    [["replay", "sample.db", "--stream"], "stopcopy: --stream needs a value; see stopcopy replay --help"],
    [["replay", "sample.db", "--at", "5", "--at", "6"], "stopcopy: --at is given 2 times: give it once; see"],
    [["replay", "sample.db", "--at", "abc"], "stopcopy: 'abc' is no point: write the sequence of an event, such as 17"],
    [["replay", "sample.db", "--interactive"], "stopcopy: --interactive needs a terminal"],
    [["diff", "sample.db", "1"], "stopcopy: missing argument <B>; see stopcopy diff --help"],
    [
      ["bundle", "create", "x", "sample.db", "--redact"],
      "stopcopy: --redact needs a value; see stopcopy bundle create"
    ],
    [["bundle", "create", "x", "--redact", "", "sample.db"], "stopcopy: --redact has an empty value: give one"],
    [["bundle", "create", "x", "--redact=gncap", "sample.db"], "--redact gncap: no event has such a field"],
    [["replay", "--stream", "", "sample.db"], "stopcopy: --stream has an empty value"],
    [["conformance"], "stopcopy: name the socket of a server, or give --list"],
    [["conformance", "none.sock"], "stopcopy: connect to none.sock: ENOENT; start a server there, or name its socket"],
    [["conformance", "--list", "--only=what"], "stopcopy: --only what: there is no such clause; use a name of --list"],
    [["record", "--listen", "a", "--connect", "b"], "--journal"],
    [["record", "--listen", "a", "--connect", "b", "--journal", "c.db", "--fault=drop X 1"], "'X' is no command"]
  ]))

it("help and version are plain and exit with 0; an unknown command is misuse", async () => {
  const [help, version] = await Promise.all([program.run(["--help"]), program.run(["--version"])])
  assert.deepStrictEqual([help.code, version.code], [0, 0])
  const names = [
    "demo",
    "decode",
    "replay",
    "diff",
    "blame",
    "why",
    "verify",
    "compare",
    "bundle create",
    "bundle open",
    "conformance",
    "record",
    "host list",
    "vf placements",
    "preflight",
    "migrate",
    "watch",
    "resolve",
    "evacuate",
    "policy set",
    "completions"
  ]
  for (const name of names) assert.include(help.stdout, `- ${name} `)
  assert.isFalse(help.stdout.includes("\u001b"))
  assert.strictEqual(version.stdout, `${versionIn(read("../package.json"))}\n`)
  const group = await program.run(["vf", "group", "--help"])
  assert.match(group.stdout, /^\$ stopcopy vf group /m)
  assert.notInclude(group.stdout, "user-defined")
  assertMisuse(
    await program.run(["teleport"]),
    "stopcopy: there is no command 'teleport', use one of demo, start, decode,"
  )
  assertMisuse(await program.run(["bundle", "nope"]), "there is no command 'nope', use one of create, fetch, open; see")
})

it("decode reads pipes by name", async () => {
  const file = await program.run(["decode", "block.bin"])
  const [fifo, device] = await Promise.all([
    program.shell("mkfifo pipe && { cat block.bin > pipe & } && stopcopy decode pipe"),
    program.shell("cat block.bin | stopcopy decode /dev/stdin")
  ])
  assert.deepStrictEqual([fifo, device], [file, file])
})

it("a changed payload is named after everything has been shown; exit code 1", async () => {
  const bytes = await readFile(join(program.folder, "sample.db"))
  const at = bytes.indexOf('"pfVersion":')
  assert.isAbove(at, 0)
  bytes[at + '"pfVersion":'.length] = 0x37
  await writeFile(join(program.folder, "changed.db"), bytes)
  const { code, stderr, stdout } = await program.run(["replay", "changed.db"])
  assert.strictEqual(code, 1)
  assert.match(stderr, /^stopcopy: journal changed\.db is damaged at batch \d+: [^\n]+\n$/)
  assert.strictEqual(stdout.trimEnd().split("\n").length, Number(/: (\d+) events/.exec(stdout)?.[1]) + 1)
})

it("a journal that was cut off is damaged, not misuse", async () => {
  const bytes = await readFile(join(program.folder, "sample.db"))
  await writeFile(join(program.folder, "cut.db"), bytes.subarray(0, 20_000))
  const { code, stderr } = await program.run(["replay", "cut.db"])
  assert.strictEqual(code, 1)
  assert.match(stderr, /^stopcopy: journal cut\.db is damaged at batch \d+: [^\n]+\n$/)
})

it("a reader that wants no more ends every command quietly", async () => {
  for (const command of ["decode block.bin", "replay sample.db"]) {
    // The code goes around the pipe, which would give that of `head`.
    const line = `{ stopcopy ${command}; echo "code $?" >&2; } | head -n 1`
    const { stderr, stdout } = await program.shell(line)
    assert.deepStrictEqual([command, stderr, stdout.trimEnd().split("\n").length], [command, "code 0\n", 1])
  }
})

it("output that cannot be written is told in one line; exit code 1", async ({ skip }) => {
  if (!existsSync("/dev/full")) skip("there is no /dev/full here")
  for (const command of ["decode block.bin", "replay sample.db", "--help"]) {
    const { code, stderr } = await program.shell(`stopcopy ${command} > /dev/full`)
    const said = "stopcopy: cannot write to standard output: no space left on device\n"
    assert.deepStrictEqual([command, code, stderr], [command, 1, said])
  }
})

/** `script` of util-linux, without which a test has no terminal. */
const hasTerminal = spawnSync("script", ["--version"]).status === 0
if (!hasTerminal)
  console.warn("skipped: there is no `script` of util-linux here, so no terminal to step through events in")

/** Whether the terminal puts lines together and echoes them, as it does before. */
const modes = "stty -a | grep -o -E -- '-?(icanon|echo) ' | xargs"

it.skipIf(!hasTerminal)("events are stepped through in a terminal, which is as before afterwards", async () => {
  const { code, stderr, stdout } = await program.terminal(
    `stopcopy replay sample.db --interactive; echo "code $?"; ${modes}`,
    [
      ["1 of ", "f"],
      ["FileRefused", "s"],
      ["migrationState", "d"],
      ["what changed with event", ":"],
      ["jump to event", "300\r"],
      ["what changed with event 300", "e"],
      ["--- event 300", "/"],
      ["search for text", "superset\r"],
      ["EINVAL", "?"],
      ["any key goes back", "q"],
      ["j/k step", "q"]
    ]
  )
  assert.deepStrictEqual([code, stderr], [0, ""], "the texts of stderr were not seen")
  assert.include(stdout, "\u001b[?1049h\u001b[?25l")
  assert.isTrue(stdout.endsWith("\u001b[?25h\u001b[?1049lcode 0\r\nicanon echo\r\n"))
})

it.skipIf(!hasTerminal)("an interrupted terminal is as before; exit code 130", async () => {
  const { stdout } = await program.terminal(`stopcopy replay sample.db --interactive; echo "code $?"; ${modes}`, [
    ["1 of ", "\u0003"]
  ])
  assert.isTrue(stdout.endsWith("\u001b[?25h\u001b[?1049lcode 130\r\nicanon echo\r\n"))
})

it.skipIf(!hasTerminal)("the end of input ends stepping, also before the terminal is taken over", async () => {
  const line = 'echo begin; stopcopy replay sample.db --interactive; echo "code $?"'
  for (const seen of ["begin", "1 of "]) {
    const { stdout } = await program.terminal(line, [[seen, "\u0004"]])
    assert.isTrue(stdout.endsWith("code 0\r\n"), seen)
  }
})

it("conformance as a process: descriptors are passed, and exit codes are its answer", async () => {
  const served = Effect.gen(function* () {
    const socket = join(program.folder, "vf.sock")
    yield* serveVf(socket)
    return yield* Effect.promise(() => program.run(["conformance", "vf.sock", "--only", "irq", "--json"]))
  })
  const { code, stderr, stdout } = await Effect.runPromise(Effect.scoped(served))
  assert.deepStrictEqual([code, stderr], [0, ""])
  const lines = stdout.trimEnd().split("\n")
  assert.match(
    lines.at(-1) ?? "",
    /^\{"clauses":10,"passed":10,"failed":0,"skipped":0,"device":"8086:4941","left":null\}$/
  )
})

it("Ctrl-C ends a recording: the socket is gone, the journal is whole; exit code 130", async () => {
  const sockets = ["--listen", "wire.sock", "--connect", "none.sock"]
  const { code, stderr, stdout } = await program.interrupt(["record", ...sockets, "--journal", "wire.db"])
  const said = "Recording wire.sock to none.sock into wire.db, stream wire/wire.sock; Ctrl-C ends it\n"
  assert.deepStrictEqual([code, stderr, stdout], [130, "", said])
  assert.isFalse(existsSync(join(program.folder, "wire.sock")))
  const verified = await program.run(["verify", "wire.db"])
  assert.deepStrictEqual([verified.code, verified.stderr], [0, ""])
})
