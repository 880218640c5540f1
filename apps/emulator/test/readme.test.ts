/** What README.md shows is what happens: its file is served, its lines are printed, its commands are understood. */
import { assert, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { emulatorArguments } from "../src/Arguments.ts"
import { plan } from "../src/description/Plan.ts"
import { place, program } from "./support/program.ts"

const emulator = program()
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")

const blocks = (language: string): ReadonlyArray<string> =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map(([, text = ""]) => text)

it.scopedLive("the first command prints the lines that stand below it", () =>
  Effect.gen(function* () {
    const here = yield* place
    const [command = ""] = blocks("sh")
    const [lines = ""] = blocks("text")
    const args = command.trim().split(" ").slice(2)
    const moved = args.map((arg, index) => {
      if (args[index - 1] === "--socket-dir") return here.sockets
      if (args[index - 1] === "--journal") return here.journal
      return args[index - 1] === "--agent" ? "127.0.0.1:0" : arg
    })
    const running = yield* emulator.serve(moved)
    const shown = running.lines.map((line) => line.replace(here.sockets, "sockets").replace(running.agent, "AGENT"))
    assert.deepStrictEqual(shown, lines.trim().replace("http://127.0.0.1:7710", "AGENT").split("\n"))
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("the file is a plan", () =>
  Effect.gen(function* () {
    const here = yield* place
    const config = join(here.path, "emulator.json")
    writeFileSync(config, blocks("json")[0] ?? "")
    const nothing = {
      pfs: [],
      slas: [],
      noDescriptors: false,
      drainSeconds: undefined,
      tokenFile: undefined,
      otlpUrl: undefined
    }
    const unset = { host: undefined, socketDir: undefined, journal: undefined, agent: undefined }
    const access = { tlsCert: undefined, tlsKey: undefined, insecure: false }
    const made = plan({ ...nothing, ...unset, ...access, config })
    assert.isTrue(Either.isRight(made), "everything in it is right")
    if (Either.isLeft(made)) return
    const [first, second] = made.right.pfs
    assert.deepStrictEqual(first?.configure.slas, [{ service: 1, ringPairMask: 0xan, cir: 200, pir: 800 }])
    assert.deepStrictEqual(
      [second?.mode, second?.configure.gencap, second?.configure.device],
      ["kernel", 5, { totalVfs: 1, autoReset: false }]
    )
  })
)

it("every command is understood", () => {
  for (const command of blocks("sh")) assert.isUndefined(emulatorArguments.problems(command.trim().split(" ").slice(1)))
})
