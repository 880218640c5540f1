/** Everything that a coordinator may say no with, or not say at all: an exit code and a clear message for each. */
import { afterAll, afterEach, assert, beforeAll, beforeEach, it } from "@effect/vitest"
import * as Api from "@stopcopy/coordinator-api"
import { Schema } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { cert } from "./certificate.ts"
import { serveStub, type Stub } from "./coordinator.ts"
import { hurried as stopcopy } from "./running.ts"
import { completed, cordoned, gencap, queued, world } from "./world.ts"

let stub: Stub
beforeAll(async () => {
  stub = await serveStub()
})
beforeEach(() => {
  Object.assign(stub.world, world())
})
afterEach(() => {
  Object.assign(stub, { failing: undefined, closed: false, foreign: undefined })
})
afterAll(() => stub.dispose())

const run = (...args: ReadonlyArray<string>) => stopcopy([...args, "--coordinator", stub.url])
const always = { after: 0, times: Number.POSITIVE_INFINITY }

const one = (code: string) => ({ code, message: "a clear sentence; and a remedy", refusals: [] })

it("each error of the API has its exit code, and its message with the code", async () => {
  for (const [error, status, code] of [
    [new Api.InvalidRequest(one("request.invalid")), 400, 2],
    [new Api.Forbidden(one("token.read-only")), 403, 2],
    [new Api.NotFound(one("host.unknown")), 404, 2],
    [new Api.Conflict(one("host.known")), 409, 1],
    [new Api.TooLarge(one("request.size")), 413, 2],
    [new Api.UnsupportedMediaType(one("request.content-type")), 415, 2],
    [new Api.Refused(one("agent.unreachable")), 422, 3],
    [new Api.TooManyRequests(one("service.busy")), 429, 1],
    [new Api.Broken(one("service.broken")), 500, 1],
    [new Api.Unavailable(one("journal.unavailable")), 503, 1]
  ] as const) {
    stub.failing = { error, status, ...always }
    const { lines, ...ran } = await run("host", "add", "alpha", "http://10.0.0.1:7701")
    assert.deepStrictEqual([ran, lines], [{ code, message: `a clear sentence; and a remedy [${error.code}]` }, []])
  }
})

it("several refusals are listed at once, each with both values and the remedy", async () => {
  const refusals = [gencap, { ...cordoned, remedy: "uncordon\u001b[31m it" }]
  stub.failing = { error: new Api.Refused({ ...one("migration.refused"), refusals }), status: 422, ...always }
  const { code, message } = await run("migrate", "alpha/pf0/vf0")
  assert.strictEqual(code, 3)
  assert.deepStrictEqual(message.split("\n").slice(0, 8), [
    "refused, and nothing was touched: 2 rules speak against it [migration.refused]",
    "  1. the destination must have every bit of the source",
    "     where        pf0 gencap",
    "     source       0x1000021",
    "     destination  0x21",
    "     remedy       choose a PF with AES-GCM",
    "     code         qat.gencap.superset",
    "  2. a host that is cordoned takes no guest"
  ])
  assert.include(message, "remedy       uncordon?[31m it")
})

it("with --json the error is an object on standard output", async () => {
  stub.failing = { error: new Api.Refused({ ...one("migration.refused"), refusals: [gencap] }), status: 422, ...always }
  const { code, lines } = await run("migrate", "alpha/pf0/vf0", "--json")
  const Shown = Schema.parseJson(
    Schema.Struct({
      error: Schema.Struct({ code: Schema.String, refusals: Schema.Array(Schema.Struct({ code: Schema.String })) })
    })
  )
  assert.deepStrictEqual(
    [code, lines.map((line) => Schema.decodeSync(Shown)(line))],
    [3, [{ error: { code: "migration.refused", refusals: [{ code: "qat.gencap.superset" }] } }]]
  )
})

it("who has no token is told where to put one", async () => {
  stub.closed = true
  const missing = await run("host", "list")
  assert.strictEqual(missing.code, 2)
  assert.include(
    missing.message,
    `the coordinator at ${stub.url} asks for a token; give one with --token-file, STOPCOPY_TOKEN`
  )
})

it("a coordinator that is gone is 6, with what to do", async () => {
  const gone = await serveStub()
  await gone.dispose()
  const { code, message } = await stopcopy(["list", "--coordinator", gone.url])
  assert.strictEqual(code, 6)
  assert.strictEqual(
    message,
    `no coordinator answers at ${gone.url}: connection refused; start stopcopy-coordinator, or say where it is with --coordinator, STOPCOPY_COORDINATOR or the file`
  )
  const begun = await stopcopy(["migrate", "alpha/pf0/vf0", "--key", "the-same-key", "--coordinator", gone.url])
  assert.strictEqual(begun.code, 6)
  assert.include(
    begun.message,
    "whether it was begun is not known: see stopcopy list --live, or repeat with --key the-same-key"
  )
})

it("events of a coordinator that is gone are not waited for", async () => {
  const gone = await serveStub()
  await gone.dispose()
  const { code, lines } = await stopcopy(["watch", "--coordinator", gone.url])
  assert.deepStrictEqual([code, lines], [6, []])
})

