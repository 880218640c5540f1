/** What the commands about hosts, VFs, evacuations and the policy print and ask for. */
import { afterAll, assert, beforeAll, beforeEach, it } from "@effect/vitest"
import { HostSummary } from "@stopcopy/coordinator-api"
import { Schema } from "effect"
import { missingFrom } from "../shown.ts"
import { serveStub, type Stub } from "./coordinator.ts"
import { hurried as stopcopy } from "./running.ts"
import { beta, cordoned, evacuated, evacuating, gencap, plan, world } from "./world.ts"

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

it("host list has a line for each host, or says how to add one", async () => {
  const lines = await well("host", "list")
  assert.deepStrictEqual(lines, [
    "host   health       PFs  VFs  address               cordon",
    "alpha  reachable      1    2  http://10.0.0.1:7701  -",
    "beta   unreachable    0    0  unix:/run/beta.sock   since 2026-11-30T08:00:00Z by e-1: new kernel",
    "beta is unreachable since 2026-11-30T08:00:00Z: connection refused"
  ])
  assert.deepStrictEqual(missingFrom("Operating a fleet", await everyLine()), [])
  stub.world.hosts = []
  assert.deepStrictEqual(await well("host", "list"), ["there is no host; add one: stopcopy host add NAME ADDRESS"])
})

/** What the README shows of these commands and of those about migrations. */
const everyLine = async (): Promise<ReadonlyArray<string>> => {
  const commands = [
    ["host", "list"],
    ["vf", "list", "alpha"],
    ["vf", "placements", "alpha/pf0/vf0"],
    ["evacuate", "alpha"],
    ["migrate", "alpha/pf0/vf0", "--to", "beta"]
  ]
  const all: Array<string> = []
  for (const command of commands) {
    const { lines, message } = await run(...command)
    all.push(...lines, `stopcopy: ${message}`)
  }
  return all
}

it("--json gives an object of the API for each host", async () => {
  const lines = await well("host", "list", "--json")
  const hosts = lines.map((line) => Schema.decodeSync(Schema.parseJson(HostSummary))(line))
  assert.deepStrictEqual(
    hosts.map(({ name, vfs }) => [name, vfs]),
    [
      ["alpha", 2],
      ["beta", 0]
    ]
  )
  assert.deepStrictEqual(await well("host", "remove", "alpha", "--json"), ['{"removed":"alpha"}'])
})

it("a host is added, shown and removed", async () => {
  const shown = [
    "alpha",
    "  address    http://10.0.0.1:7701",
    "  health     reachable since 2026-11-30T08:00:00Z",
    "  cordon     -",
    "  described  2026-11-30T08:00:00Z",
    "PF         kind  VFs  in use  capabilities  services  SLAs  cordon",
    "alpha/pf0  4xxx    2       1     0x1000021     0x249   off  -"
  ]
  assert.deepStrictEqual(await well("host", "add", "alpha", "http://10.0.0.1:7701"), shown)
  assert.deepStrictEqual(await well("host", "show", "alpha"), shown)
  assert.include(
    await well("host", "show", "beta"),
    "  health     unreachable since 2026-11-30T08:00:00Z: connection refused"
  )
  assert.deepStrictEqual(await well("host", "remove", "alpha"), ["alpha is forgotten; its devices run on"])
  assert.deepStrictEqual(stub.asked, [
    { what: "register", payload: { name: "alpha", address: "http://10.0.0.1:7701" } },
    { what: "remove", payload: {} }
  ])
})

it("hosts and PFs are cordoned and uncordoned", async () => {
  const [line] = await well("host", "cordon", "beta", "--reason", "new kernel")
  assert.strictEqual(line, "beta takes no new guests: since 2026-11-30T08:00:00Z by e-1: new kernel")
  await well("host", "cordon", "alpha/pf0")
  assert.deepStrictEqual(await well("host", "uncordon", "alpha/pf0"), ["alpha/pf0 takes guests again"])
  await well("host", "uncordon", beta.name)
  assert.deepStrictEqual(stub.asked, [
    { what: "cordon", payload: { reason: "new kernel" } },
    { what: "cordonPf", payload: { reason: "", pf: "pf0" } },
    { what: "uncordonPf", payload: { pf: "pf0" } },
    { what: "uncordon", payload: {} }
  ])
})

