/**
 * The demo as people run it, with processes of its own: what it shows and leaves, how it ends when something is wrong. Its journals are what real emulators
 * wrote: every command reads them, and the README's commands are run on them.
 */
import { afterAll, assert, beforeAll, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assertMisuse, bundled, bundleEmulatorBeside, bundleMillis, type Program, type Run } from "../bundled.ts"

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")

/** Fenced blocks of the README in one language. */
const fenced = (language: string): ReadonlyArray<string> =>
  [...readme.matchAll(/```(\w+)\n([^]*?)```/g)].flatMap(([, name, text = ""]) => (name === language ? [text] : []))

const isDemo = (command: string): boolean => command.startsWith("stopcopy demo")
const commands = fenced("sh")
const journals = ["demo.db", "demo-destination.db"] as const

let program: Program
/** Where the demos of this file make their folders. */
let temporary: string
let demo: Run
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "stopcopy-test-"))
  vi.stubEnv("TMPDIR", temporary)
  program = await bundled()
  await bundleEmulatorBeside(program.folder)
  demo = await program.shell(commands.filter(isDemo).join(""))
}, bundleMillis)
afterAll(async () => {
  vi.unstubAllEnvs()
  await Promise.all([program.dispose(), rm(temporary, { recursive: true, force: true })])
})

/** The processes of both emulators, as the demo names them. */
const emulators = (output: string): ReadonlyArray<number> =>
  [...output.matchAll(/^ {2}(?:source|destination) +process (\d+),/gm)].map(([, pid]) => Number(pid))

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** No process of a demo is left, nor a folder of it. */
const assertNothingLeft = async (...runs: ReadonlyArray<Run>): Promise<void> => {
  for (const { stdout } of runs) {
    const pids = emulators(stdout)
    assert.deepStrictEqual([pids.length, pids.filter(isAlive)], [2, []])
  }
  assert.deepStrictEqual(await readdir(temporary), [])
}

it("a guest's VF moves between two processes, everything agrees, and nothing but the journals is left", async () => {
  assert.deepStrictEqual([demo.code, demo.stderr], [0, ""])
  const said = demo.stdout
  assert.match(said, /missing +AES-GCM single pass \(bit 16\)/)
  assert.include(said, "The source VF is RUNNING, and the guest works on.")
  assert.match(said, /block +4096 bytes \(setup part 90, rest 4006\)/)
  for (const part of ["drain", "stop", "transfer", "load", "epoch", "resume"]) {
    assert.match(said, new RegExp(`    ${part} +\\d+\\.\\d{3} ms`))
  }
  assert.include(said, "States and digests are those that were seen live; the hash chains are whole.")
  assert.match(
    said,
    /replay +node cli\/dist\/stopcopy\.mjs replay demo\.db demo-destination\.db --correlation demo\/moved/
  )
  assert.isFalse(said.includes("\u001b"))
  assert.notInclude(said, "DIFFERENT")
  await assertNothingLeft(demo)
})

it("the guest is answered before, during and after the migration, and the ledger is balanced", () => {
  const counts = ["before", "while it was refused", "during the migration", "at the destination"].map((when) =>
    Number(new RegExp(`^  ${when} +(\\d+)$`, "m").exec(demo.stdout)?.[1])
  )
  const all = counts.reduce((sum, count) => sum + count, 0)
  assert.isTrue(
    counts.every((count) => count >= 40),
    counts.join(", ")
  )
  assert.match(demo.stdout, new RegExp(`all +${all}, every result is right`))
  const ledger = `${all} published, ${all} executed, ${all} answered, ${all} taken by the guest`
  assert.include(demo.stdout, ledger)
  assert.include(demo.stdout, "The ledger is balanced: every request has exactly one response.")
})

it("what cannot be is misuse, and nothing is started", async () => {
  await Promise.all([writeFile(join(program.folder, "x-destination.db"), ""), writeFile(join(program.folder, "y"), "")])
  const cases = [
    [["--journal", "demo.db"], "demo.db exists already: give the demo's journal a new name"],
    [["--journal", "x.db"], "x-destination.db exists already"],
    [["--journal", "none/x.db"], "cannot write none/x.db: there is no folder none: make it, or name another journal"],
    [["--journal", "y/x.db"], "cannot write y/x.db: y is not a folder: name another journal"],
    [["--journal", ""], "stopcopy: --journal has an empty value"],
    [["--emulator", "none.js"], "there is no emulator at none.js: name the file of the program"],
    [["--emulator", "."], "there is no emulator at .: name the file of the program"],
    [["--emulator"], "stopcopy: --emulator needs a value; see stopcopy demo --help"]
  ] as const
  await Promise.all(cases.map(async ([args, reason]) => assertMisuse(await program.run(["demo", ...args]), reason)))
  assert.deepStrictEqual(await readdir(temporary), [])
  assert.isFalse(existsSync(join(program.folder, "x.db")))
})

it("an emulator that does not start is named with what it said; exit code 1", async () => {
  await writeFile(join(program.folder, "broken.js"), 'console.error("no devices today"); process.exit(3)')
  const { code, stderr, stdout } = await program.run(["demo", "--emulator", "broken.js"])
  assert.strictEqual(code, 1)
  assert.match(stderr, /^stopcopy: the (source|destination) emulator ended with exit code 3: no devices today\n$/)
  assert.strictEqual(stdout, "Two emulators of QAT devices, each a process of its own\n")
  assert.deepStrictEqual(await readdir(temporary), [])
})

