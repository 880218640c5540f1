/** Every command once as it should be, through all schemas, and every wrong one with its own refusal. */
import { assert, describe, it } from "@effect/vitest"
import { behavior, decide, defaultPolicy, type FleetCommand, initial, startable } from "@stopcopy/fleet"
import { given } from "@stopcopy/runtime/testing"
import { Either } from "effect"
import { after, allFlags, busy, completed, end, failed, hostCommands, pf, sla, submit, twoHosts } from "./support.ts"

const rates = { rateLimiting: true, slas: [sla(0), sla(1)] }

/** A day of a fleet: each command is accepted. */
const day: ReadonlyArray<FleetCommand> = [
  { _tag: "SetPolicy", policy: { ...defaultPolicy, limits: { fleet: 8, host: 4, pf: 3 } } },
  ...hostCommands("alpha", pf("pf0", { ...rates, attached: busy }), pf("pf1", { attached: busy })),
  ...hostCommands("beta", pf("pf0", rates), pf("pf1")),
  { _tag: "DefineGroup", group: "vm", host: "alpha", devices: ["pf1/vf0", "pf1/vf1"] },
  { _tag: "Cordon", host: "beta", pf: "pf1", reason: "a fan", at: 1 },
  { _tag: "Uncordon", host: "beta", pf: "pf1" },
  { _tag: "Cordon", host: "beta", pf: null, reason: "a disk", at: 2 },
  { _tag: "Uncordon", host: "beta", pf: null },
  submit(0, { at: 3 }),
  submit(1, { group: "vm", devices: null, at: 3 }),
  { _tag: "Schedule", at: 4 },
  end("m0", failed(), { at: 5, random: 0.5 }),
  end("m1", completed(), { at: 6 }),
  { _tag: "Schedule", at: 5000 },
  { _tag: "Cancel", migration: "m0", reason: "not today", at: 5001 },
  end("m0", { _tag: "Cancelled", reason: "not today" }, { attempt: 2, at: 5002 }),
  { _tag: "NoteDevice", host: "beta", change: deviceChange("pf1/vf3") },
  { _tag: "Evacuate", evacuation: "e1", host: "alpha", pf: "pf0", priority: 9, at: 6000 },
  { _tag: "Schedule", at: 6001 },
  { _tag: "CancelEvacuation", evacuation: "e1", at: 6002 },
  end(
    "e1/1",
    { _tag: "Refused", refusals: [{ code: "x", rule: "", where: "", source: "", destination: "", remedy: "" }] },
    { at: 6003 }
  ),
  { _tag: "NoteHealth", host: "beta", reachable: false, reason: "no route", at: 7000 },
  { _tag: "RemoveGroup", group: "vm" }
]

function deviceChange(name: string) {
  return {
    name,
    state: "STOP" as const,
    lifecycle: "open" as const,
    attached: true,
    epoch: 3,
    standing: "held" as const,
    digest: null
  }
}