it("VFs are listed, by place and state, and shown", async () => {
  const [head, busy, idle] = await well("vf", "list", "alpha/pf0")
  assert.strictEqual(head, "VF             state     guest     type      epoch   group  migration")
  assert.strictEqual(busy, "alpha/pf0/vf0  PRE_COPY  attached  qat-gen4  1 held  web-1  m-1")
  assert.strictEqual(idle, "alpha/pf0/vf1  RUNNING   bound     qat-gen4  1 held  -      -")
  assert.deepStrictEqual(await well("vf", "list", "--state", "STOP"), ["no VF matches"])
  assert.include(await well("vf", "show", "alpha/pf0/vf1"), "  mailbox version  not announced")
  for (const [args, message] of [
    [["vf", "show", "alpha/pf9/vf1"], "alpha has no VF 'pf9/vf1': see stopcopy vf list alpha"],
    [["vf", "list", "--state", "STOPPED"], "--state 'STOPPED' is no state: use one of ERROR, STOP, RUNNING"]
  ] as const) {
    const ran = await run(...args)
    assert.deepStrictEqual([ran.code, ran.lines], [2, []])
    assert.include(ran.message, message)
  }
})

const blockerLines = [
  "  1. the destination must have every bit of the source",
  "     where        pf0 gencap",
  "     source       0x1000021",
  "     destination  0x21",
  "     remedy       choose a PF with AES-GCM",
  "     code         qat.gencap.superset",
  "  2. a host that is cordoned takes no guest",
  "     where        beta",
  "     source       a guest",
  "     destination  cordoned",
  "     remedy       uncordon it, or choose another host",
  "     code         fleet.host.cordoned"
]

it("vf placements names every reason of every host; exit code 3 where nothing fits", async () => {
  const lines = await well("vf", "placements", "alpha/pf0/vf0")
  assert.deepStrictEqual(lines, ["beta: does not fit, 2 reasons", ...blockerLines, "gamma: fits, to pf1/vf3"])
  stub.world.placements = [{ host: "beta", devices: [], blockers: [gencap, cordoned] }]
  const refused = await run("vf", "placements", "alpha/pf0/vf0")
  assert.deepStrictEqual([refused.code, refused.message], [3, "alpha/pf0/vf0: no other host takes it now"])
})

it("groups are defined, listed and forgotten", async () => {
  const members = ["alpha/pf0/vf0", "alpha/pf0/vf1"]
  assert.deepStrictEqual(await well("vf", "group", "web-2", ...members), [`web-2  ${members.join(" ")}`])
  assert.deepStrictEqual(stub.asked, [{ what: "define", payload: { host: "alpha", devices: ["pf0/vf0", "pf0/vf1"] } }])
  assert.deepStrictEqual(await well("vf", "groups"), ["group  VFs", "web-1  alpha/pf0/vf0"])
  assert.deepStrictEqual(await well("vf", "ungroup", "web-1"), [
    "web-1 is no group any more; its VFs are groups of their own"
  ])
})

const planLines = [
  "alpha: 1 group would move, 1 refused, 1 will stop",
  "  web-1  ->  gamma  pf1/vf3",
  "refused, they fit nowhere: 1",
  "  old-1",
  ...blockerLines.slice(0, 6).map((line) => `  ${line}`),
  "will stop, nothing that they fit is free now: 1",
  "  big-1",
  ...blockerLines.slice(6).map((line) => `  ${line.replace("2.", "1.")}`),
  "leaving already: m-7"
]

it("evacuate shows the plan and does nothing; exit code 3 where something would stay", async () => {
  const { code, lines, message } = await run("evacuate", "alpha")
  assert.deepStrictEqual(lines, [
    ...planLines,
    `nothing was done yet; to do it: stopcopy evacuate alpha --yes --coordinator ${stub.url}`
  ])
  assert.deepStrictEqual([code, message], [3, "alpha would not be empty: 1 refused, 1 will stop"])
  assert.deepStrictEqual(stub.asked, [])
  stub.world.plan = { ...plan, pf: "pf0", refused: [], willStop: [], leaving: [] }
  const [first] = await well("evacuate", "alpha/pf0")
  assert.strictEqual(first, "alpha/pf0: 1 group would move, 0 refused, 0 will stop")
})

