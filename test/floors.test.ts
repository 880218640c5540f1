/** The floors check over the whole project, and for every rule the proof that it can fail. */
import { assert, describe, it } from "@effect/vitest"
import { appFloor, floors, tools } from "./floors.ts"
import { browserProblems } from "./floors/browser.ts"
import { cycleRule } from "./floors/cycles.ts"
import { borderRule, dependencyRule, floorRule, nodeRule } from "./floors/imports.ts"
import { referenceRule } from "./floors/references.ts"
import { makeProject, readProject, root } from "./tidy/Project.ts"
import { report } from "./tidy/report.ts"

const rules = { floorRule, borderRule, nodeRule, dependencyRule, referenceRule, cycleRule }

describe("the project", () => {
  const project = readProject()

  for (const [name, rule] of Object.entries(rules)) {
    it(`keeps the ${name}`, () => {
      assert.strictEqual(report(rule(project)), "")
    })
  }

  const libraries = project.packages
    .map(({ folder }) => folder)
    .filter((folder) => (floors[folder] ?? appFloor) < appFloor && !tools.includes(folder))

  it("has libraries", () => {
    assert.includeMembers([...libraries], ["packages/errno", "packages/vfio", "packages/runtime", "packages/qat"])
  })

  for (const folder of libraries) {
    it(`bundles ${folder} for a browser`, async () => {
      const problems = await browserProblems({ absWorkingDir: root, entryPoints: [`${folder}/src/index.ts`] })
      assert.deepStrictEqual(problems, [])
    })
  }
})

const packageJson = (name: string, more: object = {}): string => JSON.stringify({ name: `@stopcopy/${name}`, ...more })

/** errno (floor 1) and vfio (floor 2) with the given files; vfio declares errno and effect. */
const projectWith = (files: Readonly<Record<string, string>>) =>
  makeProject({
    "package.json": JSON.stringify({ name: "stopcopy", devDependencies: { vitest: "1" } }),
    "packages/errno/package.json": packageJson("errno"),
    "packages/vfio/package.json": packageJson("vfio", { dependencies: { "@stopcopy/errno": "1", effect: "1" } }),
    "packages/vfio/src/A.ts": 'import "@stopcopy/errno"\nimport "effect/Schema"\n',
    ...files
  })

describe("each rule reports what it forbids", () => {
  it("floorRule: an import from above or beside, and a package without a floor", () => {
    assert.strictEqual(report(floorRule(projectWith({}))), "")
    const project = projectWith({
      "packages/errno/src/E.ts": '\nimport { x } from "@stopcopy/vfio"\n',
      "packages/attic/package.json": packageJson("attic")
    })
    assert.strictEqual(
      report(floorRule(project)),
      "packages/attic/package.json:1: no floor in test/floors.ts\n" +
        "packages/errno/src/E.ts:2: @stopcopy/errno (floor 1) may not import @stopcopy/vfio (floor 2)"
    )
  })

  it("borderRule: a relative import that leaves the package", () => {
    const project = projectWith({
      "packages/vfio/test/A.test.ts": 'import "../src/A.ts"\nimport "../../errno/src/E.ts"\n'
    })
    assert.strictEqual(
      report(borderRule(project)),
      "packages/vfio/test/A.test.ts:2: ../../errno/src/E.ts leaves the package"
    )
  })

  it("nodeRule: Node's own modules, also without their prefix, statically or not", () => {
    const text = 'import "node:fs"\nimport "path"\nconst a = () => import("node:os")\n'
    const lines = (path: string) => nodeRule(projectWith({ [path]: text })).map(({ line }) => line)
    assert.deepStrictEqual(lines("packages/vfio/src/B.ts"), [1, 2, 3])
    assert.deepStrictEqual(lines("packages/vfio/test/B.ts"), [])
    const runtime = { "packages/runtime/package.json": packageJson("runtime") }
    const inRuntime = (path: string) => nodeRule(projectWith({ ...runtime, [path]: text })).length
    assert.strictEqual(inRuntime("packages/runtime/src/sqlite/Better.ts"), 0)
    assert.strictEqual(inRuntime("packages/runtime/src/sqliteLike.ts"), 3)
  })

  it("dependencyRule: used but not declared, declared but not used", () => {
    assert.strictEqual(report(dependencyRule(projectWith({}))), "")
    const project = projectWith({
      "packages/vfio/src/A.ts": 'import "effect"\nimport "esbuild"\n',
      "packages/vfio/test/A.test.ts": 'import "vitest"\nimport "@stopcopy/vfio"\nimport "@scope/kit/deep"\n'
    })
    assert.strictEqual(
      report(dependencyRule(project)),
      "packages/vfio/package.json:1: @stopcopy/errno is declared but not imported\n" +
        "packages/vfio/src/A.ts:2: esbuild is not declared\n" +
        "packages/vfio/test/A.test.ts:3: @scope/kit is not declared"
    )
  })

  it("dependencyRule: what an imported package wants beside it counts as used", () => {
    const files = {
      "packages/errno/package.json": packageJson("errno", {
        dependencies: { host: "1", peer: "1", "peer-of-peer": "1" }
      }),
      "packages/errno/src/E.ts": 'import "host"\n'
    }
    const peers = new Map([
      ["host", ["peer"]],
      ["peer", ["peer-of-peer"]]
    ])
    assert.lengthOf(dependencyRule(makeProject(files)), 2)
    assert.lengthOf(dependencyRule(makeProject(files, (_, dependency) => peers.get(dependency) ?? [])), 0)
  })

  it("referenceRule: references that are not the dependencies", () => {
    const project = projectWith({
      "tsconfig.json": '{"references":[{"path":"packages/errno"},{"path":"tsconfig.test.json"}]}',
      "packages/errno/tsconfig.json": '{"references":[{"path":"../vfio"}]}'
    })
    assert.strictEqual(
      report(referenceRule(project)),
      "packages/errno/tsconfig.json:1: references name packages/vfio, which is no dependency\n" +
        "packages/vfio/tsconfig.json:1: references lack packages/errno\n" +
        "tsconfig.json:1: references lack packages/vfio"
    )
  })

  it("cycleRule: files that import each other, also only for types", () => {
    const project = projectWith({
      "packages/vfio/src/B.ts": 'import { c } from "./C.ts"\n',
      "packages/vfio/src/C.ts": '\nimport type { B } from "./B.ts"\n'
    })
    const circle = "packages/vfio/src/B.ts -> packages/vfio/src/C.ts -> packages/vfio/src/B.ts"
    assert.strictEqual(report(cycleRule(project)), `packages/vfio/src/C.ts:2: an import circle: ${circle}`)
  })

  it("browserProblems: a module that needs Node", async () => {
    const problems = await browserProblems({ stdin: { contents: 'import "node:fs"', resolveDir: root } })
    assert.lengthOf(problems, 1)
    assert.include(problems[0], 'Could not resolve "node:fs"')
  })
})
