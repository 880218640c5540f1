/** The README's program does what it says, and its tables name files and tests that exist. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { program as working } from "./engine.snippet.ts"
import { program as served } from "./pci.snippet.ts"
import { program } from "./readme.snippet.ts"

const folder = new URL("../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, folder), "utf8")
const readme = read("README.md")

it.effect("the program does what the README says", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* program, { setup: 90, state: 4006, difference: undefined, tail: 0x80 })
  })
)

it.live("the program with the engine does too, and is the one that is shown", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* working, Uint8Array.of(0, 1, 0, 0x80, 0, 0, 0, 1))
    const shown = read("test/engine.snippet.ts").split("// region readme\n")[1]?.split("// endregion\n")[0]
    assert.include(readme, `\`\`\`ts\n${shown}\`\`\``)
  })
)

it.effect("the device behind VFIO does what the README says, and is the one that is shown", () =>
  Effect.gen(function* () {
    const { command, name, size } = yield* served
    assert.deepStrictEqual([name, [...command]], ["17:00.1", [0, 0]])
    assert.deepStrictEqual([...size], [0x04, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    const shown = read("test/pci.snippet.ts").split("// region readme\n")[1]?.split("// endregion\n")[0]
    assert.include(readme, `\`\`\`ts\n${shown}\`\`\``)
  })
)

it("every file that the README names is there", () => {
  const named = [...readme.matchAll(/`((?:src|test)\/[\w/.-]+\.ts)`/g)].map(([, path]) => path ?? "")
  assert.isAbove(named.length, 30)
  for (const path of named) assert.isTrue(existsSync(new URL(path, folder)), path)
})

it("every quirk of the table has its test in each mode", () => {
  const numbers = [...readme.matchAll(/^\| (\d+) +\|/gm)].map(([, number]) => Number(number))
  assert.deepStrictEqual(
    numbers,
    Array.from({ length: 13 }, (_, index) => index + 1)
  )
  const tests = read("test/Quirks.test.ts")
  for (const number of numbers) {
    const named = [...tests.matchAll(new RegExp(`quirk ${number}, ([^:]*):`, "g"))].map(([, mode]) => mode)
    const both = named.includes("both modes") || named.includes("${mode}")
    assert.isTrue(both || (named.includes("kernel") && named.includes("safe")), `quirk ${number}`)
  }
})