it("TLS needs a certificate that somebody vouches for: --ca-file names the authority", async () => {
  const secure = await serveStub(true)
  const folder = mkdtempSync(join(tmpdir(), "stopcopy-ca-"))
  writeFileSync(join(folder, "ca.pem"), cert)
  const list = ["host", "list", "--coordinator", secure.url]
  const unknown = await stopcopy(list)
  const known = await stopcopy([...list, "--ca-file", join(folder, "ca.pem")])
  await secure.dispose()
  rmSync(folder, { recursive: true })
  assert.strictEqual(unknown.code, 2)
  assert.match(
    unknown.message,
    /^nobody vouches for the certificate of https:.* name the one of its authority with --ca-file$/
  )
  assert.deepStrictEqual([known.code, known.lines.length], [0, 4], known.message)
})

it("values that cannot be are refused before anything is asked", async () => {
  for (const [args, message] of [
    [["migrate", "alpha/pf0/vf0", "--downtime-limit", "fast"], "--downtime-limit 'fast' is no length of time"],
    [["migrate", "alpha/pf0/vf0", "--priority", "12"], "--priority '12' is no priority: write a digit, 9 goes first"],
    [["migrate"], "name the VFs to move, HOST/VF, or a group with --group"],
    [["migrate", "--group", "web-9"], "there is no group 'web-9': name its VFs, or see stopcopy vf groups"],
    [["migrate", "alpha/pf0/vf0", "--incoming"], "--incoming is about a destination: name it with --to"],
    [["watch", "--after", "-1"], "--after '-1' is no sequence"],
    [["completions", "tcsh"], "there is no completion for 'tcsh': use one of bash, zsh, fish"]
  ] as const) {
    const ran = await (args[0] === "completions" ? stopcopy(args) : run(...args))
    assert.deepStrictEqual([ran.code, ran.lines], [2, []])
    assert.include(ran.message, message)
  }
})

it("values that the API does not take are the caller's, not an answer that is not understood", async () => {
  const name = "write 1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit"
  const id = "write 1 to 128 letters, digits, dots, dashes, underscores, colons or slashes, the first a letter or digit"
  const long = "x".repeat(3000)
  for (const [args, message] of [
    [
      ["migrate", "alpha/pf0/vf0", "--key", "abc"],
      "--key 'abc': send 8 to 128 printable characters without spaces that no other request has, such as a UUID"
    ],
    [["migrate", "alpha/pf0/vf0", "--to", "a b"], `host 'a b': ${name}`],
    [["host", "add", "ga mma", "10.0.0.3:7701"], `name 'ga mma': ${name}`],
    [
      ["host", "cordon", "alpha", "--reason", long],
      `reason '${long.slice(0, 60)}...' (3000 characters): a reason has at most 1000 characters`
    ],
    [["host", "show", "a b"], `host 'a b': ${name}`],
    [["vf", "group", "bad name", "alpha/pf0/vf0"], `group 'bad name': ${id}`],
    [["vf", "placements", "alpha/ "], "device ' ': write the name that the host gives, such as pf0/vf1"],
    [["show", "a b"], `id 'a b': ${id}`],
    [["list", "--group", "bad name"], `group 'bad name': ${id}`],
    [["evacuate", "b d"], `host 'b d': ${name}`],
    [
      ["bundle", "fetch", join(tmpdir(), "stopcopy-no.bundle"), "m-1", "--attempt", "0"],
      "--attempt '0': write an attempt from 1 to 1000"
    ]
  ] as const) {
    assert.deepStrictEqual(await run(...args), { code: 2, message, lines: [] })
  }
  const { lines } = await run("host", "show", "a b", "--json")
  assert.deepStrictEqual(lines, [
    JSON.stringify({ error: { code: "request.invalid", message: `host 'a b': ${name}`, refusals: [] } })
  ])
})

it("something else than a coordinator is 6", async () => {
  stub.foreign = "It works!"
  const { code, message } = await run("host", "list")
  assert.deepStrictEqual([code, message.includes(`the answer of ${stub.url} is not understood`)], [6, true])
})

it("a coordinator that is away for a moment does not end the watching", async () => {
  stub.world.migration = [queued, completed]
  stub.failing = { error: new Api.Unavailable(one("journal.unavailable")), status: 503, after: 1, times: 3 }
  const { code, lines } = await run("watch", "m-1")
  assert.deepStrictEqual([code, lines.at(-3)], [0, "completed after 1.5 s; web-1 is on beta"])
  assert.isBelow(stub.failing.times, 1)
})

it("a position that is none ends the watching of events at once", async () => {
  stub.world.migration = [queued, completed]
  stub.failing = { error: new Api.InvalidRequest(one("events.position")), status: 400, after: 1, times: 1 }
  const { code, message } = await run("watch", "m-1", "--after", "9")
  assert.deepStrictEqual([code, message], [2, "a clear sentence; and a remedy [events.position]"])
})
