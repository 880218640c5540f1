/** Evacuations: the plan as data, its execution, what stays, the time left, and the end by cancelling. */
import { assert, describe, it } from "@effect/vitest"
import { defaultPolicy, type Fleet, type FleetCommand, initial, plan, progress } from "@stopcopy/fleet"
import { Either } from "effect"
import {
  after,
  allFlags,
  busy,
  completed,
  end,
  failed,
  hostCommands,
  pf,
  sla,
  startedBy,
  step,
  submit
} from "./support.ts"

const limited = { rateLimiting: true, slas: [sla(1)] }

/** `alpha`: vf0 and vf1 of pf0 (vf1 with an SLA), two VMs on pf1: `vm` of both PFs, and a VF that cannot be stopped and copied on pf2. */
const fleet = after(
  initial,
  {
    _tag: "SetPolicy",
    policy: { ...defaultPolicy, limits: { fleet: 2, host: 2, pf: 2 }, retry: { ...defaultPolicy.retry, attempts: 1 } }
  },
  ...hostCommands(
    "alpha",
    pf("pf0", { ...limited, vfs: 3, attached: busy }),
    pf("pf1", { vfs: 3, attached: busy }),
    pf("pf2", { vfs: 1, attached: busy, device: { migrationFlags: allFlags - 1 } })
  ),
  ...hostCommands("beta", pf("pf0", { ...limited, vfs: 3 }), pf("pf1", { vfs: 2 })),
  { _tag: "DefineGroup", group: "vm", host: "alpha", devices: ["pf0/vf2", "pf1/vf0"] }
)

const planOf = (state: Fleet, name: string | null = null) =>
  Either.getOrThrow(plan(state, { host: "alpha", pf: name }, 0))

const evacuate = (more: Partial<Extract<FleetCommand, { readonly _tag: "Evacuate" }>> = {}): FleetCommand => ({
  _tag: "Evacuate",
  evacuation: "e",
  host: "alpha",
  pf: null,
  priority: 5,
  at: 10,
  ...more
})

const begun = after(fleet, evacuate())

describe("plan", () => {
  it("says what moves where, what can move nowhere, and what nothing fits", () => {
    const { moves, refused, willStop } = planOf(fleet)
    assert.deepStrictEqual(
      moves.map(({ group, moves }) => [group, ...moves.map(({ destination, source }) => `${source} ${destination}`)]),
      [
        ["alpha:pf0/vf1", "pf0/vf1 pf0/vf1"],
        ["vm", "pf0/vf2 pf1/vf1", "pf1/vf0 pf1/vf0"],
        ["alpha:pf0/vf0", "pf0/vf0 pf0/vf0"],
        ["alpha:pf1/vf1", "pf1/vf1 pf0/vf2"]
      ]
    )
    assert.deepStrictEqual(
      refused.map(({ group, refusals }) => [group, ...refusals.map(({ code }) => code)]),
      [["alpha:pf2/vf0", "fleet.move.flags"]]
    )
    assert.deepStrictEqual(
      willStop.map(({ group, refusals }) => [group, ...refusals.map(({ code, where }) => `${code} ${where}`)]),
      [["alpha:pf1/vf2", "fleet.placement.full beta:pf0", "fleet.placement.full beta:pf1"]]
    )
  })

  it("changes nothing, and gives the same again", () => {
    const before = JSON.stringify(planOf(fleet))
    assert.strictEqual(JSON.stringify(planOf(fleet)), before)
  })

  it("of a PF takes the whole VM of a device on it, and nothing else", () => {
    assert.deepStrictEqual(
      planOf(fleet, "pf1").moves.map(({ group }) => group),
      ["vm", "alpha:pf1/vf1", "alpha:pf1/vf2"]
    )
  })

  it("names what leaves already and what comes", () => {
    const busyFleet = after(
      fleet,
      submit(0),
      ...hostCommands("gamma", pf("pf0", { vfs: 1, attached: busy })),
      {
        _tag: "NoteDevice",
        host: "alpha",
        change: {
          name: "pf1/vf2",
          state: "RUNNING",
          lifecycle: "open",
          attached: false,
          epoch: 0,
          standing: "held",
          digest: null
        }
      },
      submit(9, {
        group: "in",
        from: "gamma",
        devices: ["pf0/vf0"],
        to: { host: "alpha", devices: ["pf1/vf2"], incoming: false }
      })
    )
    const { arriving, leaving, moves } = planOf(busyFleet)
    assert.deepStrictEqual([leaving, arriving], [["m0"], ["m9"]])
    assert.notInclude(JSON.stringify(moves), '"source":"pf0/vf0"')
  })

  it("gives a new guest of a VF another name than the one that left with its name", () => {
    const state = run(after(fleet, evacuate({ pf: "pf0" })), () => completed())
    assert.isTrue(state.groups.some(({ host, id }) => id === "alpha:pf0/vf0" && host === "beta"))
    const { moves, willStop } = planOf(state, "pf0")
    const names = [...moves, ...willStop].map(({ group }) => group)
    assert.include(names, "alpha:pf0/vf0/2")
  })

  it("refuses all of a host whose agent does not answer, and devices that are gone", () => {
    const gone = after(fleet, { _tag: "NoteHealth", host: "alpha", reachable: false, reason: "x", at: 1 })
    const { moves, refused } = planOf(gone)
    assert.deepStrictEqual([moves.length, refused.length], [0, 6])
    assert.isTrue(refused.every(({ refusals }) => refusals.some(({ code }) => code === "fleet.source.health")))
    const fewer: FleetCommand = {
      _tag: "DescribeHost",
      host: "alpha",
      name: "alpha",
      pfs: [pf("pf1", { attached: busy })],
      at: 1
    }
    const found = planOf(after(fleet, fewer)).refused
    assert.deepStrictEqual(
      found.map(({ group, refusals }) => [group, refusals[0]?.code, refusals[0]?.source]),
      [["vm", "fleet.vf.unknown", "alpha:pf0/vf2"]]
    )
  })
})