it("an emulator that dies during the demo is what the demo fails with; exit code 1", async () => {
  const dying = (index: number, when: string) =>
    program.whenSeen(["demo"], when, (_, output) => void process.kill(emulators(output)[index] ?? 0, "SIGKILL"))
  const [source, destination] = await Promise.all([dying(0, "at work on a/vf0"), dying(1, "ok setup part")])
  const said = (name: string) => `stopcopy: the ${name} emulator was ended by SIGKILL\n`
  assert.deepStrictEqual([source.code, source.stderr], [1, said("source")])
  assert.deepStrictEqual([destination.code, destination.stderr], [1, said("destination")])
  await assertNothingLeft(source, destination)
})

it("Ctrl-C puts the source back to RUNNING, a closed terminal ends the demo as well; exit code 130", async () => {
  const signalled = (seen: string, signal: NodeJS.Signals) =>
    program.whenSeen(["demo"], seen, (child) => void child.kill(signal))
  const runs = await Promise.all([signalled("90 bytes in 3", "SIGINT"), signalled("at work on a/vf0", "SIGHUP")])
  for (const { code, stderr } of runs) assert.deepStrictEqual([code, stderr], [130, ""])
  assert.match(
    runs[0].stdout,
    /\n {2}Interrupted and put back: the source VF is RUNNING, the destination VF is reset \(RUNNING\)\.\n$/
  )
  await assertNothingLeft(...runs)
})

it("a reader that wants no more, and output that cannot be written, end the demo", async () => {
  const head = program.shell('{ stopcopy demo; echo "code $?" >&2; } | head -n 1')
  const full = existsSync("/dev/full") ? program.shell("stopcopy demo > /dev/full") : undefined
  const { stderr, stdout } = await head
  assert.deepStrictEqual([stderr, stdout.trimEnd().split("\n").length], ["code 0\n", 1])
  const told = await full
  if (told !== undefined) {
    const said = "stopcopy: cannot write to standard output: no space left on device\n"
    assert.deepStrictEqual([told.code, told.stderr], [1, said])
  }
  assert.deepStrictEqual(await readdir(temporary), [])
})

const Row = Schema.parseJson(Schema.Struct({ sequence: Schema.Int, type: Schema.String, stream: Schema.String }))
const rowsOf = async (...args: ReadonlyArray<string>) =>
  (await program.run(["replay", ...args, "--json"])).stdout
    .trimEnd()
    .split("\n")
    .map((line) => Schema.decodeSync(Row)(line))

it("every behavior in an emulator's journal is known: every command is decided again, every event is read", async () => {
  const [verified, unknown, ...blamed] = await Promise.all([
    program.run(["verify", ...journals]),
    program.run(["replay", ...journals, "--text", "unknown"]),
    program.run(["blame", "demo.db", "epoch/a/vf0", "standing"]),
    program.run(["blame", "demo-destination.db", "epoch/a/vf0", "standing"]),
    program.run(["diff", "demo-destination.db", "0", "5"])
  ])
  assert.deepStrictEqual([verified?.code, verified?.stderr, verified?.stdout.split("\n").length], [0, "", 9])
  assert.notInclude(verified?.stdout, "not compared")
  assert.include(unknown?.stdout, "no event matches")
  const [fenced = "", held = "", changed = ""] = blamed.map(({ stdout }) => stdout)
  assert.match(fenced, /^standing of epoch\/a\/vf0 is fenced, set by event \d+\n/)
  assert.match(held, /^standing of epoch\/a\/vf0 is held, set by event \d+\n.* held -> granted .*\n.* granted -> held /)
  assert.match(changed, /^from 0 to 5\npf\/a \(pf, new\)\n/)
  const kinds = new Set((await rowsOf(...journals)).map(({ stream }) => stream.split("/")[0]))
  assert.deepStrictEqual([...kinds].toSorted(), ["epoch", "pci", "pf", "vf"])
})

/** Numbers of events in the README, each with that of the same event in these journals. */
const numbersHere = async (): Promise<ReadonlyMap<string, number>> => {
  const moved = await rowsOf("demo.db", "--correlation", "demo/moved")
  const arcs = moved.filter(({ type }) => type === "ArcTaken")
  const first = moved[0]?.sequence ?? 0
  return new Map([
    ["424", first - 1],
    ["427", moved.find(({ type }) => type === "SetupSaved")?.sequence ?? 0],
    ["430", arcs[0]?.sequence ?? 0],
    ["554", arcs[2]?.sequence ?? 0]
  ])
}

it("the README's commands do what it shows", async () => {
  const numbers = await numbersHere()
  const own = commands
    .filter((command) => !isDemo(command))
    .map((command) => command.replaceAll(/\b\d{3}\b/g, (number) => `${numbers.get(number) ?? number}`))
  const making = own.find((command) => command.includes("> block.bin"))
  assert.isDefined(making)
  // This one makes the block that others look at.
  const made = await program.shell(making)
  assert.deepStrictEqual([made.code, made.stderr], [0, ""])
  const others = own.filter((command) => command !== making)
  const runs = await Promise.all(others.map((command) => program.shell(command)))
  const outputs = [demo, ...runs].flatMap(({ stderr, stdout }) => [stdout, stderr])
  const withoutNumbers = (text: string): string => text.replaceAll(/[0-9a-f]+/g, "#").replaceAll(/ +/g, " ")
  const shown = fenced("text").flatMap((text) => text.split("\n"))
  const lines = shown.filter((line) => line.trim() !== "").map((line) => line.replace(/\s*(\.\.\.)?$/, ""))
  const seen = withoutNumbers(outputs.join("\n"))
  assert.deepStrictEqual(
    lines.filter((line) => !seen.includes(withoutNumbers(line))),
    []
  )
})
