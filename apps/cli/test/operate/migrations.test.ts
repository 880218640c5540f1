/** What the commands about migrations print and ask for, and how each ends. */
import { afterAll, assert, beforeAll, beforeEach, it } from "@effect/vitest"
import { Event, Migration } from "@stopcopy/coordinator-api"
import { Effect, Layer, Option, Schema } from "effect"
import { Answers } from "../../src/operate/Answers.ts"
import { resolve } from "../../src/operate/resolve.ts"
import { answerOf } from "../commands.ts"
import { serveStub, type Stub } from "./coordinator.ts"
import { hurried as stopcopy } from "./running.ts"
import {
  cancelled,
  completed,
  cordoned,
  events,
  failed,
  fitting,
  gencap,
  going,
  inDoubt,
  queued,
  refused,
  world
} from "./world.ts"

let stub: Stub
beforeAll(async () => {
  stub = await serveStub()
})
beforeEach(() => {
  Object.assign(stub.world, world())
  stub.asked.length = 0
})
afterAll(() => stub.dispose())

const run = (...args: ReadonlyArray<string>) => stopcopy([...args, "--coordinator", stub.url])
const well = async (...args: ReadonlyArray<string>) => {
  const { code, lines, message } = await run(...args)
  assert.deepStrictEqual([code, message], [0, ""])
  return lines
}

/** How long it has been going on is not told. */
const timeless = (line: string): string =>
  line.replace(/^ *\d[^a-z]*(us|ms|s|min|h)( \d+ (s|min))? {2}(?=[a-z])/, "TIME  ")

const migrate = ["migrate", "alpha/pf0/vf0", "--to", "beta"] as const
const decode = Schema.decodeSync(Schema.parseJson(Migration))

it("preflight tells that it fits, and where to", async () => {
  assert.deepStrictEqual(await well("preflight", "alpha/pf0/vf0", "--to", "beta"), [
    "it fits: from alpha to beta",
    "  alpha/pf0/vf0  ->  beta/pf0/vf5"
  ])
  assert.deepStrictEqual(stub.asked, [
    { what: "preflight", payload: { from: "alpha", devices: ["pf0/vf0"], to: { host: "beta", incoming: false } } }
  ])
})

it("preflight tells what nobody can check", async () => {
  const what = "the socket tells nothing of the mailbox"
  const unchecked = [{ code: "compat", where: "source alpha pf0/vf0", what, consequence: "it is found by itself" }]
  stub.world.preflight = { ...fitting, unchecked }
  assert.deepStrictEqual((await well("preflight", "alpha/pf0/vf0", "--to", "beta")).slice(2), [
    `not checked, source alpha pf0/vf0: ${what}; it is found by itself`
  ])
})

it("preflight lists every blocker at once, exit code 3", async () => {
  stub.world.preflight = { ...fitting, fits: false, blockers: [gencap, cordoned], moves: [] }
  const { code, lines, message } = await run("preflight", "--group", "web-1", "--to", "beta/pf0/vf5", "--incoming")
  assert.deepStrictEqual([code, message], [3, "the migration does not fit: qat.gencap.superset, fleet.host.cordoned"])
  assert.strictEqual(lines[0], "it does not fit: 2 rules speak against it on beta")
  assert.include(lines, "     source       0x1000021")
  assert.include(lines, "     remedy       uncordon it, or choose another host")
  assert.deepStrictEqual(stub.asked, [
    {
      what: "preflight",
      payload: { from: "alpha", group: "web-1", to: { host: "beta", devices: ["pf0/vf5"], incoming: true } }
    }
  ])
})

