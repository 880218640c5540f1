/** The README's example does what it says, against a server that answers as the coordinator does. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, it } from "@effect/vitest"
import { type Migration, Preflight } from "@stopcopy/coordinator-api"
import { Effect, Schema } from "effect"
import { migrate } from "./readme.snippet.ts"
import { serveWith } from "./support.ts"

const verdict = { outcome: "completed", guest: "destination", reason: "" } as const
const summary = {
  id: "m-1",
  group: "vm1",
  from: "alpha",
  to: "beta",
  moves: [],
  evacuation: null,
  priority: 5,
  attempt: 1
}
const ended: Migration = {
  ...summary,
  phase: "completed",
  inDoubt: false,
  queuedAt: 1,
  endedAt: 2,
  verdict,
  downtimeMicros: 9,
  blockers: [],
  steps: [],
  now: [],
  bytes: 0,
  forecast: null,
  downtime: null,
  downtimeLimitMillis: 300,
  committed: true,
  cause: null,
  lastReason: null,
  retryAt: null,
  doubts: [],
  resolutions: [],
  left: []
}
const event = {
  sequence: 3,
  stream: "migration/m-1",
  type: "Ended",
  time: 0,
  correlation: "m-1",
  causation: null,
  payload: {}
}

/** What the coordinator answers, with these blockers. */
const answers = (blockers: Preflight["blockers"]): Readonly<Record<string, readonly [number, string, string]>> => ({
  "POST /api/v1/preflight": [
    200,
    "application/json",
    JSON.stringify(
      Schema.encodeSync(Preflight)({
        fits: blockers.length === 0,
        blockers,
        from: "alpha",
        to: "beta",
        moves: [],
        checkedAt: 1
      })
    )
  ],
  "POST /api/v1/migrations": [202, "application/json", JSON.stringify({ ...ended, phase: "queued", verdict: null })],
  "GET /api/v1/events": [200, "text/event-stream", `id: 3\nevent: event\ndata: ${JSON.stringify(event)}\n\n`],
  "GET /api/v1/migrations/m-1": [200, "application/json", JSON.stringify(ended)]
})

const run = (blockers: Preflight["blockers"]) =>
  Effect.gen(function* () {
    const known = answers(blockers)
    const asked: Array<string> = []
    const baseUrl = yield* serveWith(({ method = "", url = "" }, response) => {
      const call = `${method} ${url.split("?", 1)[0] ?? ""}`
      asked.push(call)
      const [status, type, body] = known[call] ?? [404, "text/plain", "nothing there"]
      response.writeHead(status, { "content-type": type }).end(body)
    })
    return { result: yield* Effect.provide(migrate(baseUrl, "a-key-of-its-own"), FetchHttpClient.layer), asked }
  })

it.scopedLive("the example gives the phase in which the migration ended", () =>
  Effect.map(run([]), ({ asked, result }) => {
    assert.strictEqual(result, "completed")
    assert.deepStrictEqual(asked, [
      "POST /api/v1/preflight",
      "POST /api/v1/migrations",
      "GET /api/v1/events",
      "GET /api/v1/migrations/m-1"
    ])
  })
)

it.scopedLive("the example starts nothing that does not fit", () =>
  Effect.map(
    run([{ code: "a.b", rule: "a rule", where: "w", source: "1", destination: "2", remedy: "a remedy" }]),
    ({ asked, result }) => assert.deepStrictEqual([result, asked], ["a rule: a remedy", ["POST /api/v1/preflight"]])
  )
)
