/** Pauses grow and stay within bounds; the breaker opens, says why, lets one probe through, and closes. */
import { assert, describe, it } from "@effect/vitest"
import { defaultPolicy, explainBreaker, explainWaiting, type Fleet, initial, startable } from "@stopcopy/fleet"
import { FastCheck } from "effect"
import { pauseAfter } from "../src/Breaker.ts"
import { after, busy, completed, end, failed, hostCommands, pf, startedBy, step, submit } from "./support.ts"

describe("the pause before another attempt", () => {
  const retry = { attempts: 9, baseMs: 100, maxMs: 1000, jitter: 0.5 }

  it("doubles up to its bound", () => {
    assert.deepStrictEqual(
      [1, 2, 3, 4, 5, 99].map((attempt) => pauseAfter(attempt, retry, 0)),
      [100, 200, 400, 800, 1000, 1000]
    )
  })

  it.prop(
    "jitter takes at most its part away, and adds nothing",
    [FastCheck.integer({ min: 1, max: 100 }), FastCheck.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })],
    ([attempt, random]) => {
      const [pause, full] = [pauseAfter(attempt, retry, random), pauseAfter(attempt, retry, 0)]
      assert.isAtMost(pause, full)
      assert.isAtLeast(pause, full / 2)
    }
  )
})

const breaker = { failures: 2, pauseMs: 1000, maxPauseMs: 3000 }
const policy = {
  ...defaultPolicy,
  limits: { fleet: 9, host: 9, pf: 9 },
  retry: { ...defaultPolicy.retry, attempts: 1 },
  breaker
}
const fleet = after(
  initial,
  ...hostCommands("alpha", pf("pf0", { vfs: 8, attached: busy })),
  ...hostCommands("beta", pf("pf0", { vfs: 8 })),
  { _tag: "SetPolicy", policy },
  ...[0, 1, 2, 3, 4, 5].map((vf) => submit(vf, { at: vf }))
)

const schedule = (state: Fleet, at: number) => step(state, { _tag: "Schedule", at })

/** Six run; the first two fail at 10. */
const open = after(
  schedule(fleet, 9).state,
  end("m0", failed("disk"), { at: 10 }),
  end("m1", failed("link"), { at: 10 })
)

describe("the circuit breaker of a pair of hosts", () => {
  it("opens after failures in a row and says what it knows", () => {
    const waits = after(open, submit(6, { at: 11 }))
    const paused =
      "paused: 2 failures in a row from alpha to beta: last reason: link; it tries again at 1970-01-01T00:00:01.010Z"
    assert.deepStrictEqual(startable(waits, 12), [])
    assert.deepStrictEqual(explainWaiting(waits, "m6", 12), [
      { code: "fleet.pair.paused", reason: paused, until: 1010 }
    ])
    const { answer } = schedule(waits, 12)
    assert.deepStrictEqual(answer, { _tag: "Scheduled", starts: [], wakeAt: 1010 })
  })

  it("stays as it is when those that ran already fail too", () => {
    const worse = after(open, end("m2", failed("link"), { at: 500 }))
    assert.deepStrictEqual(
      [worse.breakers[0]?.failures, worse.breakers[0]?.until, worse.breakers[0]?.opened],
      [3, 1010, 1]
    )
  })

  it("lets one through after its pause; a failure makes the pause twice as long, up to its bound", () => {
    let state = after(open, submit(6, { at: 11 }), submit(7, { at: 11 }))
    let now = 1010
    for (const [id, pause] of [
      ["m6", 2000],
      ["m7", 3000]
    ] as const) {
      const probe = schedule(state, now)
      assert.deepStrictEqual(startedBy(probe), [id])
      assert.deepStrictEqual(startedBy(schedule(probe.state, now + 500)), [], "one probe at a time")
      assert.include(explainBreaker(probe.state.breakers[0], now), `migration ${id} tries again now`)
      state = after(probe.state, end(id, failed("still"), { at: now }))
      assert.strictEqual(state.breakers[0]?.until, now + pause)
      now += pause
    }
  })

  it("closes with the first that completes", () => {
    const probe = schedule(after(open, submit(6, { at: 11 }), submit(7, { at: 11 })), 2000)
    const closed = after(probe.state, end("m6", completed(), { at: 2001 }))
    assert.deepStrictEqual(closed.breakers, [])
    assert.deepStrictEqual(startedBy(schedule(closed, 2002)), ["m7"])
  })

  it("asks for another probe when the first was cancelled or refused: that says nothing of the hosts", () => {
    const probe = schedule(after(open, submit(6, { at: 11 }), submit(7, { at: 11 })), 2000)
    const cancelled = after(probe.state, end("m6", { _tag: "Cancelled", reason: "x" }, { at: 2001 }))
    assert.strictEqual(cancelled.breakers[0]?.failures, 2)
    assert.deepStrictEqual(startedBy(schedule(cancelled, 2002)), ["m7"])
  })

  it("does not open for limits that migrations have of their own", () => {
    const strict = { ...failed("its limit is 1 ms"), ofPair: false } as const
    const state = after(schedule(fleet, 9).state, ...["m0", "m1", "m2"].map((id) => end(id, strict, { at: 10 })))
    assert.deepStrictEqual(state.breakers, [])
    for (const { outcome, priority } of state.finished) assert.deepStrictEqual([outcome, priority], ["failed", 5])
    assert.strictEqual(state.finished.length, 3)
  })

  it("forgets failures that are not in a row", () => {
    const state = after(
      schedule(fleet, 9).state,
      end("m0", failed(), { at: 10 }),
      end("m1", completed(), { at: 11 }),
      end("m2", failed(), { at: 12 })
    )
    assert.deepStrictEqual([state.breakers[0]?.failures, state.breakers[0]?.until], [1, null])
  })
})