it("migrate shows each phase in a line, and the downtime by cause", async () => {
  const lines = await well(...migrate)
  assert.deepStrictEqual(lines.map(timeless), [
    "m-1: web-1, 1 VF, from alpha to beta",
    "TIME  queued          priority 5",
    "TIME  preflight       0 bytes, downtime limit 300 ms",
    "TIME  pre-copy        90 bytes, forecast 12.4 ms of at most 300 ms; copy",
    "TIME  switchover      4.0 KiB, forecast 12.4 ms of at most 300 ms; save, load",
    "completed after 1.5 s; web-1 is on beta",
    "  stood still for 11.9 ms: drain 1.2 ms, stop 300 us, save 2.1 ms, transfer 900 us, load 3.0 ms, verify 800 us, commit 2.4 ms, resume 1.1 ms, other 100 us",
    "  moved 4.0 KiB of migration data"
  ])
})

it("migrate asks for what its options say, with an idempotency key of its own", async () => {
  await well("migrate", "alpha/pf0/vf0", "--priority", "9", "--downtime-limit", "20ms", "--patience", "2s", "--no-wait")
  await well("migrate", "alpha/pf0/vf0", "--no-wait", "--key", "the-same-key")
  const [first, second] = stub.asked
  assert.deepStrictEqual(first?.payload, {
    from: "alpha",
    devices: ["pf0/vf0"],
    priority: 9,
    downtimeLimitMillis: 20,
    whenOver: { _tag: "Wait", millis: 2000 }
  })
  assert.match(first?.key ?? "", /^[0-9a-f-]{36}$/)
  assert.deepStrictEqual(
    [second?.key, second?.payload],
    ["the-same-key", { from: "alpha", devices: ["pf0/vf0"], priority: 5, whenOver: { _tag: "Abort" } }]
  )
})

it("--no-wait ends when it is queued, with its id", async () => {
  assert.deepStrictEqual(await well(...migrate, "--no-wait"), ["m-1: web-1, 1 VF, from alpha to beta"])
  const [line = ""] = await well(...migrate, "--no-wait", "--json")
  assert.strictEqual(decode(line).phase, "queued")
})

it("migrate --json prints the migration as it ended, watch --json each change", async () => {
  const lines = await well(...migrate, "--json")
  assert.deepStrictEqual(
    lines.map((line) => decode(line)),
    [completed]
  )
  stub.world.migration = going
  const changes = await well("watch", "m-1", "--json")
  assert.deepStrictEqual(
    changes.map((line) => decode(line)),
    going
  )
})

it("how a migration ends is how migrate and watch end", async () => {
  for (const [last, code, message] of [
    [failed, 1, "m-1 failed: the digests of bank 2 differ"],
    [refused, 3, "m-1 was refused: 2 rules speak against it"],
    [cancelled, 4, "m-1 was cancelled: somebody asked for it"]
  ] as const) {
    for (const command of [migrate, ["watch", "m-1"]]) {
      stub.world.migration = [queued, last]
      const ran = await run(...command)
      assert.deepStrictEqual([ran.code, ran.message], [code, message])
    }
  }
})

it("what stood still for longer than its limit says so, and what may be allowed more says how", async () => {
  const { downtime } = completed
  const long = { ...completed, downtime: downtime === null ? null : { ...downtime, whole: 355_000 } }
  stub.world.migration = [long]
  const split = "drain 1.2 ms, stop 300 us, save 2.1 ms"
  assert.include((await well("show", "m-1")).join("\n"), `  stood still for 355 ms, its limit is 300 ms: ${split}`)
  const reason = "it takes too long; allow more with downtimeLimitMillis, or let it wait with whenOver"
  stub.world.migration = [{ ...failed, verdict: { outcome: "failed", guest: "source", reason } }]
  assert.strictEqual(
    (await run(...migrate)).message,
    "m-1 failed: it takes too long; allow more with downtimeLimitMillis (--downtime-limit), or let it wait with whenOver (--patience)"
  )
})

it("a refused migration names every blocker", async () => {
  stub.world.migration = [refused]
  const { lines } = await run(...migrate)
  assert.include(lines, "refused after 900 ms; web-1 is on alpha, nothing was touched")
  assert.deepStrictEqual(
    lines.filter((line) => line.includes("code  ")),
    ["     code         qat.gencap.superset", "     code         fleet.host.cordoned"]
  )
})