/** Ends what `Schedule` gives out, until nothing starts any more. */
const run = (
  from: Fleet,
  outcome: (id: string) => Extract<FleetCommand, { readonly _tag: "End" }>["outcome"]
): Fleet => {
  let state = from
  for (let now = 100; ; now += 100) {
    const scheduled = step(state, { _tag: "Schedule", at: now })
    const ids = startedBy(scheduled)
    if (ids.length === 0) return state
    state = after(scheduled.state, ...ids.map((id) => end(id, outcome(id), { at: now + 50 })))
  }
}

describe("an evacuation", () => {
  it("cordons, moves what can move, and is over with the last of it; the cordon stays", () => {
    assert.deepStrictEqual(begun.hosts[0]?.cordon, { since: 10, reason: "evacuation e", evacuation: "e" })
    const state = run(begun, () => completed())
    assert.deepStrictEqual([state.evacuations, state.migrations], [[], []])
    assert.deepStrictEqual(state.finishedEvacuations, [
      {
        id: "e",
        host: "alpha",
        pf: null,
        startedAt: 10,
        finishedAt: 250,
        wasCancelled: false,
        moves: 4,
        completed: 4,
        failed: 0,
        cancelled: 0,
        turnedDown: 0,
        idle: 0,
        refused: 1,
        willStop: 1
      }
    ])
    assert.isNotNull(state.hosts[0]?.cordon)
  })

  it("is not held up by what fails, is refused or is cancelled", () => {
    const refusal = { code: "x", rule: "", where: "", source: "", destination: "", remedy: "" }
    const outcomes = [
      failed(),
      { _tag: "Refused", refusals: [refusal] },
      { _tag: "Cancelled", reason: "x" },
      completed()
    ] as const
    const state = run(begun, (id) => outcomes[Number(id.slice(2)) - 1] ?? completed())
    assert.deepInclude(state.finishedEvacuations[0], { moves: 4, completed: 1, failed: 1, cancelled: 1, turnedDown: 1 })
  })

  it("is over at once where nothing can move", () => {
    const stuck = after(initial, ...hostCommands("alpha", pf("pf0", { attached: busy })), evacuate())
    assert.deepInclude(stuck.finishedEvacuations[0], { moves: 0, willStop: 4, finishedAt: 10 })
  })

  it("tells how far it is, and how long it takes by what was measured", () => {
    assert.isNull(progress(begun, "e")?.left)
    const scheduled = step(begun, { _tag: "Schedule", at: 100 })
    const [first] = startedBy(scheduled)
    const state = after(scheduled.state, end(first ?? "", completed(10, 1000), { at: 1100 }))
    const { done, left, queued, retrying, running } = progress(state, "e") ?? {}
    assert.deepStrictEqual([done, queued, retrying, running], [1, 2, 0, 1])
    // Three are left, two at a time: two rounds.
    assert.closeTo(left?.p50 ?? 0, 2000, 20)
    assert.strictEqual(left?.samples, 1)
    assert.isUndefined(progress(state, "f"))
  })

  it("cancelled, lets go what waits, tells what runs, and takes its own cordon back", () => {
    const running = step(begun, { _tag: "Schedule", at: 100 })
    const cancelled = step(running.state, { _tag: "CancelEvacuation", evacuation: "e", at: 101 })
    assert.deepStrictEqual(cancelled.answer, { _tag: "Cancelling", migrations: [...startedBy(running)].sort() })
    assert.isNull(cancelled.state.hosts[0]?.cordon)
    assert.strictEqual(cancelled.state.migrations.length, 2)
    const again = step(cancelled.state, { _tag: "CancelEvacuation", evacuation: "e", at: 102 })
    assert.deepStrictEqual(again.events, [])
    const ended = after(
      again.state,
      ...startedBy(running).map((id, index) =>
        end(id, index === 0 ? completed() : { _tag: "Cancelled", reason: "asked" }, { at: 103 })
      )
    )
    assert.deepInclude(ended.finishedEvacuations[0], {
      wasCancelled: true,
      completed: 1,
      cancelled: 3,
      finishedAt: 103
    })
  })

  it("cancelled, leaves the cordon of somebody else", () => {
    const before = after(fleet, { _tag: "Cordon", host: "alpha", pf: null, reason: "a fan", at: 1 }, evacuate())
    const state = after(before, { _tag: "CancelEvacuation", evacuation: "e", at: 11 })
    assert.strictEqual(state.hosts[0]?.cordon?.reason, "a fan")
    assert.strictEqual(state.finishedEvacuations.length, 1)
  })

  it("of a PF cordons the PF alone", () => {
    const state = after(fleet, evacuate({ pf: "pf1" }))
    assert.isNull(state.hosts[0]?.cordon)
    assert.deepStrictEqual(
      state.hosts[0]?.pfCordons.map(({ evacuation, id }) => [id, evacuation]),
      [["pf1", "e"]]
    )
    assert.deepStrictEqual(after(state, { _tag: "CancelEvacuation", evacuation: "e", at: 11 }).hosts[0]?.pfCordons, [])
  })
})