describe("another attempt", () => {
  const patient = after(fleet, {
    _tag: "SetPolicy",
    policy: { ...policy, retry: { ...policy.retry, attempts: 3 }, breaker: { ...breaker, failures: 99 } }
  })

  it("comes after its pause, keeps its place in the queue, and the last failure ends the migration", () => {
    let state = schedule(patient, 10).state
    for (const [attempt, pause] of [
      [1, 1000],
      [2, 2000]
    ] as const) {
      const ended = step(state, end("m0", failed(`no ${attempt}`), { attempt, at: 10_000 * attempt, random: 0 }))
      const retryAt = 10_000 * attempt + pause
      assert.deepStrictEqual(ended.answer, { _tag: "Retrying", retryAt })
      assert.deepStrictEqual(startedBy(schedule(ended.state, retryAt - 1)), [])
      assert.deepStrictEqual(explainWaiting(ended.state, "m0", retryAt - 1), [
        { code: "fleet.retry", reason: `attempt ${attempt} failed: no ${attempt}`, until: retryAt }
      ])
      const again = schedule(ended.state, retryAt)
      assert.deepStrictEqual(startedBy(again), ["m0"])
      state = again.state
    }
    const last = step(state, end("m0", failed("no 3"), { attempt: 3, at: 90_000 }))
    assert.deepStrictEqual(last.answer, { _tag: "Ended", how: "Finished" })
    assert.deepInclude(last.state.finished[0], { id: "m0", outcome: "failed", reason: "no 3", attempts: 3 })
  })

  it("is not made where the migration says that it would not help, or somebody cancelled it", () => {
    const state = schedule(patient, 10).state
    assert.deepInclude(step(state, end("m0", failed("x", false))).state.finished[0], { id: "m0", outcome: "failed" })
    const asked = after(state, { _tag: "Cancel", migration: "m0", reason: "x", at: 11 })
    assert.deepInclude(step(asked, end("m0", failed("x"))).state.finished[0], { id: "m0", outcome: "failed" })
  })

  it("an outcome that is told again changes nothing", () => {
    const ended = after(
      schedule(patient, 10).state,
      end("m0", completed(), { at: 11 }),
      end("m1", failed(), { at: 11 })
    )
    for (const told of [end("m0", completed(), { at: 12 }), end("m1", failed(), { at: 12 })]) {
      const { answer, events } = step(ended, told)
      assert.deepStrictEqual([answer, events], [{ _tag: "Ended", how: "Repeated" }, []])
    }
  })
})