it("migrate ends with 5 when it is in doubt, watch goes on", async () => {
  stub.world.migration = [queued, inDoubt]
  const doubtful = await run(...migrate)
  assert.deepStrictEqual(
    [doubtful.code, doubtful.message],
    [5, "m-1 is in doubt: fence at the source (pf0/vf0): alpha does not answer"]
  )
  assert.include(doubtful.lines, `  to see the choice:  stopcopy resolve m-1 --coordinator ${stub.url}`)
  stub.world.migration = [inDoubt, completed]
  assert.include(await well("watch", "m-1"), "completed after 1.5 s; web-1 is on beta")
})

it("what waits for another attempt says until when, and why the last one failed", async () => {
  const retrying = { ...queued, attempt: 1, lastReason: "beta did not answer", retryAt: 0 }
  stub.world.migration = [retrying, completed]
  const [, line = ""] = await well("watch", "m-1")
  assert.strictEqual(timeless(line), "TIME  queued          attempt 2 in 0 ms; the last one: beta did not answer")
})

it("what is queued says everything that it waits for", async () => {
  const waiting = [
    { code: "fleet.limit.host", reason: "beta has as many migrations as the policy allows", untilAt: null },
    { code: "fleet.breaker", reason: "nothing is started between alpha and beta", untilAt: 0 }
  ]
  stub.world.migration = [{ ...queued, waiting }, completed]
  const [, line = ""] = await well("watch", "m-1")
  const [limit, breaker] = waiting
  assert.strictEqual(timeless(line), `TIME  queued          waits: ${limit?.reason}; ${breaker?.reason}, for 0 ms`)
})

it("on a terminal the line is rewritten", async () => {
  const { code, lines } = await stopcopy([...migrate, "--coordinator", stub.url], true)
  assert.strictEqual(code, 0)
  const rewrite = "\r\u001b[2K"
  const [head, progress = ""] = lines
  assert.strictEqual(head, `${rewrite}m-1: web-1, 1 VF, from alpha to beta`)
  const shown = progress.split(rewrite).slice(1)
  assert.deepStrictEqual(
    shown.map(
      (text) =>
        timeless(text)
          .replace(/^TIME {2}/, "")
          .split(" ")[0]
    ),
    ["queued", "queued", "preflight", "pre-copy", "switchover", "completed"]
  )
})

it("watch without an id shows events, from a sequence on", async () => {
  assert.deepStrictEqual(await well("watch", "--no-follow", "--after", "0"), [
    "      1  08:00:00.000000  fleet/fleet             HostAdded               id=alpha",
    "      2  08:00:00.000005  migration/m-1           Begun                   epoch=2"
  ])
  const json = await well("watch", "m-1", "--events", "--no-follow", "--json")
  assert.deepStrictEqual(
    json.map((line) => Schema.decodeSync(Schema.parseJson(Event))(line)),
    events.slice(1)
  )
})

it("watch of the events of a migration ends with it, and as it did", async () => {
  const begun = "      2  08:00:00.000005  migration/m-1           Begun                   epoch=2"
  assert.deepStrictEqual(await well("watch", "m-1", "--events"), [begun])
  assert.strictEqual(stub.world.migration[0]?.phase, "completed")
  stub.world.migration = [failed]
  for (const [after, lines] of [
    [[], [begun]],
    [["--after", "1"], [begun]],
    [["--after", "2"], []]
  ] as const) {
    const ran = await run("watch", "m-1", "--events", ...after)
    assert.deepStrictEqual(ran, { code: 1, message: "m-1 failed: the digests of bank 2 differ", lines })
  }
  assert.strictEqual((await run("watch", "m-9", "--after", "0")).code, 2)
})

