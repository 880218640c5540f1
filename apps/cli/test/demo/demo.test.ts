/**
 * The demo as people run it, with processes of its own: what it shows and leaves, how it ends when something is wrong. Its journals are what real services wrote:
 * every command reads them, and the README's commands are run on them.
 */
import { afterAll, assert, beforeAll, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundled, bundleMillis, bundleServicesBeside, type Program, type Run } from "../bundled.ts"
import { stopcopy } from "../operate/running.ts"
import { processes, untilGone } from "../world/processes.ts"

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")

/** Fenced blocks of the README in one language. */
const fenced = (language: string): ReadonlyArray<string> =>
  [...readme.matchAll(/```(\w+)\n([^]*?)```/g)].flatMap(([, name, text = ""]) => (name === language ? [text] : []))

const isDemo = (command: string): boolean => command.startsWith("stopcopy demo")
const commands = fenced("sh")
const journals = ["demo.db", "demo-beta.db", "demo-coordinator.db"] as const
/** The migration of the demo that is carried out: its id comes from its key, which is the same in every run. */
const moved = "m-zg9hv1h8s91amvk9"

let program: Program
/** Where the demos of this file make their folders. */
let temporary: string
let demo: Run
const before = process.cwd()
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "stopcopy-test-"))
  vi.stubEnv("TMPDIR", temporary)
  program = await bundled()
  await bundleServicesBeside(program.folder)
  process.chdir(program.folder)
  demo = await program.shell(commands.filter(isDemo).join(""))
}, 2 * bundleMillis)
afterAll(async () => {
  process.chdir(before)
  vi.unstubAllEnvs()
  await Promise.all([program.dispose(), rm(temporary, { recursive: true, force: true })])
})

const hasFull = existsSync("/dev/full")
if (!hasFull) console.warn("skipped: there is no /dev/full here, so no output that cannot be written")

/** No process of a demo is left, nor a folder of it. */
const assertNothingLeft = async (...runs: ReadonlyArray<Run>): Promise<void> => {
  for (const { stdout } of runs) {
    assert.strictEqual(processes(stdout).length, 3)
    await untilGone(processes(stdout))
  }
  assert.deepStrictEqual(await readdir(temporary), [])
}

it("one migration is refused, one completes, one is cancelled, a host is evacuated; nothing but the journals is left", async () => {
  assert.deepStrictEqual([demo.code, demo.stderr], [0, ""])
  const said = demo.stdout
  assert.include(said, "refused: 4 rules speak against it, and nothing was touched")
  for (const code of ["gencap.superset", "svcmap.equal", "extdc.superset", "sla.absent"]) {
    assert.include(said, `code         mstate.${code}\n`)
  }
  assert.match(said, new RegExp(`${moved}: vm-0, 1 VF, from alpha to beta\n`))
  assert.match(said, / {2}completed after .*; vm-0 is on beta\n {4}stood still for .*: drain .*, stop .*, save /)
  assert.match(said, / {2}cancelled after .*: to show how; vm-1 is on alpha\n/)
  assert.include(said, "alpha: 8 groups would move, 0 refused, 0 will stop")
  assert.match(
    said,
    / {2}finished after .*: 8 of 8 moved.*\n {2}nobody is left on alpha; all 9 guests work on, on beta\n/
  )
  // The first phase of all; others may be over before the next look.
  assert.match(said, /^ +\d.* {2}queued /m)
  assert.isFalse(said.includes("\u001b"))
  assert.match(
    said,
    new RegExp(`\\n {4}node cli/dist/stopcopy\\.mjs replay ${journals.join(" ")} --correlation ${moved}\\n$`)
  )
  await assertNothingLeft(demo)
})

it("every guest is answered before, during and after its migration, and the ledger is balanced", () => {
  const rows = [...demo.stdout.matchAll(/^ {2}(vm-\d) +(\d+) +(\d+) +(\d+) +(\d+) +0 {2}balanced$/gm)]
  assert.deepStrictEqual(
    rows.map(([, guest]) => guest),
    Array.from({ length: 9 }, (_, number) => `vm-${number}`)
  )
  let requests = 0
  for (const [line, , ...texts] of rows) {
    const [alpha = 0, way = 0, beta = 0, all = 0] = texts.map(Number)
    assert.isTrue(alpha >= 10 && beta >= 10 && alpha + way + beta === all, line)
    requests += all
  }
  assert.include(
    demo.stdout,
    `The ledger is balanced: each of ${requests} requests was executed once, and has exactly one response.`
  )
})