describe("Fleet", () => {
  it("takes a day, every state, command and event through its schema", () => {
    const kit = given(behavior)
    const [first, ...rest] = day
    assert.isDefined(first)
    if (first === undefined) return
    const tags = new Set<string>()
    let outcome = kit.when(first)
    for (const command of rest) {
      for (const { _tag } of outcome.events) tags.add(_tag)
      assert.isTrue(Either.isRight(outcome.answer), JSON.stringify(outcome.answer))
      outcome = outcome.when(command)
    }
    assert.isTrue(Either.isRight(outcome.answer))
    assert.includeMembers(
      [...tags],
      ["RetryDue", "CancelRequested", "EvacuationCancelled", "PairRecovered", "DeviceNoted"]
    )
    const { evacuations, finished, groups } = outcome.state
    // Of the evacuation e1/1 was refused, e1/2 and e1/3 still run and are asked to end.
    assert.deepStrictEqual(
      evacuations.map(({ cancelled, id, moves, turnedDown }) => [id, moves, cancelled, turnedDown]),
      [["e1", 4, 1, 1]]
    )
    assert.deepStrictEqual(
      finished.map(({ id, outcome }) => [id, outcome]),
      [
        ["m1", "completed"],
        ["m0", "cancelled"],
        ["e1/4", "cancelled"],
        ["e1/1", "refused"]
      ]
    )
    assert.deepStrictEqual([...groups], [])
  })

  it("says nothing twice: what is so already is no event", () => {
    const again: ReadonlyArray<FleetCommand> = [
      ...hostCommands("alpha", pf("pf0", { attached: busy })),
      { _tag: "Uncordon", host: "alpha", pf: null },
      {
        _tag: "NoteDevice",
        host: "beta",
        change: { ...deviceChange("pf0/vf0"), state: "RUNNING", attached: false, epoch: 0 }
      },
      { _tag: "Schedule", at: 0 }
    ]
    for (const command of again) assert.deepStrictEqual(decide(twoHosts, command).events, [])
  })

  it("keeps since when a host does not answer", () => {
    const gone = (at: number): FleetCommand => ({
      _tag: "NoteHealth",
      host: "beta",
      reachable: false,
      reason: "timeout",
      at
    })
    assert.deepStrictEqual(after(twoHosts, gone(7), gone(9)).hosts[1]?.health, {
      state: "unreachable",
      since: 7,
      reason: "timeout"
    })
  })

  it("moves the group with its VM, and frees the VFs when the agents say so", () => {
    const moved = after(twoHosts, submit(2), { _tag: "Schedule", at: 1 }, end("m2", completed(), { at: 9 }))
    assert.deepStrictEqual(moved.groups, [{ id: "vm2", host: "beta", devices: ["pf0/vf0"] }])
    assert.deepStrictEqual([moved.reserved, moved.migrations, moved.load, moved.running], [[], [], [], 0])
    const back = submit(2, {
      migration: "back",
      from: "beta",
      devices: null,
      to: { host: "alpha", devices: ["pf0/vf2"], incoming: false }
    })
    assert.strictEqual(codesOf(moved, back), "unplaceable fleet.vf.attached")
    const freed: FleetCommand = {
      _tag: "NoteDevice",
      host: "alpha",
      change: { ...deviceChange("pf0/vf2"), attached: false }
    }
    assert.deepStrictEqual(startable(after(moved, freed, back), 10), ["back"])
  })
})

/** Kind and codes of a refusal; checks that nothing happened. */
const codesOf = (state: typeof initial, command: FleetCommand): string => {
  const { answer, events } = decide(state, command)
  assert.deepStrictEqual(events, [])
  const { kind, refusals } = Either.getOrThrow(Either.flip(answer))
  for (const { remedy, rule, where } of refusals) assert.notInclude([remedy, rule, where], "")
  return `${kind} ${refusals.map(({ code }) => code).join(" ")}`
}

const to = (...devices: ReadonlyArray<string>) => ({ host: "beta", devices, incoming: false })
const queued = after(twoHosts, submit(0, { to: to("pf0/vf0") }))
const policyWith = (more: Partial<typeof defaultPolicy>): FleetCommand => ({
  _tag: "SetPolicy",
  policy: { ...defaultPolicy, ...more }
})
const evacuate = { _tag: "Evacuate", evacuation: "e", host: "alpha", pf: null, priority: 5, at: 0 } as const
const register = { _tag: "RegisterHost", host: "gamma", address: "/run/g.sock", at: 0 } as const
const describeBeta = { _tag: "DescribeHost", host: "beta", name: "beta", pfs: [], at: 0 } as const
const group = { _tag: "DefineGroup", group: "vm", host: "alpha", devices: ["pf0/vf0"] } as const
const named = after(twoHosts, group)
const weak = { pfs: [pf("pf0", { attached: busy, device: { migrationFlags: allFlags - 2 } })] }
const alike = {
  gencap: 0b011,
  svcmap: 1,
  device: { deviceType: "nvme", mode: "kernel" as const, deviceId: 7, migrationFlags: 3 }
}