it("list shows migrations by what its options say", async () => {
  stub.world.migration = [completed, queued]
  assert.deepStrictEqual(await well("list"), [
    "migration  phase      group  VFs  from   to    queued                downtime",
    "m-1        completed  web-1    1  alpha  beta  2026-11-30T08:00:00Z   11.9 ms",
    "m-1        queued     web-1    1  alpha  beta  2026-11-30T08:00:00Z"
  ])
  await well(
    "list",
    "--live",
    "--host",
    "alpha",
    "--group",
    "web-1",
    "--evacuation",
    "e-1",
    "--after",
    "m-0",
    "--limit",
    "1"
  )
  assert.deepStrictEqual(stub.asked.at(-1)?.payload, {
    live: true,
    host: "alpha",
    group: "web-1",
    evacuation: "e-1",
    after: "m-0",
    limit: 1
  })
  const other = await run("list", "--phase", "moving")
  assert.strictEqual(other.code, 2)
  assert.include(other.message, "--phase 'moving' is no phase: use one of queued, preflight, setup")
  assert.include((await run("list", "--live", "--phase", "failed")).message, "what is failed has ended")
  assert.include((await run("list", "--limit", "501")).message, "write a number from 1 to 500")
})

it("show tells everything about a migration", async () => {
  stub.world.migration = [completed]
  assert.deepStrictEqual(await well("show", "m-1"), [
    "m-1: web-1, 1 VF, from alpha to beta",
    "  alpha/pf0/vf0  ->  beta/pf0/vf5",
    "  phase           completed",
    "  queued          2026-11-30T08:00:00Z",
    "  ended           2026-11-30T08:00:01Z",
    "  attempt         1",
    "  priority        5",
    "  downtime limit  300 ms",
    "  forecast        12.4 ms, from 8 migrations",
    "  committed       yes",
    "steps",
    "  save  2026-11-30T08:00:01Z  2 ms  3.9 KiB",
    "completed after 1.5 s; web-1 is on beta",
    "  stood still for 11.9 ms: drain 1.2 ms, stop 300 us, save 2.1 ms, transfer 900 us, load 3.0 ms, verify 800 us, commit 2.4 ms, resume 1.1 ms, other 100 us",
    "  moved 4.0 KiB of migration data"
  ])
  const unknown = await run("show", "m-9")
  assert.deepStrictEqual(
    [unknown.code, unknown.message],
    [
      2,
      "there is neither a migration nor an evacuation 'm-9'; see stopcopy list and stopcopy list --evacuations [id.unknown]"
    ]
  )
})

it("cancel ends when the cancelling has, and says if it came too late", async () => {
  stub.world.migration = [queued, { ...queued, phase: "cancelling" }, cancelled]
  const lines = await well("cancel", "m-1", "--reason", "enough")
  assert.strictEqual(lines.at(-1), "cancelled after 900 ms: somebody asked for it; web-1 is on alpha")
  assert.deepStrictEqual(stub.asked, [{ what: "cancel", payload: { reason: "enough" } }])
  stub.world.migration = [queued, queued, completed]
  const late = await run("cancel", "m-1")
  assert.deepStrictEqual([late.code, late.message], [1, "m-1 completed before it could be cancelled"])
  stub.world.migration = [queued, { ...queued, phase: "cancelling" }]
  assert.deepStrictEqual(await well("cancel", "m-1", "--no-wait"), ["m-1: cancelling"])
})

it("redirect names another destination, or leaves it to the coordinator", async () => {
  stub.world.migration = [{ ...queued, to: "gamma" }]
  assert.deepStrictEqual(await well("redirect", "m-1", "--to", "gamma/pf1/vf3", "--incoming"), [
    "m-1: web-1, 1 VF, from alpha to gamma",
    `redirected; queued, to see it: stopcopy watch m-1 --coordinator ${stub.url}`
  ])
  const [json = ""] = await well("redirect", "m-1", "--json")
  assert.deepStrictEqual(decode(json), { ...queued, to: "gamma" })
  assert.deepStrictEqual(stub.asked, [
    { what: "redirect", payload: { to: { host: "gamma", devices: ["pf1/vf3"], incoming: true } } },
    { what: "redirect", payload: {} }
  ])
  const wrong = await run("redirect", "m-1", "--incoming")
  assert.deepStrictEqual([wrong.code, wrong.message], [2, "--incoming is about a destination: name it with --to"])
  const unknown = await run("redirect", "m-9", "--to", "gamma")
  assert.deepStrictEqual([unknown.code, unknown.message.startsWith("there is no such migration")], [2, true])
})

