/** The console on the port of the API: files with their headers, pages for browsers, and what `/` says where there is none. */
import { assert, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { plan } from "../src/settings/plan.ts"
import { usualFolders } from "../src/site/files.ts"
import { send } from "./support/requests.ts"
import { folder, startCoordinator } from "./support/world.ts"

const page = "<!doctype html><title>console</title>"

/** A folder with a console: a page, a script, a picture, and what the builder left for itself. */
const site = Effect.map(folder, (path) => {
  for (const inner of ["assets", ".vite"]) mkdirSync(join(path, inner))
  writeFileSync(join(path, "index.html"), page)
  writeFileSync(join(path, "assets/main-1234.js"), "export const a = 1\n".repeat(200))
  writeFileSync(join(path, "assets/dot-1234.png"), "not compressed")
  writeFileSync(join(path, ".vite/manifest.json"), "{}")
  return path
})

const browser = { accept: "text/html,application/xhtml+xml" }

it.scopedLive("files come with headers that let nothing foreign in, compressed where that helps", () =>
  Effect.gen(function* () {
    const { url } = yield* startCoordinator({ console: { _tag: "Folder", folder: yield* site } })
    const get = (path: string, headers = {}) => send(url, { method: "GET", path, headers })
    const first = yield* get("/")
    assert.deepStrictEqual([first.status, first.text, first.headers.get("cache-control")], [200, page, "no-cache"])
    const policy = first.headers.get("content-security-policy") ?? ""
    assert.include(policy, "script-src 'self';")
    assert.include(policy, "frame-ancestors 'none'")
    assert.notInclude(policy, "unsafe")
    assert.strictEqual(first.headers.get("x-content-type-options"), "nosniff")
    const again = yield* get("/", { "if-none-match": first.headers.get("etag") ?? "" })
    assert.deepStrictEqual([again.status, again.text], [304, ""])

    const script = yield* get("/assets/main-1234.js", { "accept-encoding": "gzip, br" })
    assert.strictEqual(script.headers.get("content-encoding"), "br")
    assert.isBelow(Number(script.headers.get("content-length")), 200)
    assert.include(script.headers.get("cache-control"), "immutable")
    assert.isAbove(script.text.length, 3000)
    const plain = yield* get("/assets/main-1234.js", { "accept-encoding": "identity" })
    assert.deepStrictEqual([plain.headers.get("content-encoding"), plain.text], [null, script.text])
    const picture = yield* get("/assets/dot-1234.png", { "accept-encoding": "br" })
    assert.deepStrictEqual([picture.headers.get("content-encoding"), picture.text], [null, "not compressed"])
    const head = yield* send(url, { method: "HEAD", path: "/" })
    assert.deepStrictEqual([head.status, head.text], [200, ""])
  }).pipe(Effect.timeout("20 seconds"))
)

it.scopedLive("every other address is the page to a browser, and not there to a program", () =>
  Effect.gen(function* () {
    const { url } = yield* startCoordinator({ console: { _tag: "Folder", folder: yield* site } })
    const status = (path: string, headers = {}, method = "GET") =>
      Effect.map(send(url, { method, path, headers }), (answered) => answered.status)
    assert.strictEqual((yield* send(url, { method: "GET", path: "/migrations/m-1", headers: browser })).text, page)
    assert.strictEqual(yield* status("/migrations/m-1"), 404)
    assert.strictEqual(yield* status("/api/v1/none", browser), 404)
    assert.strictEqual(yield* status("/assets/gone-1.js", browser), 404)
    assert.strictEqual(yield* status("/.vite/manifest.json"), 404)
    assert.strictEqual(yield* status("/migrations", browser, "POST"), 404)
    assert.strictEqual(yield* status("/docs", browser), 200)
  }).pipe(Effect.timeout("20 seconds"))
)

it.scopedLive("without a console the coordinator starts, and says how to get one; or nothing, if nobody wants it", () =>
  Effect.gen(function* () {
    const usual = yield* startCoordinator({ console: { _tag: "Usual" } })
    const missing = yield* send(usual.url, { method: "GET", path: "/", headers: browser })
    assert.strictEqual(missing.status, 404)
    assert.include(missing.text, "npm run build")
    assert.include(missing.text, "--console FOLDER")
    const off = yield* startCoordinator()
    const none = yield* send(off.url, { method: "GET", path: "/", headers: browser })
    assert.deepStrictEqual([none.status, none.headers.get("content-type")], [404, "application/json"])
  }).pipe(Effect.timeout("20 seconds"))
)

it.scopedLive("the setting names a folder, or none; one without a console is a mistake", () =>
  Effect.gen(function* () {
    const path = yield* site
    assert.deepStrictEqual(Either.getOrThrow(plan({ console: path }, undefined, {})).console, {
      _tag: "Folder",
      folder: path
    })
    assert.deepStrictEqual(Either.getOrThrow(plan({ console: "none" }, undefined, {})).console, { _tag: "Off" })
    const wrong = plan({ console: join(path, "assets") }, undefined, {})
    assert.match(Either.isLeft(wrong) ? JSON.stringify(wrong.left) : "", /--console .*has no index\.html/)
    assert.deepStrictEqual(usualFolders("/opt/coordinator/main.js"), ["/opt/coordinator/console", "/console/dist/site"])
  })
)
