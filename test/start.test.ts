/** The parts of set-up that decide: is this Node new enough, did an input change, what does the tally count. */
import { assert, it } from "@effect/vitest"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { onTestFinished } from "vitest"
import { headers, installStamp } from "../scripts/setup.mjs"
import { digest, filesBelow, isFresh, keep, workspaceFolders } from "../scripts/stamp.mjs"
import { stepCounts } from "../scripts/tally.mjs"
import { nodeProblem } from "../scripts/version.mjs"
import { root } from "./tidy/Project.ts"

/** A folder with the given files; it is removed after the test. */
const folderWith = (files: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(join(tmpdir(), "stopcopy-start-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const [path, text] of Object.entries(files)) write(path, text)
  return { folder, write }
}

it("Node from 20.19 on is new enough", () => {
  for (const version of ["20.19.0", "20.20.2", "22.0.0", "24.11.1"]) {
    assert.isUndefined(nodeProblem(version, ">=20.19"), version)
  }
})

it("headers that came with Node are used, unless others are named or none are there", () => {
  const { folder } = folderWith({ "include/node/node.h": "", "bin/node": "" })
  const execPath = join(folder, "bin/node")
  assert.deepStrictEqual(headers(execPath, {}), { npm_config_nodedir: folder })
  assert.deepStrictEqual(headers(execPath, { npm_config_nodedir: "/elsewhere" }), {})
  assert.deepStrictEqual(headers(join(folder, "include/node/bin/node"), {}), {})
})

it("an older Node gets one line that names both versions and the remedy", () => {
  for (const version of ["20.18.3", "18.20.0", "9.99.99"]) {
    const problem = nodeProblem(version, ">=20.19")
    assert.include(problem, version)
    assert.include(problem, ">=20.19")
    assert.include(problem, "https://nodejs.org")
    assert.notInclude(problem, "\n")
  }
  assert.isDefined(nodeProblem("20.19.1", ">=20.19.2"))
  assert.isUndefined(nodeProblem("20.19.2", ">=20.19.2"))
})

it("a digest changes with content, name, presence and facts, and with nothing else", () => {
  const { folder, write } = folderWith({ a: "1", b: "2" })
  const before = digest(folder, ["a", "b"], ["fact"])
  assert.strictEqual(digest(folder, ["a", "b"], ["fact"]), before)
  const others = [
    digest(folder, ["a"], ["fact"]),
    digest(folder, ["b", "a"], ["fact"]),
    digest(folder, ["a", "b", "missing"], ["fact"]),
    digest(folder, ["a", "b"], ["other fact"])
  ]
  write("missing", "")
  others.push(digest(folder, ["a", "b", "missing"], ["fact"]))
  write("b", "3")
  others.push(digest(folder, ["a", "b"], ["fact"]))
  assert.strictEqual(new Set([before, ...others]).size, others.length + 1)
})

it("a stamp is fresh only with its exact value", () => {
  const { folder } = folderWith({})
  const path = join(folder, "deep/stamp")
  assert.isFalse(isFresh(path, "one"))
  keep(path, "one")
  assert.isTrue(isFresh(path, "one"))
  assert.isFalse(isFresh(path, "two"))
})

it("only folders with a package.json belong to the workspace", () => {
  const { folder } = folderWith({
    "packages/b/package.json": "{}",
    "packages/a/package.json": "{}",
    "packages/notes/README.md": "",
    "apps/cli/package.json": "{}",
    "apps/cli/src/main.ts": "",
    "apps/cli/src/deep/A.ts": ""
  })
  assert.deepStrictEqual(workspaceFolders(folder), ["packages/a", "packages/b", "apps/cli"])
  assert.deepStrictEqual(filesBelow(folder, "apps/cli/src"), ["apps/cli/src/deep/A.ts", "apps/cli/src/main.ts"])
  assert.deepStrictEqual(filesBelow(folder, "apps/none"), [])
})

it("the installation stamp follows the lockfile, the settings and every package.json, not the sources", () => {
  const { folder, write } = folderWith({ "package.json": "{}", "packages/a/package.json": "{}" })
  const stamps = [installStamp(folder)]
  write("packages/a/src/A.ts", "")
  assert.strictEqual(installStamp(folder), stamps[0])
  for (const path of ["pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", "package.json", "packages/a/package.json"]) {
    write(path, '{ "changed": true }')
    stamps.push(installStamp(folder))
  }
  write("apps/new/package.json", "{}")
  stamps.push(installStamp(folder))
  assert.strictEqual(new Set(stamps).size, stamps.length)
})

it("an unknown command is one line that names the commands, and exit code 2", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/start.mjs"), "nope"], {
    encoding: "utf8"
  })
  assert.strictEqual(status, 2)
  assert.match(stderr, /^There is no command "nope"; choose one of: start, demo, .*\n$/)
})

it("a step without a report, with a bad exit code or without any test counts as failed", () => {
  assert.deepStrictEqual(stepCounts(0, { passed: 3, failed: 0 }), { passed: 3, failed: 0 })
  assert.deepStrictEqual(stepCounts(1, { passed: 3, failed: 2 }), { passed: 3, failed: 2 })
  assert.deepStrictEqual(stepCounts(1, { passed: 3, failed: 0 }), { passed: 3, failed: 1 })
  assert.deepStrictEqual(stepCounts(0, undefined), { passed: 0, failed: 1 })
  assert.deepStrictEqual(stepCounts(0, { passed: 0, failed: 0 }), { passed: 0, failed: 1 })
})

it("the tally's last line is the counts alone", () => {
  const { folder } = folderWith({
    ".cache/verify.json": '{"passed":5,"failed":0}',
    ".cache/vitest.json": '{"numPassedTests":40,"numFailedTests":0}'
  })
  const output = execFileSync(process.execPath, [join(root, "scripts/tally.mjs"), "0", "0"], {
    cwd: folder,
    encoding: "utf8"
  })
  assert.strictEqual(output, "45 passed, 0 failed\n")
  const crashed = spawnSync(process.execPath, [join(root, "scripts/tally.mjs"), "0", "1"], {
    cwd: folder,
    encoding: "utf8"
  })
  assert.deepStrictEqual([crashed.status, crashed.stdout], [1, "45 passed, 1 failed\n"])
})
