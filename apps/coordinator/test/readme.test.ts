/** What README.md and the files in `deploy` say is so: commands are understood, settings are known, versions are the right ones. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { coordinatorArguments } from "../src/Arguments.ts"
import { plan } from "../src/settings/plan.ts"
import { names } from "../src/settings/settings.ts"
import { optionOf } from "../src/settings/sources.ts"
import { folder } from "./support/world.ts"

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")
const readme = read("README.md")
const blocks = (language: string): ReadonlyArray<string> =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map(([, text = ""]) => text)

it("the first command is understood", () => {
  const [command = ""] = blocks("sh")
  const args = coordinatorArguments.withValuesApart(command.trim().split(" ").slice(1))
  assert.isUndefined(coordinatorArguments.problems(args))
})

it("every setting is in the table, under its names", () => {
  for (const name of names) {
    const variable = name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
    assert.match(readme, new RegExp(`\\| \`${optionOf(name)}\`\\s+\\| \`${variable}\`\\s+\\| \`${name}\`\\s+\\|`))
  }
})

it.scopedLive("the file is a plan, but for what this machine does not have", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "coordinator.json")
    const tokens = join(yield* folder, "tokens")
    writeFileSync(tokens, "0123456789abcdef")
    writeFileSync(path, (blocks("json")[0] ?? "").replace("/etc/stopcopy/operate-tokens", tokens))
    const { journal, tokens: known } = Either.getOrThrow(plan({}, path, {}))
    assert.deepStrictEqual([journal, known.length], ["/var/lib/stopcopy/coordinator.db", 1])
  })
)

describe("deploy", () => {
  const files = ["deploy/stopcopy-coordinator.service", "deploy/Containerfile"]

  it("names settings that there are", () => {
    for (const file of files) {
      const variables = [...read(file).matchAll(/STOPCOPY_COORDINATOR_[A-Z_]+/g)].map(([name]) => name)
      assert.isAbove(variables.length, 3)
      const environment = Object.fromEntries(variables.map((name) => [name, "/nowhere"]))
      const found = Either.match(plan({}, undefined, environment), { onLeft: (all) => all, onRight: () => [] })
      assert.notInclude(found.map(({ what }) => what).join("\n"), "there is no such setting", file)
    }
  })

  it("has the native module in the version of the workspace", () => {
    const catalog = read("../../pnpm-workspace.yaml")
    const [, version = ""] = /better-sqlite3: (\S+)/.exec(catalog) ?? []
    assert.include(read("deploy/Containerfile"), `better-sqlite3@${version}`)
  })
})