const bad: ReadonlyArray<readonly [string, typeof initial, FleetCommand, string]> = [
  [
    "to redirect what runs",
    after(queued, { _tag: "Schedule", at: 0 }),
    { _tag: "Redirect", migration: "m0", to: null, at: 0 },
    "conflict fleet.migration.running"
  ],
  [
    "to redirect what has ended",
    after(queued, { _tag: "Schedule", at: 0 }, end("m0", completed(), { at: 1 })),
    { _tag: "Redirect", migration: "m0", to: null, at: 2 },
    "conflict fleet.migration.finished"
  ],
  [
    "to redirect nothing",
    twoHosts,
    { _tag: "Redirect", migration: "m0", to: null, at: 0 },
    "unknown fleet.migration.unknown"
  ],
  [
    "to redirect onto itself",
    queued,
    { _tag: "Redirect", migration: "m0", to: to("pf0/vf0"), at: 0 },
    "conflict fleet.vf.reserved"
  ],
  [
    "a limit of 0",
    initial,
    policyWith({ limits: { fleet: 0, host: 1.5, pf: 1 } }),
    "invalid fleet.bounds fleet.bounds"
  ],
  ["jitter above 1", initial, policyWith({ retry: { ...defaultPolicy.retry, jitter: 2 } }), "invalid fleet.bounds"],
  [
    "a longest pause below the first",
    initial,
    policyWith({ breaker: { failures: 1, pauseMs: 9, maxPauseMs: 8 } }),
    "invalid fleet.bounds"
  ],
  ["a host without a name", initial, { ...register, host: "" }, "invalid fleet.host.name"],
  ["a host with a colon", initial, { ...register, host: "a:b" }, "invalid fleet.host.name"],
  ["no address", initial, { ...register, address: "a b" }, "invalid fleet.host.address"],
  [
    "the address of another host",
    twoHosts,
    { ...register, address: "/run/beta.sock" },
    "conflict fleet.host.address.taken"
  ],
  ["a host that is not there", initial, { _tag: "RemoveHost", host: "gamma" }, "unknown fleet.host.unknown"],
  ["a host with a migration", queued, { _tag: "RemoveHost", host: "beta" }, "conflict fleet.host.busy"],
  ["an agent of another name", twoHosts, { ...describeBeta, name: "delta" }, "conflict fleet.host.identity"],
  [
    "two PFs of one name",
    twoHosts,
    { ...describeBeta, pfs: [pf("pf0"), pf("pf0")] },
    "invalid fleet.host.doubled fleet.host.doubled"
  ],
  ["too many VFs", twoHosts, { ...describeBeta, pfs: [pf("pf0", { vfs: 4097 })] }, "limit fleet.host.vfs"],
  [
    "a change of no VF",
    twoHosts,
    { _tag: "NoteDevice", host: "beta", change: deviceChange("pf7/vf0") },
    "unknown fleet.vf.unknown"
  ],
  [
    "a cordon of no PF",
    twoHosts,
    { _tag: "Cordon", host: "beta", pf: "pf7", reason: "x", at: 0 },
    "unknown fleet.pf.unknown"
  ],
  [
    "a cordon without a reason",
    twoHosts,
    { _tag: "Cordon", host: "beta", pf: null, reason: " ", at: 0 },
    "invalid fleet.cordon.reason"
  ],
  ["a group of nothing", twoHosts, { ...group, devices: [] }, "invalid fleet.group.empty"],
  ["a group of no VF", twoHosts, { ...group, devices: ["pf0/vf9"] }, "unknown fleet.vf.unknown"],
  ["a VF in two groups", named, { ...group, group: "other" }, "conflict fleet.group.member"],
  [
    "a group that moves",
    after(named, submit(0, { group: "vm" })),
    { ...group, devices: ["pf0/vf1"] },
    "conflict fleet.group.busy"
  ],
  ["no group", twoHosts, { _tag: "RemoveGroup", group: "vm" }, "unknown fleet.group.unknown"],
  ["an id that is none", twoHosts, submit(0, { migration: "" }), "invalid fleet.migration.name"],
  ["a priority of 10", twoHosts, submit(0, { priority: 10 }), "invalid fleet.bounds"],
  ["no downtime at all", twoHosts, submit(0, { downtimeLimitMs: 0 }), "invalid fleet.bounds"],
  ["an id that is there", queued, submit(0), "conflict fleet.migration.exists"],
  ["no source host", twoHosts, submit(0, { from: "gamma" }), "unknown fleet.host.unknown"],
  ["no device named", twoHosts, submit(0, { devices: [] }), "invalid fleet.devices.none"],
  ["a device named twice", twoHosts, submit(0, { devices: ["pf0/vf0", "pf0/vf0"] }), "invalid fleet.devices.twice"],
  ["no such device", twoHosts, submit(0, { devices: ["pf0/vf9"] }), "unknown fleet.vf.unknown"],
  ["a group that is not known", twoHosts, submit(0, { devices: null }), "unknown fleet.group.unknown"],
  ["a part of a group", named, submit(1, { group: "vm" }), "conflict fleet.group.devices"],
  ["a VF of another group", named, submit(0), "conflict fleet.group.member"],
  ["a group from elsewhere", named, submit(0, { group: "vm", from: "beta" }), "conflict fleet.group.host"],
  ["a VF that migrates", queued, submit(0, { migration: "m9", group: "x" }), "conflict fleet.vf.reserved"],
  ["a group that migrates", queued, submit(1, { group: "vm0" }), "conflict fleet.group.migrating"],
  ["a destination that is reserved", queued, submit(1, { to: to("pf0/vf0") }), "conflict fleet.vf.reserved"],
  ["onto its own host", twoHosts, submit(0, { to: { ...to("pf0/vf1"), host: "alpha" } }), "invalid fleet.host.same"],
  ["two destinations for one", twoHosts, submit(0, { to: to("pf0/vf1", "pf0/vf2") }), "invalid fleet.devices.count"],
  [
    "onto a guest",
    after(twoHosts, { ...describeBeta, pfs: [pf("pf0", { attached: busy })] }),
    submit(0, { to: to("pf0/vf1") }),
    "unplaceable fleet.vf.attached"
  ],
  [
    "onto an unbound VF",
    after(twoHosts, { ...describeBeta, pfs: [pf("pf0", { device: { lifecycle: "unbound" } })] }),
    submit(0, { to: to("pf0/vf1") }),
    "unplaceable fleet.vf.unbound"
  ],
  [
    "onto another device",
    after(twoHosts, { ...describeBeta, pfs: [pf("pf0", alike)] }),
    submit(0, { to: to("pf0/vf1") }),
    "unplaceable fleet.fit.type fleet.fit.id fleet.fit.mode fleet.fit.flags mstate.gencap.superset mstate.svcmap.equal"
  ],
  [
    "without P2P, and not alone",
    after(twoHosts, { ...describeBeta, host: "alpha", name: "alpha", ...weak }),
    submit(0, { devices: ["pf0/vf0", "pf0/vf1"] }),
    "unplaceable fleet.move.flags fleet.move.flags"
  ],
  [
    "to a cordoned host",
    after(twoHosts, { _tag: "Cordon", host: "beta", pf: null, reason: "x", at: 0 }),
    submit(0, { to: to("pf0/vf1") }),
    "unplaceable fleet.host.cordoned"
  ],
  ["the end of no migration", twoHosts, end("m0", failed()), "unknown fleet.migration.unknown"],
  ["the end of an attempt that was not given out", queued, end("m0", failed()), "conflict fleet.attempt"],
  ["a time below 0", queued, end("m0", completed(-1)), "invalid fleet.bounds fleet.bounds fleet.bounds"],
  ["chance above 1", queued, end("m0", failed(), { random: 1.1 }), "invalid fleet.bounds"],
  [
    "to cancel nothing",
    twoHosts,
    { _tag: "Cancel", migration: "m0", reason: "", at: 0 },
    "unknown fleet.migration.unknown"
  ],
  [
    "to cancel what is over",
    after(queued, { _tag: "Cancel", migration: "m0", reason: "", at: 0 }),
    { _tag: "Cancel", migration: "m0", reason: "", at: 0 },
    "conflict fleet.migration.finished"
  ],
  ["to empty no host", twoHosts, { ...evacuate, host: "gamma" }, "unknown fleet.host.unknown"],
  ["to empty no PF", twoHosts, { ...evacuate, pf: "pf9" }, "unknown fleet.pf.unknown"],
  [
    "two evacuations of a host",
    after(twoHosts, evacuate),
    { ...evacuate, evacuation: "f" },
    "conflict fleet.evacuation.busy"
  ],
  ["an evacuation that is there", after(twoHosts, evacuate), evacuate, "conflict fleet.evacuation.exists"],
  [
    "an evacuation that is over",
    twoHosts,
    { _tag: "CancelEvacuation", evacuation: "e", at: 0 },
    "unknown fleet.evacuation.unknown"
  ]
]

describe("each wrong request has its refusal and changes nothing", () => {
  for (const [name, state, command, expected] of bad) {
    it(`refuses ${name}`, () => {
      assert.strictEqual(codesOf(state, command), expected)
    })
  }
})
