/** Every rule of the preflight with the values that break it, and all blockers at once. */
import type { Capabilities, DeviceDescription } from "@stopcopy/agent"
import { assert, describe, it } from "@effect/vitest"
import { type Moment, type Order, preflight, unchecked } from "@stopcopy/migration"
import { describeHost } from "./support/descriptions.ts"

const member = { source: "pf0/vf0", destination: "pf0/vf0" }
const order: Order = {
  source: "alpha",
  destination: "beta",
  members: [member],
  limits: { downtimeMillis: 1000, whenOver: { _tag: "Abort" } }
}

interface Changed {
  readonly vf?: Partial<DeviceDescription>
  readonly pf?: Partial<Capabilities>
}

const find = (source: Changed, destination: Changed, moment: Moment = "first", asked: Order = order) =>
  preflight(
    asked,
    {
      source: describeHost({ host: "alpha", vfs: [source.vf ?? {}], capabilities: source.pf ?? {} }),
      destination: describeHost({ host: "beta", vfs: [destination.vf ?? {}], capabilities: destination.pf ?? {} })
    },
    moment
  )

const sla = { service: 1, ringPairMask: 0x3n, cir: 400, pir: 800 }
const limited = { rateLimiting: true, slas: [sla] }

/** What breaks a rule: its code, the source, the destination. */
const rules: ReadonlyArray<readonly [code: string, source: Changed, destination: Changed]> = [
  ["migration.source.absent", { vf: { name: "pf0/vf7" } }, {}],
  ["migration.destination.absent", {}, { vf: { name: "pf0/vf7" } }],
  ["migration.type.equal", {}, { vf: { deviceType: "mtty" } }],
  ["migration.device-id.equal", {}, { vf: { deviceId: 0x4943 } }],
  ["migration.flags.stop_copy", { vf: { migrationFlags: 6 } }, {}],
  ["migration.source.state", { vf: { state: "STOP" } }, {}],
  ["migration.source.lifecycle", { vf: { lifecycle: "bound" } }, {}],
  ["migration.source.standing", { vf: { standing: "fenced", epoch: 4, digest: null } }, {}],
  ["migration.destination.state", {}, { vf: { state: "RESUMING" } }],
  ["migration.destination.lifecycle", {}, { vf: { lifecycle: "unbound" } }],
  ["migration.destination.attached", {}, { vf: { attached: true } }],
  ["migration.compat.above", { vf: { compatVersion: 5 } }, { pf: { compatVersion: 4 } }],
  ["mstate.gencap.superset", { pf: { gencap: 0x101_000f } }, {}],
  ["mstate.svcmap.equal", {}, { pf: { svcmap: 0x6db } }],
  ["mstate.extdc.superset", { pf: { extdc: 0x7 } }, {}],
  ["mstate.sla.absent", { pf: limited }, {}],
  ["mstate.sla.cir", { pf: limited }, { pf: { ...limited, slas: [{ ...sla, cir: 399 }] } }],
  ["mstate.sla.pir", { pf: limited }, { pf: { ...limited, slas: [{ ...sla, pir: 799 }] } }]
]

