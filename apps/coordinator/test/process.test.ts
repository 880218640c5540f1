/** The coordinator as a process: what it prints, how it ends, what it serves, and what becomes of a migration when it is killed. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { makeClient } from "@stopcopy/coordinator-api"
import { Effect, Option } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { version } from "../src/Version.ts"
import { program } from "./support/program.ts"
import { send } from "./support/requests.ts"
import { folder, hangingDrain, hasEnded, serveHost, starting, until } from "./support/world.ts"

const coordinator = program()

/** Options of a coordinator that keeps everything in this folder. */
const inside = (path: string): ReadonlyArray<string> => [
  "--listen",
  "127.0.0.1:0",
  "--journal",
  join(path, "journal.db")
]

const clientOf = (url: string) =>
  Effect.map(Effect.provide(makeClient({ baseUrl: url }), FetchHttpClient.layer), (client) => ({ url, client }))

it.scopedLive("it prints where it is, serves, and ends well after a signal", () =>
  Effect.gen(function* () {
    const running = yield* coordinator.serve(inside(yield* folder))
    const url = running.said("api")
    assert.match(url, /^http:\/\/127\.0\.0\.1:[0-9]+$/)
    assert.deepStrictEqual(running.lines, [`api ${url}`, "ready"])
    const get = (path: string) => send(url, { method: "GET", path })

    const ready = yield* get("/readyz")
    assert.deepStrictEqual([ready.status, ready.json], [200, { status: "ready", sequence: 0 }])
    const openApi = yield* get("/openapi.json")
    assert.include(openApi.text, '"openapi":"3.1.0"')
    const page = yield* get("/docs")
    assert.include(page.text, "<title>Stopcopy coordinator</title>")
    assert.notMatch(page.text, /<script|src=|@import|url\(|https?:\/\//)
    assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/)
    const metrics = yield* get("/metrics")
    assert.match(metrics.text, /^stopcopy_coordinator_hosts\{health="reachable"\} 0$/m)
    assert.match(metrics.text, /^stopcopy_coordinator_requests_total\{.*path="\/readyz",status="200"\} 1$/m)

    const stream = yield* Effect.promise(() => fetch(`${url}/api/v1/events`))
    const ended = yield* running.kill("SIGTERM")
    assert.deepStrictEqual([ended.code, ended.signal], [0, null])
    assert.strictEqual(yield* Effect.promise(() => stream.text()), "id: 0\nevent: position\ndata: {}\n\n")
    const logs = ended.stderr
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line))
    assert.isAbove(logs.length, 2, "each line is JSON")
    assert.match(ended.stderr, /SIGTERM: no new request is taken.*\n.*everything is in the journal/)
  }).pipe(Effect.timeout("40 seconds"))
)

describe("misuse", () => {
  it.scopedLive("is told at once, all of it, and nothing is begun", () =>
    Effect.gen(function* () {
      const journal = join(yield* folder, "journal.db")
      const [ended, open] = yield* Effect.all(
        [
          coordinator.run(["serve", "--listen=0.0.0.0:1", "--body-kib", "0", "--journal", journal], {
            STOPCOPY_COORDINATOR_LOG_LEVEL: "loud"
          }),
          coordinator.run(["serve", "--listen=0.0.0.0:1", "--journal", journal])
        ],
        { concurrency: 2 }
      )
      assert.deepStrictEqual([ended.code, ended.stdout], [2, ""])
      assert.deepStrictEqual(
        ended.stderr
          .trim()
          .split("\n")
          .map((line) => line.replace(/(stopcopy-coordinator: [^:]+:).*/, "$1")),
        ["STOPCOPY_COORDINATOR_LOG_LEVEL:", "--body-kib:", "--listen 0.0.0.0:"]
          .map((where) => `stopcopy-coordinator: ${where}`)
          .concat("stopcopy-coordinator: nothing was started")
      )
      assert.strictEqual(open.code, 2)
      assert.match(open.stderr, /it needs TLS .* and tokens .*; give these, or use 127\.0\.0\.1\n.*nothing was started/)
      assert.throws(() => readFileSync(journal), /ENOENT/)
    }).pipe(Effect.timeout("40 seconds"))
  )

  it.live("of options and commands is told in words", () =>
    Effect.gen(function* () {
      const [wrong, unknown, said] = yield* Effect.all(
        [coordinator.run(["serve", "--prot", "1"]), coordinator.run(["dance"]), coordinator.run(["--version"])],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([wrong.code, wrong.stdout], [2, ""])
      assert.match(wrong.stderr, /there is no option '--prot'/)
      assert.strictEqual(unknown.code, 2)
      assert.match(unknown.stderr, /there is no command 'dance', use one of serve, openapi/)
      assert.deepStrictEqual([said.code, said.stdout.trim()], [0, version])
      const { version: declared } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
      assert.strictEqual(version, declared)
    }).pipe(Effect.timeout("40 seconds"))
  )

  it.scopedLive("of a port or a journal that somebody has is told, with exit code 1", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* folder, yield* folder]
      const first = yield* coordinator.serve(inside(one))
      const { port } = new URL(first.said("api"))
      const broken = join(other, "broken.db")
      writeFileSync(broken, "this is no journal")
      const [sameJournal, samePort, noJournal] = yield* Effect.all(
        [
          coordinator.run(["serve", ...inside(one)]),
          coordinator.run(["serve", "--listen", `127.0.0.1:${port}`, "--journal", join(other, "j.db")]),
          coordinator.run(["serve", "--listen=127.0.0.1:0", "--journal", broken])
        ],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([sameJournal.code, sameJournal.stdout], [1, ""])
      assert.match(sameJournal.stderr, /journal\.db/)
      assert.deepStrictEqual([samePort.code, samePort.stdout], [1, ""])
      assert.match(samePort.stderr, /cannot listen on 127\.0\.0\.1:[0-9]+: the port is in use; name another one/)
      assert.strictEqual(noJournal.code, 1)
      assert.match(noJournal.stderr, /broken\.db/)
    }).pipe(Effect.timeout("60 seconds"))
  )
})

it.scopedLive("killed in the middle of a migration, the next one brings it to its verdict", () =>
  Effect.gen(function* () {
    const path = yield* folder
    const hosts = [yield* serveHost({ name: "alpha" }), yield* serveHost({ name: "beta" })] as const
    const first = yield* coordinator.serve(inside(path))
    const { client } = yield* clientOf(first.said("api"))
    for (const { address, name } of hosts) yield* client.hosts.register({ payload: { name, address } })
    const met = yield* hangingDrain(hosts[0])
    const { id } = yield* client.migrations.start(starting("one that is orphaned", { devices: ["pf0/vf0"] }))
    yield* met
    yield* first.kill("SIGKILL")
    const vf = Option.getOrThrow(Option.fromNullable(hosts[0].devices.get("pf0/vf0")))
    yield* Effect.orDie(vf.reset)

    const second = yield* coordinator.serve(inside(path))
    const now = yield* clientOf(second.said("api"))
    const ended = yield* until(now, id, hasEnded)
    const isThere = ended.phase === "completed"
    assert.strictEqual(ended.verdict?.guest, isThere ? "destination" : "source")
    const states = yield* Effect.forEach(
      hosts,
      ({ devices }) => devices.get("pf0/vf0")?.getState ?? Effect.succeed("ERROR" as const)
    )
    assert.deepStrictEqual(states, isThere ? ["STOP", "RUNNING"] : ["RUNNING", "STOP"])
  }).pipe(Effect.timeout("60 seconds"))
)