it("evacuate --yes shows the plan, carries it out once, and ends with it", async () => {
  const lines = await well("evacuate", "alpha", "--yes", "--priority", "7", "--key", "night-shift-1")
  assert.deepStrictEqual(lines.slice(0, planLines.length), planLines)
  const [head, progress = "", end] = lines.slice(planLines.length)
  assert.strictEqual(head, "e-1: evacuation of alpha")
  assert.match(progress, /^ *\d.* {2}1 of 3 moved; 2\.1 s left, 4\.0 s at worst$/)
  assert.strictEqual(end, "finished after 4.2 s: 3 of 3 moved")
  assert.deepStrictEqual(stub.asked, [
    { what: "evacuate", payload: { host: "alpha", priority: 7 }, key: "night-shift-1" }
  ])
})

it("an evacuation that leaves something behind ends with 1, one that is cancelled with 4", async () => {
  stub.world.evacuation = [evacuating, { ...evacuated, completed: 2, failed: 1, willStop: 1 }]
  const partial = await run("evacuate", "alpha", "--yes")
  assert.strictEqual(partial.code, 1)
  assert.strictEqual(
    partial.message,
    "alpha is not empty: finished after 4.2 s: 2 of 3 moved, 1 failed; 1 left on alpha"
  )
  stub.world.evacuation = [evacuating, { ...evacuated, state: "cancelled", completed: 1, cancelled: 2 }]
  const cancelled = await run("watch", "e-1")
  assert.deepStrictEqual([cancelled.code, cancelled.message], [4, "e-1 was cancelled; what has moved stays moved"])
})

it("an evacuation is listed, shown, cancelled, and begun without waiting", async () => {
  assert.deepStrictEqual(await well("evacuate", "alpha", "--yes", "--no-wait"), [...planLines, "e-1: begun"])
  assert.deepStrictEqual(await well("list", "--evacuations"), [
    "evacuation  of     state    moved  started",
    "e-1         alpha  running    1/3  2026-11-30T08:00:00Z"
  ])
  stub.world.evacuation = [{ ...evacuated, staying: [{ group: "old-1", blockers: [gencap] }] }]
  assert.include(await well("show", "e-1"), "finished after 4.2 s: 3 of 3 moved")
  stub.world.evacuation = [evacuating, evacuating, { ...evacuated, state: "cancelled", completed: 1, cancelled: 2 }]
  assert.strictEqual((await well("cancel", "e-1")).at(-1), "cancelled after 4.2 s: 1 of 3 moved, 2 cancelled")
})

it("the policy is shown and set by names; what is not named stays", async () => {
  const lines = await well("policy", "get")
  assert.deepStrictEqual(
    [lines.length, lines[1], lines.at(-1)],
    [12, "limits.host                  4", "breaker.maxPauseMillis  600000"]
  )
  const after = await well("policy", "set", "limits.host=8", "retry.jitter=0.25")
  assert.include(after, "limits.host                  8")
  assert.deepStrictEqual(stub.world.policy, {
    ...world().policy,
    limits: { fleet: 16, host: 8, pf: 2 },
    retry: { ...world().policy.retry, jitter: 0.25 }
  })
})

it("every mistake in a policy is named at once, and nothing is changed", async () => {
  const names = await run(
    "policy",
    "set",
    "limits.hosts=8",
    "fleet",
    "retry.attempts=many",
    "limits.pf=1",
    "limits.pf=2"
  )
  assert.deepStrictEqual([names.code, names.message.split("\n").length], [2, 4])
  const values = await run("policy", "set", "limits.host=0", "retry.jitter=2")
  assert.strictEqual(values.code, 2)
  assert.strictEqual(
    values.message,
    "limits.host: write a whole number from 1 to 4096\nretry.jitter: write a number from 0 to 1"
  )
  const refused = await run("policy", "set", "retry.attempts=99")
  assert.deepStrictEqual([refused.code, refused.message], [3, "99 are too many [policy.attempts]"])
  assert.deepStrictEqual(stub.world.policy, world().policy)
})