describe("preflight", () => {
  it("says nothing against a pair that fits", () => {
    assert.deepStrictEqual(find({}, {}), [])
    assert.deepStrictEqual(find({ pf: limited }, { pf: { ...limited, gencap: 0xffff_ffff } }), [])
    assert.deepStrictEqual(find({}, { vf: { state: "STOP", standing: "fenced", attached: true } }), [])
    assert.deepStrictEqual(find({ vf: { compatVersion: 5 } }, {}), [], "a host that does not say is not judged")
  })

  for (const [code, source, destination] of rules) {
    it(`${code} has both values, a place and a remedy`, () => {
      const [blocker, ...more] = find(source, destination)
      assert.deepStrictEqual([blocker?.code, more], [code, []])
      assert.isTrue(blocker?.where.startsWith("pf0/vf0 -> pf0/vf0"))
      for (const text of [blocker?.rule, blocker?.source, blocker?.destination, blocker?.remedy])
        assert.isNotEmpty(text)
    })
  }

  it("wants P2P of every device of a group, and of none that moves alone", () => {
    const other = { source: "pf0/vf1", destination: "pf0/vf1" }
    const vfs = [{}, { name: "pf0/vf1", vfNumber: 1, migrationFlags: 5 }]
    const sides = {
      source: describeHost({ host: "alpha", vfs }),
      destination: describeHost({ host: "beta", vfs: [{}, { name: "pf0/vf1", vfNumber: 1 }] })
    }
    const [blocker, ...more] = preflight({ ...order, members: [member, other] }, sides)
    assert.deepStrictEqual([blocker?.code, blocker?.where, more], ["migration.flags.p2p", "pf0/vf1 -> pf0/vf1", []])
    assert.deepStrictEqual(preflight({ ...order, members: [other] }, sides), [])
    assert.deepStrictEqual(
      unchecked({ ...order, members: [other] }, sides).map(({ code, where }) => `${code} ${where}`),
      ["p2p source alpha pf0/vf1", "compat source alpha pf0/vf1", "compat destination beta pf0/vf1"]
    )
  })

  it("a device without pre-copy moves from RUNNING, and is judged only when it stands still", () => {
    const plain = { vf: { migrationFlags: 1, compatVersion: 0 }, pf: { compatVersion: 5 } }
    assert.deepStrictEqual(find(plain, plain), [])
    assert.deepStrictEqual(find(plain, { ...plain, vf: { ...plain.vf, state: "RESUMING" } }, "again"), [])
    const early = find({ vf: { ...plain.vf, state: "PRE_COPY" } }, plain)
    assert.deepStrictEqual(
      early.map(({ code }) => code),
      ["migration.source.state"]
    )
    const sides = {
      source: describeHost({ host: "alpha", vfs: [plain.vf] }),
      destination: describeHost({ host: "beta", vfs: [plain.vf], capabilities: plain.pf })
    }
    assert.deepStrictEqual(
      unchecked(order, sides).map(({ code, where }) => `${code} ${where}`),
      ["p2p source alpha pf0/vf0", "pre_copy source alpha pf0/vf0"].concat([
        "p2p destination beta pf0/vf0",
        "pre_copy destination beta pf0/vf0"
      ])
    )
  })

  it("compares no capabilities that a host does not know, and says so", () => {
    const capabilities = { code: "capabilities", what: "a bare socket", consequence: "nothing is compared" }
    const source = { pf: { gencap: 0x101_000f, svcmap: 1 }, vf: { unknown: [capabilities] } }
    assert.deepStrictEqual(find(source, {}), [])
    const sides = {
      source: describeHost({ host: "alpha", vfs: [source.vf], capabilities: source.pf }),
      destination: describeHost({ host: "beta" })
    }
    assert.deepInclude(unchecked(order, sides)[0], { ...capabilities, where: "source alpha pf0/vf0" })
  })

  it("gives all blockers of all devices at once", () => {
    const found = find(
      { pf: { gencap: 0x101_000f }, vf: { state: "STOP" } },
      { pf: { svcmap: 0 }, vf: { deviceId: 1 } }
    )
    const codes = [
      "migration.device-id.equal",
      "migration.source.state",
      "mstate.gencap.superset",
      "mstate.svcmap.equal"
    ]
    assert.deepStrictEqual(
      found.map(({ code }) => code),
      codes
    )
  })

  it("refuses another VF number where an SLA names ring pairs of the device", () => {
    const [blocker] = find({ pf: limited }, { pf: limited, vf: { vfNumber: 1 } })
    assert.deepInclude(blocker, { code: "mstate.sla.absent", destination: "no SLA" })
    assert.include(blocker?.remedy, "same VF number")
  })

  it("judges states by the moment", () => {
    const [source, destination] = [
      { vf: { state: "PRE_COPY" } },
      { vf: { state: "RESUMING", attached: true } }
    ] as const
    assert.deepStrictEqual(find(source, destination, "again"), [])
    assert.deepStrictEqual(
      find(source, destination).map(({ code }) => code),
      ["migration.source.state", "migration.destination.state", "migration.destination.attached"]
    )
  })

  it("refuses a group that names a device twice, or a device as its own destination", () => {
    const twice = find({}, {}, "first", { ...order, members: [member, member] })
    assert.deepStrictEqual(
      twice.map(({ code, where }) => [code, where]),
      [
        ["migration.group.twice", "source pf0/vf0"],
        ["migration.group.twice", "destination pf0/vf0"]
      ]
    )
    const [itself] = find({}, {}, "first", { ...order, destination: "alpha" })
    assert.strictEqual(itself?.code, "migration.group.itself")
  })
})
