/** What a browser loads before the first page is there: everything that the entry imports, without what is loaded on demand. */
import { assert, beforeAll, it } from "@effect/vitest"
import { consoleSite } from "@stopcopy/workbench"
import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"

/** Bytes of JavaScript, compressed as a coordinator sends it. */
const budget = 250 * 1024

const Chunk = Schema.Struct({
  file: Schema.String,
  isEntry: Schema.optional(Schema.Boolean),
  imports: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  dynamicImports: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] })
})
const Manifest = Schema.parseJson(Schema.Record({ key: Schema.String, value: Chunk }))

let site = ""
beforeAll(async () => {
  site = await consoleSite()
}, 120_000)

const files = () => {
  const manifest = Schema.decodeSync(Manifest)(readFileSync(join(site, ".vite/manifest.json"), "utf8"))
  const [entry] = Object.entries(manifest).find(([, { isEntry }]) => isEntry === true) ?? ["no entry"]
  const needed = new Set([entry])
  // A set also iterates over what is added on the way.
  for (const name of needed) for (const inner of manifest[name]?.imports ?? []) needed.add(inner)
  // The overview shows its chart at once.
  for (const name of manifest[entry]?.dynamicImports ?? []) if (name.endsWith("OverTimePicture.tsx")) needed.add(name)
  return { manifest, needed, entry }
}

it("the first page is below 250 KB of JavaScript, and time travel is loaded on demand", () => {
  const { entry, manifest, needed } = files()
  const paths = [...needed].map((name) => manifest[name]?.file ?? name).filter((file) => file.endsWith(".js"))
  const bytes = paths.reduce((sum, file) => sum + gzipSync(readFileSync(join(site, file))).byteLength, 0)
  assert.isAbove(bytes, 50_000, "React and the client are in it")
  assert.isBelow(bytes, budget)
  const travel = manifest[entry]?.dynamicImports.find((name) => name.endsWith("TravelPage.tsx")) ?? ""
  assert.notStrictEqual(travel, "")
  assert.isFalse(needed.has(travel))
})

it("React is the one for production", () => {
  const { entry, manifest } = files()
  const text = readFileSync(join(site, manifest[entry]?.file ?? ""), "utf8")
  assert.notInclude(text, "Download the React DevTools")
})
