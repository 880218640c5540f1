/** The debugger bundles for a browser: no `node:` module in it. */
import { assert, it } from "@effect/vitest"
import { build } from "esbuild"
import { join } from "node:path"

it("has no node: import", async () => {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "../src/index.ts")],
    bundle: true,
    write: false,
    metafile: true,
    platform: "browser",
    format: "esm",
    conditions: ["@stopcopy/source"],
    logLevel: "silent"
  })
  const inputs = Object.keys(metafile.inputs)
  assert.isAbove(inputs.length, 10)
  assert.deepStrictEqual(
    inputs.filter((input) => input.startsWith("node:") || input.includes("sqlite")),
    []
  )
  assert.notMatch(outputFiles[0]?.text ?? "", /(from|import|require)\s*\(?\s*["']node:/)
})
