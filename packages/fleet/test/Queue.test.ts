/** Which migrations start, and when: limits hold, all that can run does, priorities order and age. */
import { assert, describe, it } from "@effect/vitest"
import {
  behavior,
  defaultPolicy,
  explainWaiting,
  type Fleet,
  type FleetCommand,
  initial,
  type Policy,
  topPriority
} from "@stopcopy/fleet"
import { roundTripEvent } from "@stopcopy/runtime/testing"
import { FastCheck } from "effect"
import { keyOf } from "../src/Host.ts"
import { pfsOf } from "../src/Migration.ts"
import { after, busy, completed, end, failed, hostCommands, pf, startedBy, step, submit, twoHosts } from "./support.ts"

const ageingMs = 1000
const policyOf = (fleet: number, host: number, perPf: number): Policy => ({
  ...defaultPolicy,
  limits: { fleet, host, pf: perPf },
  ageingMs,
  retry: { ...defaultPolicy.retry, attempts: 3, baseMs: 50 },
  breaker: { failures: 3, pauseMs: 200, maxPauseMs: 400 }
})

const hosts = ["h0", "h1", "h2", "h3"]
const vfs = 24

/** Half of each host's VFs have guests, on two PFs. */
const world = after(
  initial,
  ...hosts.flatMap((host) =>
    hostCommands(host, ...["pf0", "pf1"].map((name) => pf(name, { vfs, attached: (vf) => vf < vfs / 2 })))
  )
)

const wish = FastCheck.record({
  from: FastCheck.integer({ min: 0, max: 3 }),
  by: FastCheck.integer({ min: 1, max: 3 }),
  sourcePf: FastCheck.integer({ min: 0, max: 1 }),
  destinationPf: FastCheck.integer({ min: 0, max: 1 }),
  priority: FastCheck.integer({ min: 0, max: topPriority }),
  takesMs: FastCheck.integer({ min: 1, max: 300 }),
  failures: FastCheck.integer({ min: 0, max: 3 }),
  afterMs: FastCheck.integer({ min: 0, max: 400 })
})
type Wish = typeof wish extends FastCheck.Arbitrary<infer A> ? A : never

const limits = FastCheck.tuple(
  FastCheck.integer({ min: 1, max: 6 }),
  FastCheck.integer({ min: 1, max: 4 }),
  FastCheck.integer({ min: 1, max: 3 })
)

/** The wishes as commands in the order of time, each with VFs of its own. */
const commandsOf = (wishes: ReadonlyArray<Wish>): ReadonlyArray<Extract<FleetCommand, { readonly _tag: "Submit" }>> => {
  const next = new Map<string, number>()
  const vfOf = (key: string, first: number) => {
    const used = next.get(`${key} ${first}`) ?? 0
    next.set(`${key} ${first}`, used + 1)
    return first + used
  }
  let at = 0
  return wishes.map(({ afterMs, by, destinationPf, from, priority, sourcePf }, index) => {
    at += afterMs
    const [source, destination] = [`h${from}`, `h${(from + by) % 4}`]
    const vf = `pf${sourcePf}/vf${vfOf(`${source} pf${sourcePf}`, 0)}`
    const target = `pf${destinationPf}/vf${vfOf(`${destination} pf${destinationPf}`, vfs / 2)}`
    const to = { host: destination, devices: [target], incoming: false }
    return submit(index, { group: `g${index}`, from: source, devices: [vf], to, priority, at })
  })
}

