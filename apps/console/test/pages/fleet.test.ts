/** The fleet as rows, what a dialog asks for, an evacuation in words. */
import { assert, describe, it } from "@effect/vitest"
import type { Evacuation, HostSummary, PfSummary, Vf } from "@stopcopy/coordinator-api"
import { doneOf, leftText, tallyText } from "../../src/pages/fleet/evacuationText.ts"
import { type Choice, groupOf, mistakeOf, preflightOf, requestOf } from "../../src/pages/fleet/request.ts"
import { fleetRows, keyOfRow } from "../../src/pages/fleet/rows.ts"

const host = (name: string): HostSummary => ({
  name,
  address: "unix:a",
  health: { state: "reachable", sinceAt: 0, reason: "" },
  cordon: null,
  describedAt: 0,
  pfs: 1,
  vfs: 1
})
const capabilities = { gencap: 0, svcmap: 0, extdc: 0, rateLimiting: false, slas: [] }
const pf = (on: string, name: string): PfSummary => ({
  host: on,
  name,
  deviceId: 0x4940,
  deviceKind: "4xxx",
  capabilities,
  cordon: null,
  vfs: 1
})
const vf = (on: string, name: string, over: Partial<Vf> = {}): Vf => ({
  host: on,
  pf: "pf0",
  name,
  vfNumber: 0,
  socketPath: "a.sock",
  deviceType: "qat-gen4",
  deviceId: 0x4941,
  mode: "safe",
  migrationFlags: 7,
  state: "RUNNING",
  lifecycle: "open",
  attached: false,
  epoch: 0,
  standing: "held",
  digest: null,
  group: null,
  migration: null,
  ...over
})

describe("rows", () => {
  const known = {
    hosts: [host("alpha"), host("beta"), host("empty")],
    pfs: [pf("alpha", "pf0"), pf("beta", "pf0")],
    vfs: [vf("alpha", "pf0/vf0", { group: "web-1" }), vf("alpha", "pf0/vf1", { state: "STOP" }), vf("beta", "pf0/vf0")]
  }
  const keys = (text: string, state = "") => fleetRows(known, { text, state }).map(keyOfRow)

  it("without a filter have everything, each below what it is of", () => {
    assert.deepStrictEqual(keys(""), [
      "host alpha",
      "pf alpha pf0",
      "vf alpha pf0/vf0",
      "vf alpha pf0/vf1",
      "host beta",
      "pf beta pf0",
      "vf beta pf0/vf0",
      "host empty"
    ])
  })

  it("with one have what fits, and what that is of", () => {
    assert.deepStrictEqual(keys("web"), ["host alpha", "pf alpha pf0", "vf alpha pf0/vf0"])
    assert.deepStrictEqual(keys("", "STOP"), ["host alpha", "pf alpha pf0", "vf alpha pf0/vf1"])
    assert.deepStrictEqual(keys("beta/pf0/vf0"), ["host beta", "pf beta pf0", "vf beta pf0/vf0"])
    assert.deepStrictEqual(keys("nothing"), [])
  })
})

describe("a request", () => {
  const choice: Choice = {
    from: "alpha",
    devices: ["pf0/vf0"],
    to: "",
    targets: [""],
    limit: "",
    wait: "",
    priority: 5
  }

  it("says no more than somebody chose", () => {
    assert.deepStrictEqual(preflightOf(choice), { from: "alpha", devices: ["pf0/vf0"] })
    assert.deepStrictEqual(preflightOf({ ...choice, to: "beta" }), {
      from: "alpha",
      devices: ["pf0/vf0"],
      to: { host: "beta", incoming: false }
    })
    assert.deepStrictEqual(
      requestOf({ ...choice, to: "beta", targets: ["pf0/vf3"], limit: "250", wait: "1000", priority: 9 }),
      {
        from: "alpha",
        devices: ["pf0/vf0"],
        to: { host: "beta", devices: ["pf0/vf3"], incoming: false },
        priority: 9,
        whenOver: { _tag: "Wait", millis: 1000 },
        downtimeLimitMillis: 250
      }
    )
    assert.deepStrictEqual(requestOf(choice).whenOver, { _tag: "Abort" })
  })

  it("that makes no sense says why", () => {
    assert.isUndefined(mistakeOf({ ...choice, limit: "300" }))
    for (const limit of ["0", "-1", "1.5", "1e9", "soon", "604800001"]) {
      assert.include(mistakeOf({ ...choice, limit }), `'${limit}'`)
    }
    const two = { ...choice, devices: ["a/vf0", "a/vf1"] as const }
    assert.include(mistakeOf({ ...two, targets: ["b/vf0", ""] }), "for each device")
    assert.include(mistakeOf({ ...two, targets: ["b/vf0", "b/vf0"] }), "twice")
  })

  it("is for all VFs of the group", () => {
    const web = { group: "web-1" }
    const vfs = [
      vf("alpha", "pf0/vf0", web),
      vf("alpha", "pf0/vf1", web),
      vf("beta", "pf0/vf2", web),
      vf("alpha", "pf0/vf3")
    ]
    assert.deepStrictEqual(groupOf(vfs, vf("alpha", "pf0/vf1", web)), ["pf0/vf1", "pf0/vf0"])
    assert.deepStrictEqual(groupOf(vfs, vf("alpha", "pf0/vf3")), ["pf0/vf3"])
  })
})

it("an evacuation says what became of its groups, and how long it will take", () => {
  const evacuation: Evacuation = {
    id: "e-1",
    host: "alpha",
    pf: null,
    state: "running",
    startedAt: 0,
    endedAt: null,
    moves: 5,
    completed: 2,
    failed: 1,
    cancelled: 0,
    turnedDown: 0,
    refused: 1,
    willStop: 0,
    idle: 0,
    staying: [],
    left: null
  }
  assert.strictEqual(doneOf(evacuation), 3)
  assert.strictEqual(tallyText(evacuation), "2 completed, 1 failed, 1 can move nowhere")
  assert.include(leftText(evacuation), "not known")
  assert.strictEqual(
    leftText({ ...evacuation, left: { p50Millis: 1200, p99Millis: 4000, samples: 9 } }),
    "about 1.2 s left, at most 4.0 s in 99 of 100 cases"
  )
})
