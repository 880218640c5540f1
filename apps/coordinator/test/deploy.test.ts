/** What is deployed names only what there is: files, options, variables, ports, folders, exit codes of the coordinator. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { coordinatorArguments } from "../src/Arguments.ts"
import { defaults, names } from "../src/settings/settings.ts"
import { variableOf } from "../src/settings/sources.ts"

const app = join(import.meta.dirname, "..")
const root = join(app, "../..")
const textOf = (path: string): string => readFileSync(path, "utf8")
const unit = textOf(join(app, "deploy/stopcopy-coordinator.service"))
const container = textOf(join(app, "deploy/Containerfile"))
const manifest = textOf(join(app, "package.json"))

const variables = ["STOPCOPY_COORDINATOR_CONFIG", ...names.map(variableOf)]

/** All that a pattern finds, each once. */
const found = (text: string, pattern: RegExp): ReadonlyArray<string> => [
  ...new Set([...text.matchAll(pattern)].map(([, first = ""]) => first))
]

/** The values of a key of the unit, those included that a # keeps for later. */
const valuesOf = (key: string): ReadonlyArray<string> => found(unit, new RegExp(`^#?${key}=(.*)$`, "gm"))

describe("the systemd unit", () => {
  it("starts the bundle with a command and options that there are", () => {
    const [start = ""] = valuesOf("ExecStart")
    const [program, script, command, ...options] = start.split(" ")
    assert.deepStrictEqual([program, command], ["/usr/bin/node", "serve"])
    assert.match(manifest, /"stopcopy-coordinator": "\.\/dist\/main\.js"/)
    assert.strictEqual(
      script,
      "/usr/lib/stopcopy/coordinator/main.js",
      "where the bundle is installed, as it says above"
    )
    assert.include(unit, "Install the bundle to /usr/lib/stopcopy/coordinator,")
    assert.isUndefined(coordinatorArguments.problems([command ?? "", ...options]))
  })

  it("sets variables that there are, and hands over what they name", () => {
    const set = valuesOf("Environment")
    assert.isAbove(set.length, 4)
    for (const one of set) assert.include(variables, one.split("=", 1)[0])
    const credentials = valuesOf("LoadCredential").map((one) => one.split(":", 1)[0])
    const used = set.flatMap((one) => found(one, /%d\/(.*)$/g))
    assert.deepStrictEqual(used.toSorted(), credentials.toSorted())
  })

  it("keeps the journal in its own folder, and lets switchovers end before it is killed", () => {
    assert.include(unit, `Environment=${variableOf("journal")}=%S/${valuesOf("StateDirectory")[0]}/coordinator.db`)
    assert.isAtLeast(Number(valuesOf("TimeoutStopSec")[0]), 30 + defaults.graceSeconds + 10)
    assert.deepStrictEqual(valuesOf("RestartPreventExitStatus"), ["2"], "misuse")
    assert.deepStrictEqual(valuesOf("KillSignal"), [], "SIGTERM, the default, is what ends it well")
  })

  it("passes systemd's own check, where there is one", () => {
    const verified = spawnSync("systemd-analyze", ["verify", join(app, "deploy/stopcopy-coordinator.service")], {
      encoding: "utf8"
    })
    if (verified.error !== undefined) {
      console.warn("the unit is not verified: there is no systemd-analyze here")
      return
    }
    const lines = verified.stderr.split("\n").filter((line) => line.includes("stopcopy-coordinator.service"))
    // On a machine where it is not installed its program is not there.
    assert.deepStrictEqual(
      lines.filter((line) => !/is not executable|No such file/.test(line)),
      []
    )
  })
})

describe("the container file", () => {
  it("copies what the build makes, and nothing else", () => {
    const copied = found(container, /^COPY (?!--from)(\S+)/gm)
    const bundle = ["apps/coordinator/dist/main.js", "apps/coordinator/dist/chunks"]
    assert.deepStrictEqual(copied, [...bundle, "apps/console/dist/site"])
    assert.match(textOf(join(root, "scripts/bundle.mjs")), /chunkNames: "chunks\//)
    const [version = ""] = found(textOf(join(root, "pnpm-workspace.yaml")), /^ {2}better-sqlite3: (\S+)$/gm)
    assert.include(container, `better-sqlite3@${version}`)
    const external = found(textOf(join(root, "scripts/bundle.mjs")), /external = \[(.*)\]/g)[0] ?? ""
    assert.strictEqual(
      external,
      '"better-sqlite3", "koffi"',
      "another native module must be installed in the container"
    )
  })

  it("sets variables that there are, on folders that it has", () => {
    const set = found(container, /(STOPCOPY_[A-Z_]+)=/g)
    assert.isAbove(set.length, 3)
    for (const name of set) assert.include(variables, name)
    const [folder = ""] = found(container, /^VOLUME (\S+)/gm)
    assert.include(container, `${variableOf("journal")}=${folder}/coordinator.db`)
    assert.match(container, new RegExp(`--owner=node .*--mode=0700 ${folder}`))
    assert.include(container, `${variableOf("listen")}=0.0.0.0:${defaults.listen.split(":")[1]}`)
    assert.include(container, `EXPOSE ${defaults.listen.split(":")[1]}`)
  })

  it("runs as nobody's root, hears the signal that ends it well, and is asked whether it works", () => {
    assert.match(container, /^USER node$/m)
    assert.match(container, /^STOPSIGNAL SIGTERM$/m)
    assert.match(container, /^ENTRYPOINT \["node", "main\.js"\]\nCMD \["serve"\]$/m)
    const [health = ""] = found(container, /^HEALTHCHECK .*\n +CMD (\[.*\])$/gm)
    const command = JSON.parse(health)
    assert.include(command.at(-1), `port: ${defaults.listen.split(":")[1]}, path: '/healthz'`)
    // Nobody listens there: its answer is that nothing works, and not that its own text is wrong.
    const nobody = command.at(-1).replace(/port: [0-9]+/, "port: 1")
    const said = spawnSync(process.execPath, [...command.slice(1, -1), nobody], { encoding: "utf8" })
    assert.deepStrictEqual([said.status, said.stderr], [1, ""])
  })
})