it("the guests' downtimes are told by cause, and the journals of both hosts give the digests that were seen", () => {
  assert.match(demo.stdout, /guest +whole +drain +stop +save +transfer +load +verify +vote +commit +resume +other\n/)
  const downtimes = [...demo.stdout.matchAll(/^ {2}vm-\d( +\d+\.\d){11}$/gm)]
  const digests = [
    ...demo.stdout.matchAll(/^ {2}vm-\d +a\/vf\d after \d+ +a\/vf\d after \d+ +[0-9a-f]{16} {2}equal$/gm)
  ]
  assert.deepStrictEqual([downtimes.length, digests.length], [9, 9])
  assert.include(demo.stdout, "Both journals give the digests that the coordinator saw before each commit")
  assert.notInclude(demo.stdout, "DIFFERENT")
})

it("what cannot be is misuse, and nothing is started", async () => {
  await Promise.all([writeFile("x-beta.db", ""), writeFile("y", ""), writeFile("z-coordinator.db", "")])
  const cases = [
    [["--journal", "demo.db"], "demo.db exists already: give the demo's journal a new name"],
    [["--journal", "x.db"], "x-beta.db exists already"],
    [["--journal", "z.db"], "z-coordinator.db exists already"],
    [["--journal", "none/x.db"], "cannot write none/x.db: there is no folder none: make it, or name another journal"],
    [["--journal", "y/x.db"], "cannot write y/x.db: y is not a folder: name another journal"],
    [["--emulator", "none.js"], "there is no emulator at none.js: name the file of the program"],
    [["--emulator", "."], "there is no emulator at .: name the file of the program"],
    [["--coordinator", "none.js"], "there is no coordinator at none.js: name the file of the program"]
  ] as const
  const programs = ["--emulator", "y", "--coordinator", "y"]
  for (const [args, reason] of cases) {
    const rest =
      args[0] === "--journal" ? programs : programs.filter((_, index) => programs[index - (index % 2)] !== args[0])
    const { code, lines, message } = await stopcopy(["demo", ...args, ...rest])
    assert.deepStrictEqual([code, lines], [2, []])
    assert.include(message, reason)
  }
  assert.deepStrictEqual(await readdir(temporary), [])
  assert.isFalse(existsSync("x.db") || existsSync("z.db"))
})

it("a process that does not start is named with what it said; exit code 1", async () => {
  await writeFile("broken.js", 'console.error("nothing today"); process.exit(3)')
  const services = { emulator: "emulator/dist/main.js", coordinator: "coordinator/dist/main.js" }
  for (const name of ["emulator", "coordinator"] as const) {
    const given = Object.entries({ ...services, [name]: "broken.js" }).flatMap(([option, file]) => [
      `--${option}`,
      file
    ])
    const { code, lines, message } = await stopcopy(["demo", ...given])
    assert.strictEqual(code, 1)
    assert.match(message, new RegExp(`^the ${name}( alpha| beta)? ended with exit code 3: nothing today$`))
    assert.deepStrictEqual(lines, ["A fleet on this machine: two hosts and a coordinator, each a process of its own"])
  }
  assert.deepStrictEqual(await readdir(temporary), [])
})

it("a process that dies during the demo is what the demo fails with; exit code 1", async () => {
  const beta = (output: string): number => processes(output)[1] ?? 0
  const run = await program.whenSeen(["demo"], " pre-copy ", (_, output) => void process.kill(beta(output), "SIGKILL"))
  assert.deepStrictEqual([run.code, run.stderr], [1, "stopcopy: the emulator beta was ended by SIGKILL\n"])
  await assertNothingLeft(run)
})

it("Ctrl-C cancels the migration that is under way, a closed terminal ends the demo as well; exit code 130", async () => {
  const signalled = (seen: string, signal: NodeJS.Signals) =>
    program.whenSeen(["demo"], seen, (child) => void child.kill(signal))
  const stopped = await signalled(" setup  ", "SIGINT")
  assert.deepStrictEqual([stopped.code, stopped.stderr], [130, ""])
  assert.match(stopped.stdout, /\n {2}interrupted: cancelled after .*: the demo was interrupted; vm-0 is on alpha\n$/)
  await assertNothingLeft(stopped)
  const closed = await signalled("A fleet on this machine", "SIGHUP")
  assert.deepStrictEqual([closed.code, closed.stderr], [130, ""])
  assert.deepStrictEqual(await readdir(temporary), [])
})

