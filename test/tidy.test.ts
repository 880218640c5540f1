/** The tidy check over the whole project, and for every rule the proof that it can fail. */
import { assert, describe, it } from "@effect/vitest"
import { casts } from "./tidy/casts.ts"
import { deadExports, deadFiles } from "./tidy/dead.ts"
import { defaultExports, globals } from "./tidy/globals.ts"
import { header } from "./tidy/header.ts"
import { lengths } from "./tidy/lengths.ts"
import { makeProject, readProject } from "./tidy/Project.ts"
import { report } from "./tidy/report.ts"
import { parse, type Finding, type Source } from "./tidy/Source.ts"
import { tests } from "./tidy/tests.ts"
import { postponed, workplaces } from "./tidy/words.ts"

const rules = { header, lengths, casts, globals, defaultExports, postponed, tests }

describe("the project", () => {
  const project = readProject()

  it("has sources", () => {
    assert.isAbove(project.sources.length, 10)
  })

  for (const [name, rule] of Object.entries(rules)) {
    it(`keeps the rule ${name}`, () => {
      assert.strictEqual(report(project.sources.flatMap(rule)), "")
    })
  }

  it("names no path of one machine", () => {
    assert.strictEqual(report([...project.texts].flatMap(([path, text]) => workplaces(path, text))), "")
  })

  it("has no dead file", () => {
    assert.strictEqual(report(deadFiles(project)), "")
  })

  it("has no dead export", () => {
    assert.strictEqual(report(deadExports(project)), "")
  })
})

/** The lines at which a rule reports `text`, as a file at `path`. */
const linesOf = (rule: (source: Source) => ReadonlyArray<Finding>, path: string, text: string): ReadonlyArray<number> =>
  rule(parse(path, text)).map(({ line }) => line)

const src = "packages/a/src/A.ts"
const test = "packages/a/test/A.test.ts"

describe("each rule reports what it forbids", () => {
  it("header: a file must open with a documentation comment", () => {
    assert.deepStrictEqual(linesOf(header, src, "export const a = 1\n"), [1])
    assert.deepStrictEqual(linesOf(header, src, "// a\n"), [1])
    assert.deepStrictEqual(linesOf(header, src, "/** */\n"), [1])
    assert.deepStrictEqual(linesOf(header, src, "\n/** Late. */\n"), [1])
    assert.deepStrictEqual(linesOf(header, src, "#!/usr/bin/env node\nexport {}\n"), [2])
    assert.deepStrictEqual(linesOf(header, src, "#!/usr/bin/env node\n/** A tool. */\n"), [])
    assert.deepStrictEqual(linesOf(header, src, "/**\n * What it is.\n */\n"), [])
  })

  it("lengths: files have 300 lines, tests 450, functions 70", () => {
    assert.deepStrictEqual(linesOf(lengths, src, "\n".repeat(301)), [1])
    assert.deepStrictEqual(linesOf(lengths, src, "\n".repeat(300)), [])
    assert.deepStrictEqual(linesOf(lengths, test, "\n".repeat(450)), [])
    assert.deepStrictEqual(linesOf(lengths, test, "\n".repeat(451)), [1])
    const body = (lines: number) => `{${"\n".repeat(lines - 1)}}`
    assert.deepStrictEqual(linesOf(lengths, src, `\nconst a = () => ${body(71)}`), [2])
    assert.deepStrictEqual(linesOf(lengths, src, `function a() ${body(71)}`), [1])
    assert.deepStrictEqual(linesOf(lengths, src, `class A { a() ${body(71)} }`), [1])
    assert.deepStrictEqual(linesOf(lengths, src, `const a = () => ${body(70)}`), [])
    assert.deepStrictEqual(linesOf(lengths, test, `describe("a", () => ${body(71)})`), [])
  })

  it("casts: the type checker is not overruled", () => {
    const bad = [
      "const a = b as string",
      "const a = <string>b",
      "const a: any = b",
      "const a = b!",
      "let a!: string",
      "class A { a!: string }",
      "// @ts-ignore",
      "// @ts-nocheck",
      "// @ts-expect-error",
      "// oxlint-disable-next-line no-console"
    ]
    for (const line of bad) assert.deepStrictEqual(linesOf(casts, src, `\n${line}\n`), [2], line)
    assert.deepStrictEqual(linesOf(casts, src, 'export { a as b }\nconst c = [1] as const\nconst s = "x as any"\n'), [])
    assert.deepStrictEqual(linesOf(casts, test, "// @ts-expect-error: a number is no string\n"), [])
    assert.deepStrictEqual(linesOf(casts, src, "// oxlint-disable-next-line no-console -- the user reads it\n"), [])
  })

  it("globals: time, randomness and the console are services", () => {
    const bad = ["Date.now()", "Math.random()", "new Date()", "console.log(1)", "crypto.randomUUID()"]
    for (const line of bad) assert.deepStrictEqual(linesOf(globals, src, `\n${line}\n`), [2], line)
    assert.deepStrictEqual(linesOf(globals, "apps/cli/src/main.ts", "console.log(1)\n"), [])
    assert.deepStrictEqual(linesOf(globals, "apps/cli/src/main.ts", "Date.now()\n"), [1])
    assert.deepStrictEqual(linesOf(globals, test, "console.warn(1)\n"), [1])
    assert.deepStrictEqual(linesOf(globals, test, "console.warn(1)\nit.skipIf(a)(b)\n"), [])
  })

  it("defaultExports: only config files have one", () => {
    assert.deepStrictEqual(linesOf(defaultExports, src, "export default 1\n"), [1])
    assert.deepStrictEqual(linesOf(defaultExports, src, "const a = 1\nexport { a as default }\n"), [2])
    assert.deepStrictEqual(linesOf(defaultExports, "vitest.config.ts", "export default 1\n"), [])
  })

  it("postponed: no work is left in a comment", () => {
    for (const word of ["TODO", "FIXME"]) {
      assert.deepStrictEqual(linesOf(postponed, src, `\n// ${word}: later\n`), [2])
      assert.deepStrictEqual(linesOf(postponed, src, `const a = "${word}"\n`), [])
    }
  })

  it("workplaces: no path of one machine", () => {
    const path = ["", "work", "main"].join("/")
    assert.deepStrictEqual(workplaces("docs/a.md", `a\nsee ${path}\n`), [
      { path: "docs/a.md", line: 2, reason: `no path of one machine: ${path.slice(0, 6)}` }
    ])
    assert.deepStrictEqual(workplaces("docs/a.md", "see docs/architecture.md\n"), [])
  })

  it("tests: all run, none sleeps", () => {
    const bad = [
      'it.only("a", b)',
      'it.effect.skip("a", b)',
      'describe.skip("a", b)',
      'it.todo("a")',
      'it.skipIf(c)("a", b)',
      'it.each([1]).only("a", b)',
      "setTimeout(a, 10)",
      'Effect.sleep("1 second")',
      'import { setTimeout as wait } from "node:timers/promises"'
    ]
    for (const line of bad) assert.deepStrictEqual(linesOf(tests, test, `\n${line}\n`), [2], line)
    assert.deepStrictEqual(linesOf(tests, test, 'console.warn("no SQLite here")\nit.skipIf(c)("a", b)\n'), [])
    assert.deepStrictEqual(linesOf(tests, src, "setTimeout(a, 10)\n"), [])
  })
})