it("resolve without a verdict shows the choice and its consequences, exit code 5", async () => {
  stub.world.migration = [inDoubt]
  const { code, lines, message } = await run("resolve", "m-1")
  assert.deepStrictEqual(
    [code, message],
    [5, "m-1 is in doubt; nothing was done: say --verdict source or --verdict destination"]
  )
  assert.deepStrictEqual(lines, [
    "m-1: web-1, 1 VF, from alpha to beta",
    "in doubt",
    "  fence at the source (pf0/vf0): alpha does not answer",
    "if the destination (beta) has the guest:",
    "  You vouch that alpha is off.",
    "  The guest runs on at beta.",
    `  to do this: stopcopy resolve m-1 --verdict destination --coordinator ${stub.url}`,
    "if the source (alpha) has the guest:",
    "  You vouch that beta is off.",
    `  to do this: stopcopy resolve m-1 --verdict source --coordinator ${stub.url}`
  ])
})

it("resolve spells the consequences out, and needs --yes without a terminal", async () => {
  stub.world.migration = [inDoubt]
  const unsure = await run("resolve", "m-1", "--verdict", "destination")
  assert.strictEqual(unsure.code, 2)
  assert.include(unsure.message, "nothing was done: who has read the consequences repeats this with --yes")
  assert.deepStrictEqual(stub.asked, [])
  const lines = await well("resolve", "m-1", "--verdict", "destination", "--yes")
  assert.include(lines, "  You vouch that alpha is off.")
  assert.deepStrictEqual(stub.asked, [
    { what: "resolve", payload: { verdict: "destination", accepting: inDoubt.resolutions[0]?.consequences } }
  ])
  const other = await run("resolve", "m-1", "--verdict", "both", "--yes")
  assert.include(other.message, "--verdict 'both' cannot be said of m-1 now: use destination or source")
})

it("who resolves at a terminal types the side", async () => {
  stub.world.migration = [inDoubt]
  const none = Option.none<string>()
  const options = { id: "m-1", verdict: Option.some("source"), yes: false, json: false }
  const connection = { coordinator: Option.some(stub.url), tokenFile: none, caFile: none, config: none }
  const answering = (typed: string) =>
    answerOf(
      Effect.provide(
        Effect.catchTags(resolve({ ...options, ...connection }), {
          Refused: Effect.die,
          Cancelled: Effect.die,
          InDoubt: Effect.die,
          Unanswered: Effect.die
        }),
        Layer.succeed(Answers, { isTerminal: true, ask: () => Effect.succeed(typed) })
      )
    )
  const other = await answering("yes")
  assert.deepStrictEqual([other.failure?._tag, other.failure?.message], ["Negative", "nothing was done"])
  assert.deepStrictEqual(stub.asked, [])
  const same = await answering("source\n")
  assert.isUndefined(same.failure)
  assert.deepStrictEqual(
    stub.asked.map(({ what }) => what),
    ["resolve"]
  )
})

it("what is not in doubt is not resolved", async () => {
  stub.world.migration = [queued]
  const running = await run("resolve", "m-1", "--verdict", "source", "--yes")
  assert.deepStrictEqual([running.code, running.message], [1, "m-1 is not in doubt, it is in queued; nothing was done"])
  stub.world.migration = [completed]
  assert.include((await run("resolve", "m-1")).message, "it has ended: completed after 1.5 s")
})
