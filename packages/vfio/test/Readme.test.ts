/** The README's example is the one that runs here. */
import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { refusal, way } from "./readme.snippet.ts"

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

it("the README shows the example that is compiled", () => {
  const region = read("./readme.snippet.ts").split("// region readme\n")[1]?.split("// endregion\n")[0]
  assert.isDefined(region)
  assert.include(read("../README.md"), `\`\`\`ts\n${region}\`\`\``)
})

it("the example gives what it says", () => {
  assert.deepStrictEqual(way, ["PRE_COPY_P2P (7)", "STOP_COPY (3)"])
  assert.strictEqual(refusal, "EINVAL 22: go through STOP and RUNNING first; this ends the saving session")
})
