/** A coordinator at work: hosts, migrations from the question to the verdict, evacuations. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import {
  hangingDrain,
  hasEnded,
  pair,
  type Served,
  serveHost,
  startCoordinator,
  starting,
  until
} from "./support/world.ts"

const devices = ["pf0/vf0"] as const

const vf = ({ devices: all }: Served, name = "pf0/vf0") => Option.getOrThrow(Option.fromNullable(all.get(name)))
const stateOf = (side: Served, name?: string) => vf(side, name).getState

describe("a migration", () => {
  it.scopedLive("is asked for, started, and has its verdict", () =>
    Effect.gen(function* () {
      const one = yield* startCoordinator()
      const { alpha, beta } = yield* pair(one)
      const { client } = one
      const check = yield* client.preflight.check({ payload: { from: "alpha", devices } })
      assert.deepStrictEqual([check.fits, check.blockers, check.to], [true, [], "beta"])

      const started = yield* client.migrations.start(starting("a whole one", { devices, group: "vm1" }))
      const { id } = started
      const ended = yield* until(one, id, hasEnded)
      assert.deepStrictEqual(ended.verdict, { outcome: "completed", guest: "destination", reason: "" })
      assert.deepStrictEqual([ended.phase, ended.committed, ended.attempt, ended.group], ["completed", true, 1, "vm1"])
      assert.deepStrictEqual(ended.moves, [{ source: "pf0/vf0", destination: "pf0/vf0" }])
      assert.isAbove(ended.bytes, 0)
      const { whole = 0, other = 0, ...parts } = ended.downtime ?? {}
      assert.strictEqual(whole, other + Object.values(parts).reduce((sum, part) => sum + part, 0))
      assert.strictEqual(ended.downtimeMicros, whole)
      assert.includeMembers(
        ended.steps.map(({ step }) => step),
        ["drain", "stop", "verify", "commit", "run", "retire"]
      )

      assert.deepStrictEqual([yield* stateOf(alpha), yield* stateOf(beta)], ["STOP", "RUNNING"])
      const listed = yield* client.migrations.list({ urlParams: { limit: 10, live: false } })
      assert.deepStrictEqual([listed.migrations.map((summary) => summary.id), listed.next], [[id], null])
      // The guest goes by the name of its VF: that is the group, whoever names it.
      const summary = yield* client.summary.show()
      assert.deepStrictEqual([summary.downtimes?.samples, summary.downtimes?.mostMicros], [1, whole])
      const back = yield* client.migrations.start(starting("the way back", { from: "beta", devices }))
      assert.strictEqual(back.group, "vm1")
      assert.strictEqual((yield* until(one, back.id, hasEnded)).phase, "completed")
      assert.deepStrictEqual([yield* stateOf(alpha), yield* stateOf(beta)], ["RUNNING", "STOP"])
      const late = yield* Effect.flip(client.migrations.cancel({ path: { id }, payload: { reason: "too late" } }))
      assert.deepStrictEqual(late._tag === "Conflict" ? late.code : late, "fleet.migration.finished")
    }).pipe(Effect.timeout("30 seconds"))
  )

  it.scopedLive("that fits nowhere is refused with every reason, and begins nothing", () =>
    Effect.gen(function* () {
      const one = yield* startCoordinator()
      const alpha = yield* serveHost({ name: "alpha", capabilities: 0x7 })
      const beta = yield* serveHost({ name: "beta", capabilities: 0x3 })
      for (const { address, name } of [alpha, beta]) yield* one.client.hosts.register({ payload: { name, address } })
      const check = yield* one.client.preflight.check({ payload: { from: "alpha", devices } })
      assert.isFalse(check.fits)
      const before = yield* one.journal.head()
      const refused = yield* Effect.flip(one.client.migrations.start(starting("one refused", { devices })))
      assert.strictEqual(refused._tag, "Refused")
      if (refused._tag !== "Refused") return
      assert.deepStrictEqual(refused.refusals, check.blockers)
      const [refusal] = refused.refusals
      assert.deepStrictEqual(
        [refusal?.code, refusal?.source, refusal?.destination],
        ["mstate.gencap.superset", "0x7", "0x3"]
      )
      assert.notStrictEqual(refusal?.remedy, "")
      assert.deepStrictEqual(yield* one.journal.head(), before)
    }).pipe(Effect.timeout("20 seconds"))
  )

  it.scopedLive("whose drain hangs is cancelled, and the guest goes on at the source", () =>
    Effect.gen(function* () {
      const one = yield* startCoordinator()
      const { alpha, beta } = yield* pair(one)
      const met = yield* hangingDrain(alpha)
      const { id } = yield* one.client.migrations.start(starting("one cancelled", { devices }))
      yield* met
      const cancelled = yield* one.client.migrations.cancel({ path: { id }, payload: { reason: "not today" } })
      assert.include(["cancelling", "cancelled"], cancelled.phase)
      yield* Effect.orDie(vf(alpha).reset)
      const ended = yield* until(one, id, hasEnded)
      assert.deepStrictEqual(ended.verdict, {
        outcome: "cancelled",
        guest: "source",
        reason: "not today"
      })
      assert.deepStrictEqual([yield* stateOf(alpha), yield* stateOf(beta)], ["RUNNING", "STOP"])
    }).pipe(Effect.timeout("30 seconds"))
  )
})

it.scopedLive("an evacuation moves what it can, and names what stays", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    const { client } = one
    yield* pair(one)
    // A busy machine is slower than the policy's own limit.
    yield* client.policy.put({ payload: { ...(yield* client.policy.get()), downtimeLimitMillis: 60_000 } })
    const nothing = yield* client.evacuations.plan({ payload: { host: "alpha" } })
    assert.deepStrictEqual(
      [nothing.moves, nothing.idle],
      [[], ["pf0/vf0", "pf0/vf1"]],
      "nobody has said whose they are"
    )
    for (const [name, device] of [
      ["vm1", "pf0/vf0"],
      ["vm2", "pf0/vf1"]
    ] as const) {
      yield* client.groups.define({ path: { group: name }, payload: { host: "alpha", devices: [device] } })
    }
    const plan = yield* client.evacuations.plan({ payload: { host: "alpha" } })
    assert.deepStrictEqual(
      [plan.moves.map(({ group }) => group).toSorted(), plan.refused, plan.willStop, plan.idle],
      [["vm1", "vm2"], [], [], []]
    )
    const { headers } = starting("an evacuation", {})
    const started = yield* client.evacuations.start({ headers, payload: { host: "alpha", priority: 9 } })
    assert.deepStrictEqual([started.state, started.moves], ["running", 2])
    for (const number of [1, 2]) {
      const moved = yield* until(one, `${started.id}/${number}`, hasEnded)
      assert.strictEqual(moved.verdict?.reason, "")
    }
    const ended = yield* client.evacuations.show({ path: { id: started.id } })
    assert.deepStrictEqual([ended.state, ended.completed, ended.failed, ended.left], ["finished", 2, 0, null])
    const { migrations } = yield* client.migrations.list({ urlParams: { limit: 1, evacuation: started.id } })
    assert.lengthOf(migrations, 1)
    const host = yield* client.hosts.describe({ path: { host: "alpha" } })
    assert.strictEqual(host.cordon?.evacuation, started.id)
    const groups = yield* client.groups.list()
    assert.deepStrictEqual(
      groups.map((group) => group.host),
      ["beta", "beta"]
    )
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("hosts, groups and the policy are what they are told to be", () =>
  Effect.gen(function* () {
    const first = yield* startCoordinator()
    const { client } = first
    yield* pair(first)
    yield* client.groups.define({
      path: { group: "rack/vm:1" },
      payload: { host: "alpha", devices: ["pf0/vf0", "pf0/vf1"] }
    })
    const policy = { ...(yield* client.policy.get()), downtimeLimitMillis: 123 }
    yield* client.policy.put({ payload: policy })
    yield* client.hosts.cordonPf({ path: { host: "beta", pf: "pf0" }, payload: { reason: "a new cable" } })
    const vfs = yield* client.vfs.list({ urlParams: { host: "alpha" } })
    assert.deepStrictEqual(
      vfs.map(({ group, name }) => [name, group]),
      [
        ["pf0/vf0", "rack/vm:1"],
        ["pf0/vf1", "rack/vm:1"]
      ]
    )
    const [placement] = yield* client.vfs.placements({ urlParams: { host: "alpha", device: ["pf0/vf0"] } })
    assert.deepStrictEqual([placement?.host, placement?.devices], ["beta", []])
    assert.isNotEmpty(placement?.blockers)
    const rows = yield* client.vfs.compatibility({ urlParams: { host: "alpha" } })
    assert.deepStrictEqual(
      rows.map(({ devices, group, placements }) => [group, devices.length, placements.map(({ host }) => host)]),
      [["rack/vm:1", 2, ["beta"]]]
    )
    const pfs = yield* client.hosts.pfs()
    assert.deepStrictEqual(
      pfs.map(({ cordon, host, vfs }) => [host, vfs, cordon?.reason ?? null]),
      [
        ["alpha", 2, null],
        ["beta", 2, "a new cable"]
      ]
    )
    yield* client.groups.remove({ path: { group: "rack/vm:1" } })
    yield* client.hosts.remove({ path: { host: "alpha" } })
    const [host] = yield* client.hosts.list()
    assert.deepStrictEqual([host?.name, (yield* client.policy.get()).downtimeLimitMillis], ["beta", 123])
    const uncordoned = yield* client.hosts.uncordonPf({ path: { host: "beta", pf: "pf0" } })
    assert.isNull(uncordoned.pfs[0]?.cordon)
    assert.strictEqual((yield* client.hosts.health({ path: { host: "beta" } })).state, "reachable")
  }).pipe(Effect.timeout("20 seconds"))
)

it.scopedLive("a migration that waits goes elsewhere when it is told to, and keeps its place", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    const { client } = one
    const { alpha } = yield* pair(one)
    const gamma = yield* serveHost({ name: "gamma" })
    yield* client.hosts.register({ payload: { name: "gamma", address: gamma.address } })
    const policy = yield* client.policy.get()
    // The one that is held up ends with its only attempt.
    const retry = { ...policy.retry, attempts: 1 }
    yield* client.policy.put({ payload: { ...policy, limits: { fleet: 1, host: 1, pf: 1 }, retry } })
    const met = yield* hangingDrain(alpha)
    const first = yield* client.migrations.start(
      starting("the one before", { devices, to: { host: "beta", incoming: false } })
    )
    yield* met
    const to = (host: string) => ({ host, incoming: false })
    const waits = yield* client.migrations.start(
      starting("one to be redirected", { devices: ["pf0/vf1"], to: to("beta") })
    )
    const path = { id: waits.id }
    yield* client.hosts.cordon({ path: { host: "beta" }, payload: { reason: "a new cable" } })
    const moved = yield* client.migrations.redirect({ path, payload: { to: to("gamma") } })
    assert.deepStrictEqual([moved.to, moved.phase, moved.queuedAt], ["gamma", "queued", waits.queuedAt])
    const same = yield* Effect.flip(client.migrations.redirect({ path, payload: { to: to("alpha") } }))
    assert.deepStrictEqual([same._tag, "code" in same && same.code], ["InvalidRequest", "fleet.host.same"])
    const running = yield* Effect.flip(client.migrations.redirect({ path: { id: first.id }, payload: {} }))
    assert.deepStrictEqual([running._tag, "code" in running && running.code], ["Conflict", "fleet.migration.running"])
    yield* Effect.orDie(vf(alpha).reset)
    yield* until(one, first.id, hasEnded)
    const ended = yield* until(one, waits.id, hasEnded)
    assert.deepStrictEqual([ended.phase, ended.to], ["completed", "gamma"])
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("a guest that would stand still for too long is left where it is, with the forecast and what helps", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    const { alpha } = yield* pair(one)
    const policy = yield* one.client.policy.get()
    yield* one.client.policy.put({ payload: { ...policy, retry: { ...policy.retry, attempts: 1 } } })
    const first = yield* one.client.migrations.start(starting("one to learn from", { devices }))
    assert.strictEqual((yield* until(one, first.id, hasEnded)).phase, "completed")
    const { id } = yield* one.client.migrations.start(
      starting("one with a limit", { devices: ["pf0/vf1"], downtimeLimitMillis: 1 })
    )
    const ended = yield* until(one, id, hasEnded)
    assert.deepStrictEqual([ended.phase, ended.verdict?.guest, ended.committed], ["failed", "source", false])
    assert.match(
      ended.cause ?? "",
      /would stand still for [0-9]+ ms by the forecast from 1 migrations of this fleet, and 1 ms are allowed; allow more with/
    )
    assert.strictEqual(yield* stateOf(alpha, "pf0/vf1"), "RUNNING")
  }).pipe(Effect.timeout("30 seconds"))
)