it("a demo that is killed takes its processes along", async () => {
  const run = await program.whenSeen(["demo"], "policy  ", (child) => void child.kill("SIGKILL"))
  assert.isNull(run.code)
  assert.strictEqual(processes(run.stdout).length, 3)
  await untilGone(processes(run.stdout))
  for (const left of await readdir(temporary)) await rm(join(temporary, left), { recursive: true })
})

it.skipIf(!hasFull)("output that cannot be written ends the demo", async () => {
  const { code, stderr } = await program.shell("stopcopy demo > /dev/full")
  const said = "stopcopy: cannot write to standard output: no space left on device\n"
  assert.deepStrictEqual([code, stderr], [1, said])
  assert.deepStrictEqual(await readdir(temporary), [])
})

const Row = Schema.parseJson(Schema.Struct({ sequence: Schema.Int, type: Schema.String, stream: Schema.String }))
const rowsOf = async (...args: ReadonlyArray<string>) =>
  (await stopcopy(["replay", ...args, "--json"])).lines.map((line) => Schema.decodeSync(Row)(line))

it("every behavior of the services is known but those of requests: commands are decided again, events are read", async () => {
  const verified = await stopcopy(["verify", ...journals])
  assert.deepStrictEqual([verified.code, verified.message], [0, ""])
  const [requests, wish, ...others] = verified.lines.filter((line) => line.includes("not compared"))
  assert.match(`${requests}\n${wish}`, /\(behavior request is not .*\n.*\(behavior wish is not /)
  assert.deepStrictEqual(others, [])
  const fenced = await stopcopy(["blame", "demo.db", "epoch/a/vf0", "standing"])
  assert.match(fenced.lines[0] ?? "", /^standing of epoch\/a\/vf0 is fenced, set by event \d+$/)
  const kinds = new Set((await rowsOf(...journals, "--correlation", moved)).map(({ stream }) => stream.split("/")[0]))
  // The PF is there only if its mailbox was in use just then.
  kinds.delete("pf")
  assert.deepStrictEqual([...kinds].toSorted(), ["custody", "epoch", "fleet", "migration", "vf"])
})

/** Numbers of events in the README, each with that of the same event in these journals. */
const numbersHere = async (): Promise<ReadonlyMap<string, number>> => {
  const rows = await rowsOf("demo.db", "--correlation", moved, "--stream", "vf/a/vf0")
  const arcs = rows.filter(({ type }) => type === "ArcTaken")
  const first = arcs[0]?.sequence ?? 0
  return new Map([
    ["2843", rows.find(({ type }) => type === "SetupSaved")?.sequence ?? 0],
    ["2845", first - 1],
    ["2846", first],
    ["2847", first + 1],
    ["3170", arcs[2]?.sequence ?? 0]
  ])
}

/** Whether the lines are calls of the program and nothing else: these need no shell. */
const isPlain = (command: string): boolean =>
  command
    .trimEnd()
    .split("\n")
    .every((line) => /^stopcopy [^"$&;<>\\]*$/.test(line) && !/[|](?![^']*')/.test(line))

const outputOf = async (command: string): Promise<string> => {
  if (!isPlain(command)) {
    const { stderr, stdout } = await program.shell(command)
    return `${stdout}${stderr}`
  }
  const outputs: Array<string> = []
  for (const line of command.trimEnd().split("\n")) {
    const [, ...args] = line.split(" ").map((word) => word.replaceAll("'", ""))
    const { lines, message } = await stopcopy(args)
    outputs.push(...lines, `stopcopy: ${message}`)
  }
  return outputs.join("\n")
}

it("the README's commands do what it shows", async () => {
  const numbers = await numbersHere()
  const own = commands
    .filter((command) => !isDemo(command))
    .map((command) => command.replaceAll(/\b\d{4}\b/g, (number) => `${numbers.get(number) ?? number}`))
  const making = own.find((command) => command.includes("> block.bin"))
  assert.isDefined(making)
  // This one makes the block that others look at.
  const made = await program.shell(making)
  assert.deepStrictEqual([made.code, made.stderr], [0, ""])
  const outputs = [demo.stdout]
  for (const command of own) if (command !== making) outputs.push(await outputOf(command))
  const withoutNumbers = (text: string): string => text.replaceAll(/[0-9a-f]+/g, "#").replaceAll(/ +/g, " ")
  const shown = fenced("text").flatMap((text) => text.split("\n"))
  const lines = shown.filter((line) => line.trim() !== "").map((line) => line.replace(/\s*(\.\.\.)?$/, ""))
  const seen = withoutNumbers(outputs.join("\n"))
  assert.deepStrictEqual(
    lines.filter((line) => !seen.includes(withoutNumbers(line))),
    []
  )
})
