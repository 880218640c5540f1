/** A migration in doubt: what an operator may say, what they vouch for, and that nothing else ends it. */
import { HostFailed, type HostDevice, type HostService } from "@stopcopy/agent"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { hasEnded, serveHost, startCoordinator, starting, until } from "./support/world.ts"

/** A host whose disk takes no fence. */
const withoutFences = (host: HostService): HostService => {
  const broken = (device: HostDevice): HostDevice => ({
    ...device,
    recordEpoch: (record) =>
      record.standing === "fenced"
        ? Effect.fail(new HostFailed({ device: device.facts.name, reason: "the disk is gone" }))
        : device.recordEpoch(record)
  })
  // A device is the same object at every call: that is how its sessions are found.
  const known = new Map<string, HostDevice>()
  const device: HostService["device"] = (name) =>
    Effect.map(host.device(name), (own) => {
      const one = known.get(name) ?? broken(own)
      known.set(name, one)
      return one
    })
  return { ...host, device }
}

it.scopedLive("an operator resolves it, having repeated what follows from that", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    const { client } = one
    const alpha = yield* serveHost({ name: "alpha" }, withoutFences)
    const beta = yield* serveHost({ name: "beta" })
    for (const { address, name } of [alpha, beta]) yield* client.hosts.register({ payload: { name, address } })
    const { id } = yield* client.migrations.start(starting("one in doubt", { devices: ["pf0/vf0"] }))
    const path = { id }
    const doubted = yield* until(one, id, ({ inDoubt }) => inDoubt)
    assert.isTrue(doubted.committed)
    assert.isNull(doubted.verdict)
    const [doubt] = doubted.doubts
    assert.deepStrictEqual([doubt?.step, doubt?.side, doubt?.code], ["fence", "source", "HostFailed"])
    assert.deepStrictEqual(doubted.resolutions.map(({ verdict }) => verdict).toSorted(), ["destination", "source"])

    const cancelled = yield* Effect.flip(client.migrations.cancel({ path, payload: { reason: "away with it" } }))
    assert.deepStrictEqual(
      [cancelled._tag, "code" in cancelled && cancelled.code],
      ["Conflict", "migration.cancel.committed"]
    )
    const unread = yield* Effect.flip(
      client.migrations.resolve({ path, payload: { verdict: "destination", accepting: "yes" } })
    )
    assert.deepStrictEqual([unread._tag, "code" in unread && unread.code], ["Conflict", "migration.resolve.accepting"])

    const chosen = doubted.resolutions.find(({ verdict }) => verdict === "destination")
    assert.match(chosen?.consequences ?? "", /You vouch that the devices on alpha \(source\) do not run/)
    const accepting = chosen?.consequences ?? ""
    yield* client.migrations.resolve({ path, payload: { verdict: "destination", accepting } })
    const ended = yield* until(one, id, hasEnded)
    assert.deepStrictEqual(ended.verdict, { outcome: "completed", guest: "destination", reason: "" })
    assert.deepStrictEqual([ended.inDoubt, ended.left[0]?.step], [false, "fence"])
    const late = yield* Effect.flip(client.migrations.resolve({ path, payload: { verdict: "source", accepting } }))
    assert.deepStrictEqual([late._tag, "code" in late && late.code], ["Conflict", "migration.resolve"])
    const metrics = yield* Effect.promise(() => fetch(`${one.url}/metrics`).then((response) => response.text()))
    assert.match(metrics, /^stopcopy_coordinator_migrations_ended_total\{outcome="completed"\} [1-9]/m)
    assert.notMatch(metrics, /cause="bytes"/, "times alone")
    assert.match(metrics, /^stopcopy_coordinator_downtime_seconds_bucket\{cause="drain",le="\+Inf"\} [1-9]/m)
  }).pipe(Effect.timeout("40 seconds"))
)

it.scopedLive("a migration that waits says why", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    const { client } = one
    for (const name of ["alpha", "beta"]) {
      const { address } = yield* serveHost({ name })
      yield* client.hosts.register({ payload: { name, address } })
    }
    yield* client.hosts.cordonPf({ path: { host: "beta", pf: "pf0" }, payload: { reason: "later" } })
    const refused = yield* Effect.flip(client.migrations.start(starting("one that waits", { devices: ["pf0/vf0"] })))
    assert.strictEqual(refused._tag, "Refused")
    yield* client.hosts.uncordonPf({ path: { host: "beta", pf: "pf0" } })
    const policy = yield* client.policy.get()
    yield* client.policy.put({ payload: { ...policy, limits: { fleet: 1, host: 1, pf: 1 } } })
    const first = yield* client.migrations.start(starting("the first one", { devices: ["pf0/vf0"] }))
    const second = yield* client.migrations.start(starting("the second one", { devices: ["pf0/vf1"] }))
    assert.strictEqual(second.phase, "queued")
    assert.includeMembers(
      (second.waiting ?? []).map(({ code }) => code),
      ["fleet.limit.fleet", "fleet.limit.host", "fleet.limit.pf"]
    )
    yield* until(one, first.id, hasEnded)
    yield* until(one, second.id, hasEnded)
  }).pipe(Effect.timeout("40 seconds"))
)