const manifest = JSON.stringify({ name: "@stopcopy/a", exports: { ".": { "@stopcopy/source": "./src/index.ts" } } })

describe("each rule over files reports what it forbids", () => {
  it("deadFiles: a source that only a test uses, and test support that no test uses", () => {
    const project = makeProject({
      "packages/a/package.json": manifest,
      "packages/a/src/index.ts": 'export * from "./Used.ts"\n',
      "packages/a/src/Used.ts": 'const lazy = () => import("./Lazy.ts")\n',
      "packages/a/src/Lazy.ts": "export const lazy = 1\n",
      "packages/a/src/Dead.ts": "export const dead = 1\n",
      "packages/a/test/Dead.test.ts": 'import { dead } from "../src/Dead.ts"\nimport { kit } from "./kit.ts"\n',
      "packages/a/test/kit.ts": "export const kit = 1\n",
      "packages/a/test/unused.ts": "export const unused = 1\n"
    })
    assert.deepStrictEqual(
      deadFiles(project).map(({ path }) => path),
      ["packages/a/src/Dead.ts", "packages/a/test/unused.ts"]
    )
  })

  it("deadExports: a name that no other file takes, also not through a namespace", () => {
    const project = makeProject({
      "packages/a/package.json": manifest,
      "packages/a/src/index.ts": 'export { a } from "./Some.ts"\nimport * as Parts from "./Parts.ts"\nParts.used(1)\n',
      "packages/a/src/Some.ts": "export const a = 1\nexport interface Unused {}\nconst own = a\n",
      "packages/a/src/Parts.ts": "export const used = 1\nexport const unused = used\n",
      "packages/a/src/Passed.ts": "export const whole = 1\n",
      "packages/a/test/A.test.ts": 'import * as Passed from "../src/Passed.ts"\ncheck(Passed)\n'
    })
    assert.deepStrictEqual(
      deadExports(project).map(({ line, path }) => `${path}:${line}`),
      ["packages/a/src/Some.ts:2", "packages/a/src/Parts.ts:2"]
    )
  })
})
