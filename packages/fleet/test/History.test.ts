/** What past migrations took is remembered in bounded memory, and a migration is given the forecast. */
import { assert, describe, it } from "@effect/vitest"
import { type Fleet, forecast, initial } from "@stopcopy/fleet"
import { finishedLimit } from "../src/State.ts"
import { after, busy, completed, end, hostCommands, pf, step, submit, twoHosts } from "./support.ts"

/** VF 0 of `alpha` goes and comes back in the books, `times` times, with downtimes of 1, 2, 3 ... ms up to 100. */
const shuttle = (from: Fleet, times: number, first = 0): Fleet => {
  let state = from
  for (let trip = first; trip < first + times; trip++) {
    const id = `t${trip}`
    const scheduled = step(after(state, submit(0, { migration: id, devices: ["pf0/vf0"], at: trip })), {
      _tag: "Schedule",
      at: trip
    })
    const ended = after(scheduled.state, end(id, completed(1 + (trip % 100), 1000), { at: trip }))
    state = after(ended, { _tag: "RemoveGroup", group: "vm0" })
  }
  return state
}

describe("History", () => {
  it("forecasts by cause, with the count of what was measured", () => {
    assert.isUndefined(forecast(initial.history, "downtime"))
    const { history } = shuttle(twoHosts, 100)
    const downtime = forecast(history, "downtime")
    assert.closeTo(downtime?.p50 ?? 0, 50, 1)
    assert.closeTo(downtime?.p99 ?? 0, 99, 1)
    assert.strictEqual(downtime?.samples, 100)
    assert.closeTo(forecast(history, "drain")?.p50 ?? 0, 25, 1)
    assert.closeTo(forecast(history, "duration")?.p50 ?? 0, 1000, 10)
    assert.isUndefined(forecast(history, "vote"), "this was not told")
  })

  it("goes along with what starts", () => {
    const state = after(shuttle(twoHosts, 3), submit(1))
    const { answer } = step(state, { _tag: "Schedule", at: 9 })
    const [start] = answer._tag === "Scheduled" ? answer.starts : []
    assert.strictEqual(start?.forecast.downtime?.samples, 3)
    assert.deepInclude(start?.migration, { id: "m1", attempt: 1, phase: "running", downtimeLimitMs: 300 })
  })

  it("finished migrations leave a state of bounded size", () => {
    const full = shuttle(twoHosts, finishedLimit + 50)
    const sizeOf = (state: Fleet) =>
      JSON.stringify(state, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value)).length
    assert.strictEqual(full.finished.length, finishedLimit)
    assert.strictEqual(full.finished[0]?.id, "t50")
    assert.deepStrictEqual(
      [full.migrations, full.lanes, full.reserved, full.members, full.groups],
      [[], [], [], [], []]
    )
    const more = shuttle(full, 700, finishedLimit + 50)
    // Only the digits of counts and times grow.
    assert.isAtMost(sizeOf(more), sizeOf(full) * 1.02)
    assert.isAtMost(sizeOf(more), finishedLimit * 200)
  })

  it("an id that is still remembered is not given twice", () => {
    const again = after(
      initial,
      ...hostCommands("alpha", pf("pf0", { attached: busy })),
      ...hostCommands("beta", pf("pf0"))
    )
    assert.throws(
      () => after(shuttle(again, 1), submit(0, { migration: "t0" })),
      /migration: every migration has an id of its own/
    )
  })
})