/** Counts what runs from the migrations themselves, not from what the state keeps beside them. */
const checkLimits = ({ load, migrations, policy, running: kept }: Fleet): void => {
  const running = migrations.filter(({ phase }) => phase === "running")
  const counts = new Map<string, number>()
  for (const migration of running) {
    for (const id of [migration.from, migration.to, ...pfsOf(migration)]) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  assert.isAtMost(running.length, policy.limits.fleet)
  for (const [id, count] of counts) assert.isAtMost(count, id.includes(":") ? policy.limits.pf : policy.limits.host)
  assert.strictEqual(kept, running.length)
  assert.deepStrictEqual(
    load.map(({ id, running: count }) => [id, count]),
    [...counts].sort(([one], [other]) => (one < other ? -1 : 1))
  )
}

/** No slot is idle that somebody could use, unless it is kept for one who has waited long. */
const checkUse = (state: Fleet, now: number): void => {
  const queued = state.migrations.filter(({ phase }) => phase === "queued")
  if (queued.some(({ queuedAt }) => now - queuedAt >= ageingMs)) return
  for (const { id } of queued) {
    const codes = explainWaiting(state, id, now)?.map(({ code }) => code)
    assert.notDeepEqual(codes, ["fleet.queue"], `${id} could run`)
    assert.notDeepEqual(codes, [], `${id} could run`)
  }
}

/** Runs the wishes to their end in a time of its own; gives the final state and when each first started. */
const simulate = (policy: Policy, wishes: ReadonlyArray<Wish>) => {
  const waiting = commandsOf(wishes).slice()
  const ends: Array<{ readonly at: number; readonly id: string; readonly attempt: number }> = []
  const startedAt = new Map<string, number>()
  const order: Array<string> = []
  let state = after(world, { _tag: "SetPolicy", policy })
  let now = 0
  for (let turn = 0; turn < 10_000; turn++) {
    while (waiting[0] !== undefined && waiting[0].at <= now) state = after(state, ...waiting.splice(0, 1))
    ends.sort((one, other) => one.at - other.at)
    while (ends[0] !== undefined && ends[0].at <= now) {
      for (const { attempt, id } of ends.splice(0, 1)) {
        const fails = attempt <= (wishes[Number(id.slice(1))]?.failures ?? 0)
        state = after(state, end(id, fails ? failed() : completed(), { attempt, at: now, random: 0.3 }))
      }
    }
    const scheduled = step(state, { _tag: "Schedule", at: now })
    state = scheduled.state
    checkLimits(state)
    checkUse(state, now)
    if (scheduled.answer._tag !== "Scheduled") break
    for (const { migration } of scheduled.answer.starts) {
      const { attempt, id } = migration
      ends.push({ at: now + (wishes[Number(id.slice(1))]?.takesMs ?? 1), id, attempt })
      if (!startedAt.has(id)) order.push(id)
      startedAt.set(id, startedAt.get(id) ?? now)
    }
    const times = [waiting[0]?.at, ...ends.map(({ at }) => at), scheduled.answer.wakeAt ?? undefined]
    const next = Math.min(...times.filter((time) => time !== undefined))
    if (next === Number.POSITIVE_INFINITY) return { state, startedAt, order }
    now = Math.max(now, next)
  }
  throw new Error("the fleet does not come to an end")
}

describe("any fleet", () => {
  it.prop(
    "never exceeds a limit, runs everything to its end, and leaves nothing behind",
    [limits, FastCheck.array(wish, { maxLength: 12 })],
    ([[fleet, host, perPf], wishes]) => {
      const { startedAt, state } = simulate(policyOf(fleet, host, perPf), wishes)
      assert.strictEqual(startedAt.size, wishes.length)
      assert.strictEqual(state.finished.length, wishes.length)
      for (const { id, outcome } of state.finished) {
        assert.strictEqual(outcome, (wishes[Number(id.slice(1))]?.failures ?? 0) < 3 ? "completed" : "failed")
      }
      assert.deepStrictEqual(
        [state.migrations, state.lanes, state.delayed, state.load, state.reserved, state.running],
        [[], [], [], [], [], 0]
      )
    },
    { fastCheck: { numRuns: 60 } }
  )

  it.prop(
    "starts in the order of queued time less priority times ageing, where all want the same",
    [FastCheck.array(wish, { maxLength: 12 })],
    ([some]) => {
      const wishes = some.map((one) => ({ ...one, from: 0, by: 1, sourcePf: 0, destinationPf: 0, failures: 0 }))
      const commands = commandsOf(wishes)
      const { order, startedAt } = simulate(policyOf(1, 1, 1), wishes)
      const rank = (id: string) => {
        const command = commands[Number(id.slice(1))]
        return (command?.at ?? 0) - (command?.priority ?? 0) * ageingMs
      }
      for (const [place, id] of order.entries()) {
        for (const later of order.slice(place + 1)) {
          const wasThere = (commands[Number(later.slice(1))]?.at ?? 0) <= (startedAt.get(id) ?? 0)
          if (wasThere) assert.isAtMost(rank(id), rank(later), `${id} went before ${later}`)
        }
      }
    },
    { fastCheck: { numRuns: 60 } }
  )
})

const one = after(twoHosts, { _tag: "SetPolicy", policy: policyOf(1, 1, 1) })

/** Runs what starts first to its end, again and again; gives the ids in order. `more` comes before each start. */
const drain = (
  from: Fleet,
  more: (now: number) => ReadonlyArray<FleetCommand>,
  times: number
): ReadonlyArray<string> => {
  const ids: Array<string> = []
  let state = from
  for (let turn = 1; turn <= times; turn++) {
    const now = turn * 100
    const scheduled = step(after(state, ...more(now)), { _tag: "Schedule", at: now })
    const started = startedBy(scheduled)
    ids.push(...started)
    state = after(scheduled.state, ...started.map((id) => end(id, completed(), { at: now + 99 })))
  }
  return ids
}

describe("priority and ageing", () => {
  it("the highest priority goes first, then who is queued longest, then the id", () => {
    const state = after(
      one,
      submit(0, { priority: 1 }),
      submit(1, { at: 1 }),
      submit(2, { at: 0 }),
      submit(3, { priority: 9 })
    )
    assert.deepStrictEqual(
      drain(state, () => [], 4),
      ["m3", "m2", "m1", "m0"]
    )
  })

  it("a stream of top priority passes the lowest for at most 9 steps of ageing", () => {
    const many = after(
      initial,
      ...hostCommands("alpha", pf("pf0", { vfs: 200, attached: busy })),
      ...hostCommands("beta", pf("pf0", { vfs: 200 })),
      { _tag: "SetPolicy", policy: policyOf(1, 1, 1) },
      submit(0, { priority: 0 })
    )
    const ids = drain(many, (now) => [submit(now / 100, { priority: topPriority, at: now })], 120)
    // One comes each 100 ms: those of the first 9,000 ms go before it, m90 has the same rank and the greater id.
    assert.strictEqual(ids.indexOf("m0"), (topPriority * ageingMs) / 100 - 1)
  })

  it("who needs two busy hosts is not passed for ever: after one step of ageing slots are kept for it", () => {
    const pfs = (attached: boolean) => pf("pf0", { vfs: 200, attached: (vf) => attached && vf < 100 })
    const cross = after(initial, ...hosts.flatMap((host) => hostCommands(host, pfs(true))), {
      _tag: "SetPolicy",
      policy: { ...policyOf(9, 1, 1) }
    })
    const move = (id: string, from: string, to: string, vf: number, at: number) =>
      submit(0, {
        migration: id,
        group: id,
        from,
        devices: [`pf0/vf${vf}`],
        to: { host: to, devices: null, incoming: false },
        at
      })
    // h0 to h2 and h3 to h1 take turns, half a period apart, so that h0 and h1 are never free together by chance.
    let state = after(cross, move("a0", "h0", "h2", 0, 0))
    state = step(state, { _tag: "Schedule", at: 0 }).state
    state = after(state, move("wide", "h0", "h1", 99, 10), move("b0", "h3", "h1", 0, 10))
    state = step(state, { _tag: "Schedule", at: 10 }).state
    let startedAt: number | undefined
    for (let turn = 1; turn < 60 && startedAt === undefined; turn++) {
      const now = turn * 50
      const [letter, from, to] = turn % 2 === 1 ? ["b", "h3", "h1"] : ["a", "h0", "h2"]
      const before = state.migrations.find(({ id, phase }) => id.startsWith(letter ?? "") && phase === "running")
      // The next of its kind waits already when the one before it ends.
      state = after(state, move(`${letter}${turn}`, from ?? "", to ?? "", turn, now))
      if (before !== undefined) state = after(state, end(before.id, completed(), { at: now }))
      const scheduled = step(state, { _tag: "Schedule", at: now })
      state = scheduled.state
      if (startedBy(scheduled).includes("wide")) startedAt = now
    }
    assert.isAtLeast(startedAt ?? 0, 10 + ageingMs, "before that it is passed: nobody waits for it")
    assert.isAtMost(startedAt ?? Number.POSITIVE_INFINITY, 10 + ageingMs + 100)
  })

  it("another ageing orders what is queued anew", () => {
    const state = after(one, submit(0, { priority: 5, at: 0 }), submit(1, { priority: 6, at: 500 }))
    const first = (so: Fleet) => startedBy(step(so, { _tag: "Schedule", at: 600 }))
    assert.deepStrictEqual(first(state), ["m1"])
    assert.deepStrictEqual(first(after(state, { _tag: "SetPolicy", policy: { ...one.policy, ageingMs: 400 } })), ["m0"])
  })
})

describe("a pass", () => {
  const everyone = after(world, { _tag: "SetPolicy", policy: policyOf(9, 1, 1) })
  const move = (id: string, from: string, to: string, vf: number, at: number) =>
    submit(0, {
      migration: id,
      group: id,
      from,
      devices: [`pf0/vf${vf}`],
      to: { host: to, devices: null, incoming: false },
      at
    })
  const state = after(
    everyone,
    move("a", "h0", "h1", 0, 0),
    move("b", "h0", "h1", 1, 1),
    move("c", "h2", "h3", 0, 2),
    move("d", "h2", "h3", 1, 3)
  )

  it("starts what has slots behind what has none", () => {
    const first = step(state, { _tag: "Schedule", at: 4 })
    assert.deepStrictEqual(startedBy(first), ["a", "c"])
    const freed = after(first.state, end("c", completed(), { at: 5 }))
    assert.deepStrictEqual(startedBy(step(freed, { _tag: "Schedule", at: 6 })), ["d"])
    // Also behind one that has waited so long that slots are kept for it.
    assert.deepStrictEqual(startedBy(step(freed, { _tag: "Schedule", at: 2 * ageingMs })), ["d"])
  })
})

describe("what waits", () => {
  const state = after(one, submit(0), submit(1, { at: 1 }))
  const codes = (so: Fleet, id: string) => explainWaiting(so, id, 10)?.map(({ code }) => code)

  it("says every reason at once", () => {
    const running = step(state, { _tag: "Schedule", at: 2 }).state
    assert.deepStrictEqual(codes(running, "m0"), [])
    assert.deepStrictEqual(codes(running, "m1"), [
      "fleet.limit.fleet",
      "fleet.limit.host",
      "fleet.limit.host",
      "fleet.limit.pf",
      "fleet.limit.pf"
    ])
    const worse = after(
      running,
      { _tag: "NoteHealth", host: "alpha", reachable: false, reason: "no route", at: 3 },
      { _tag: "Cordon", host: "beta", pf: null, reason: "a disk", at: 4 }
    )
    assert.deepStrictEqual(
      explainWaiting(worse, "m1", 10)
        ?.slice(0, 2)
        .map(({ reason }) => reason),
      [
        "host alpha does not answer since 1970-01-01T00:00:00.003Z: no route",
        "host beta is cordoned since 1970-01-01T00:00:00.004Z: a disk"
      ]
    )
    assert.deepStrictEqual(codes(state, "m1"), ["fleet.queue"])
    assert.isUndefined(codes(state, "m9"))
  })

  it("holds up nobody: a shut destination is passed over", () => {
    const third = after(state, ...hostCommands("gamma", pf("pf0")), {
      _tag: "Cordon",
      host: "beta",
      pf: "pf0",
      reason: "x",
      at: 2
    })
    const away = after(third, submit(2, { at: 5, to: { host: "gamma", devices: null, incoming: false } }))
    assert.deepStrictEqual(startedBy(step(away, { _tag: "Schedule", at: 6 })), ["m2"])
    const opened = after(away, { _tag: "Uncordon", host: "beta", pf: "pf0" })
    assert.deepStrictEqual(startedBy(step(opened, { _tag: "Schedule", at: 6 })), ["m0"])
  })

  it("can be sent elsewhere, and keeps its place", () => {
    const cordon = { _tag: "Cordon", host: "beta", pf: null, reason: "x", at: 2 } as const
    const roomy = after(state, ...hostCommands("gamma", pf("pf0")), cordon)
    const sent = step(roomy, { _tag: "Redirect", migration: "m0", to: null, at: 3 })
    for (const event of sent.events) roundTripEvent(behavior, event)
    assert.deepStrictEqual(
      sent.state.reserved.map(({ id, migration }) => [id, migration]),
      [
        ["alpha:pf0/vf0", "m0"],
        ["alpha:pf0/vf1", "m1"],
        ["beta:pf0/vf1", "m1"],
        ["gamma:pf0/vf0", "m0"]
      ]
    )
    const later = after(sent.state, submit(2, { at: 3, to: { host: "gamma", devices: null, incoming: false } }))
    const scheduled = step(later, { _tag: "Schedule", at: 4 })
    assert.deepStrictEqual(startedBy(scheduled), ["m0"])
    const moved = after(scheduled.state, end("m0", completed(), { at: 5 }))
    assert.deepInclude(moved.finished[0], { id: "m0", to: "gamma", queuedAt: 0 })
    assert.deepStrictEqual(startedBy(step(moved, { _tag: "Schedule", at: 6 })), ["m2"])
  })

  it("can be sent elsewhere while it waits to be tried again", () => {
    const running = step(after(state, ...hostCommands("gamma", pf("pf0"))), { _tag: "Schedule", at: 2 }).state
    const retrying = after(running, end("m0", failed(), { at: 3 }))
    const gamma = { host: "gamma", devices: null, incoming: false }
    const sent = after(retrying, { _tag: "Redirect", migration: "m0", to: gamma, at: 4 })
    assert.deepInclude(sent.migrations[0], { phase: "retrying", to: "gamma", attempt: 1 })
    assert.deepStrictEqual(startedBy(step(sent, { _tag: "Schedule", at: 53 })), ["m0"])
  })

  it("a source that is cordoned is left all the same", () => {
    const cordoned = after(state, { _tag: "Cordon", host: "alpha", pf: null, reason: "x", at: 2 })
    assert.deepStrictEqual(startedBy(step(cordoned, { _tag: "Schedule", at: 3 })), ["m0"])
    assert.isTrue(cordoned.reserved.some(({ id }) => id === keyOf("alpha", "pf0/vf0")))
  })
})
