/** `bundle fetch`: what it asks for, what it writes and says, and what it leaves alone. */
import { afterAll, assert, beforeAll, beforeEach, it } from "@effect/vitest"
import { Bundle } from "@stopcopy/debugger"
import { Journal } from "@stopcopy/runtime"
import { Context, Effect, Layer } from "effect"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { serveStub, type Stub } from "./coordinator.ts"
import { stopcopy } from "./running.ts"
import { world } from "./world.ts"

/** The bundle of an empty journal, without that of the source. */
const merged = Effect.gen(function* () {
  const journal = Context.get(yield* Layer.build(Journal.layerMemory), Journal)
  const { bytes } = yield* Bundle.create([{ label: "one", journal }], { registry: new Map(), created: 1 })
  const missing = [{ label: "source", reason: "alpha: no answer" }]
  return yield* Bundle.merge([{ label: "coordinator", bytes: new Uint8Array(bytes) }], { created: 2, missing })
}).pipe(Effect.scoped)

let stub: Stub
let folder = ""
let bundle: Uint8Array

beforeAll(async () => {
  ;[stub, folder, bundle] = await Promise.all([
    serveStub(),
    mkdtemp(join(tmpdir(), "stopcopy-cli-")),
    Effect.runPromise(merged)
  ])
})
beforeEach(() => {
  Object.assign(stub.world, world(), { bundle })
  stub.asked.length = 0
})
afterAll(async () => {
  await stub.dispose()
  await rm(folder, { recursive: true })
})

const fetch = (out: string, ...args: ReadonlyArray<string>) =>
  stopcopy(["bundle", "fetch", "--coordinator", stub.url, ...args, join(folder, out), "m-1"])

it("writes what the coordinator hands out, and says what is missing in it", async () => {
  const { code, lines, message } = await fetch(
    "a.bundle",
    "--redact",
    "block",
    "--redact",
    "pf.gencap",
    "--attempt",
    "2"
  )
  assert.deepStrictEqual([code, message], [0, ""])
  assert.deepStrictEqual(
    lines.map((line) => line.replace(folder, "")),
    [`/a.bundle: 1 journal (coordinator), ${bundle.length} bytes`, "  missing: source: alpha: no answer"]
  )
  assert.isTrue((await readFile(join(folder, "a.bundle"))).equals(bundle))
  assert.deepStrictEqual(stub.asked, [{ what: "bundle", payload: { redact: ["block", "pf.gencap"], attempt: 2 } }])
})

it("never writes over a file, nor what is no bundle", async () => {
  await writeFile(join(folder, "b.bundle"), "mine")
  const taken = await fetch("b.bundle")
  assert.deepStrictEqual([taken.code, stub.asked], [2, []])
  assert.match(taken.message, /b\.bundle exists already: give the bundle a new name/)
  stub.world.bundle = new TextEncoder().encode("no bundle")
  const strange = await fetch("c.bundle")
  assert.deepStrictEqual(strange.code, 1)
  assert.match(strange.message, /c\.bundle is not a bundle of Stopcopy: it is no gzip file/)
  assert.notInclude(await readdir(folder), "c.bundle")
})
