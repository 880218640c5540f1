/** Operator commands as a process: settings from the environment and a file, exit codes, Ctrl-C, a terminal, completion scripts. */
import { afterAll, assert, beforeAll, beforeEach, it } from "@effect/vitest"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assertMisuse, bundled, bundleMillis, type Program } from "../bundled.ts"
import { serveStub, type Stub, tokens } from "./coordinator.ts"
import { inDoubt, queued, world } from "./world.ts"

let program: Program
let stub: Stub
beforeAll(async () => {
  program = await bundled()
  stub = await serveStub()
}, bundleMillis)
beforeEach(() => {
  Object.assign(stub, { closed: false })
  Object.assign(stub.world, world())
  stub.asked.length = 0
})
afterAll(async () => {
  await stub.dispose()
  await program.dispose()
})

const preCopy = { ...queued, phase: "pre-copy" as const, attempt: 1, bytes: 90 }

it("the address and the token come from the environment or a file", async () => {
  stub.closed = true
  await writeFile(join(program.folder, "token"), `night ${tokens.read}\n`)
  await writeFile(join(program.folder, "fleet.json"), JSON.stringify({ coordinator: stub.url, tokenFile: "token" }))
  const list = `stopcopy host list --json | wc -l`
  const runs = await Promise.all([
    program.shell(`export STOPCOPY_COORDINATOR=${stub.url} STOPCOPY_TOKEN=${tokens.operate}; ${list}`),
    program.shell(`export STOPCOPY_CONFIG=fleet.json; ${list}`),
    program.shell(`mkdir -p home/stopcopy; cp token fleet.json home/stopcopy; mv home/stopcopy/fleet.json home/stopcopy/config.json
      export XDG_CONFIG_HOME=home; ${list}`)
  ])
  for (const { stderr, stdout } of runs) assert.deepStrictEqual([stdout.trim(), stderr], ["2", ""])
})

it("a token that may only read, and one that nobody knows, are told apart; exit code 2", async () => {
  stub.closed = true
  const cordon = `stopcopy host cordon alpha --coordinator ${stub.url}`
  const [readOnly, unknown] = await Promise.all([
    program.shell(`export STOPCOPY_TOKEN=${tokens.read}; ${cordon}`),
    program.shell(`export STOPCOPY_TOKEN=another-token-0123456789; ${cordon}`)
  ])
  assertMisuse(readOnly, "stopcopy: the token of somebody has the role read [token.read-only]")
  assertMisuse(unknown, `stopcopy: the coordinator at ${stub.url} does not know the token; give one with --token-file`)
  assert.deepStrictEqual(stub.asked, [])
})

it("what is wrong with a command line is said in one line", async () => {
  const cases = [
    [
      ["host", "drain", "alpha"],
      "stopcopy: there is no command 'drain', use one of list, add, show, remove, cordon, uncordon"
    ],
    [["migrate", "alpha/pf0/vf0", "--to"], "stopcopy: --to needs a value; see stopcopy migrate --help"],
    [["list", "--coordinator", ""], "--coordinator has an empty value"],
    [["show"], "stopcopy: missing argument <ID>; see stopcopy show --help"]
  ] as const
  await Promise.all(cases.map(async ([args, reason]) => assertMisuse(await program.run(args), reason)))
})

it("Ctrl-C leaves the migration running, and says how to cancel it; exit code 130", async () => {
  stub.world.migration = [preCopy]
  const args = ["migrate", "alpha/pf0/vf0", "--coordinator", stub.url]
  const { code, stderr, stdout } = await program.whenSeen(args, "pre-copy", (child) => void child.kill("SIGINT"))
  assert.strictEqual(code, 130)
  assert.match(stdout, /^m-1: web-1, 1 VF, from alpha to beta\n.* pre-copy .*\n$/)
  assert.include(stderr, "stopcopy: migration m-1 goes on without this command\n  to cancel it: ")
  assert.match(
    stderr,
    /stopcopy\.mjs cancel m-1 --coordinator http:\S+\n.*stopcopy\.mjs watch m-1 --coordinator http:\S+\n$/
  )
  assert.deepStrictEqual(
    stub.asked.map(({ what }) => what),
    ["start"]
  )
})

it("on a terminal the progress is one line that is rewritten, within its width", async () => {
  const line = `stopcopy migrate alpha/pf0/vf0 --to beta --coordinator ${stub.url}`
  const { code, stdout } = await program.terminal(line, [])
  assert.strictEqual(code, 0)
  const rewritten = stdout.split("\r\u001b[2K")
  assert.isAbove(rewritten.length, 4)
  for (const text of rewritten.slice(2, -1)) {
    assert.match(text, /^ *\d+ .* {2}(queued|preflight|pre-copy|switchover) {2}/)
    assert.isBelow(text.length, 100)
  }
  assert.match(
    rewritten.at(-1) ?? "",
    /^completed after 1\.5 s; web-1 is on beta\r?\n {2}stood still for 11\.9 ms: drain/
  )
})

it("at a terminal resolve asks for the side, after the consequences", async () => {
  stub.world.migration = [inDoubt]
  const line = `stopcopy resolve m-1 --verdict destination --coordinator ${stub.url}`
  const { code, stdout } = await program.terminal(line, [["Type destination to do this: ", "destination\n"]])
  assert.strictEqual(code, 0)
  assert.isBelow(stdout.indexOf("You vouch that alpha is off."), stdout.indexOf("Type destination"))
  assert.include(stdout, "resolved: the guest is at the destination")
  assert.deepStrictEqual(
    stub.asked.map(({ what }) => what),
    ["resolve"]
  )
  const none = await program.terminal(line, [["Type destination to do this: ", "yes\n"]])
  assert.deepStrictEqual([none.code, stub.asked.length], [1, 1])
})

it("bash takes the completion script, and completes commands with it", async () => {
  const complete = (words: string) => `
    COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _stopcopy_bash_completions stopcopy; echo "\${COMPREPLY[@]}"`
  await writeFile(
    join(program.folder, "complete.sh"),
    `set -eu; source ./completions.bash
    ${complete("stopcopy mig")}; ${complete("stopcopy host un")}; ${complete("stopcopy migrate --down")}`
  )
  const script = "stopcopy completions bash > completions.bash; bash -n completions.bash && bash complete.sh"
  const { code, stderr, stdout } = await program.shell(script)
  assert.deepStrictEqual([code, stderr], [0, ""])
  assert.deepStrictEqual(stdout.trimEnd().split("\n"), ["migrate", "uncordon", "--downtime-limit"])
})

it("there are scripts for zsh and fish too, and --completions gives the same as the command", async () => {
  const [zsh, fish, option, command] = await Promise.all(
    [
      ["completions", "zsh"],
      ["completions", "fish"],
      ["--completions", "bash"],
      ["completions", "bash"]
    ].map((args) => program.run(args))
  )
  assert.match(zsh?.stdout ?? "", /^#compdef stopcopy\n/)
  assert.match(fish?.stdout ?? "", /^complete -c stopcopy .*\n/)
  assert.include(fish?.stdout, "evacuate")
  assert.strictEqual(option?.stdout, command?.stdout)
})
