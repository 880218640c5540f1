/** The runtime and its test kit bundle for a browser: no `node:` module in them. */
import { assert, it } from "@effect/vitest"
import { build } from "esbuild"
import { join } from "node:path"

const bundle = (entry: string) =>
  build({
    entryPoints: [join(import.meta.dirname, "../src", entry)],
    bundle: true,
    write: false,
    metafile: true,
    platform: "browser",
    format: "esm",
    conditions: ["@stopcopy/source"],
    external: ["better-sqlite3"],
    logLevel: "silent"
  })

it("the runtime and the test kit have no node: import and nothing of SQLite or PostgreSQL", async () => {
  for (const entry of ["index.ts", "testing.ts"]) {
    const { metafile, outputFiles } = await bundle(entry)
    const inputs = Object.keys(metafile.inputs)
    assert.isAbove(inputs.length, 1)
    assert.deepStrictEqual(
      inputs.filter((input) => /^node:|sqlite|postgres|\/pg[-/]/.test(input)),
      []
    )
    assert.notMatch(outputFiles[0]?.text ?? "", /(from|import|require)\s*\(?\s*["']node:/)
  }
})

it("the SQLite layer does not bundle for a browser: the check above sees such an import", async () => {
  const { errors } = await bundle("sqlite.ts").catch((error: unknown) => ({ errors: [String(error)] }))
  assert.match(errors.join("\n"), /node:/)
})
