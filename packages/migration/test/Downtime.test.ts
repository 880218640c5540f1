/** Downtime from the steps of one migration, and the forecast from those of others. */
import { assert, describe, it } from "@effect/vitest"
import { Downtime, type Step } from "@stopcopy/migration"

/** Steps one behind the other: how long each took, with a microsecond between them. */
const work = (steps: ReadonlyArray<readonly [Step, number]>): ReadonlyArray<Downtime.Worked> => {
  let now = 1_000_000
  return steps.map(([step, took]) => {
    const began = now + 1
    now = began + took
    const moved = step === "transfer" ? { bytes: 4096, saveMicros: 30, transferMicros: 20 } : null
    return { step, began, ended: now, moved }
  })
}

const completed = work([
  ["judge", 500],
  ["drain", 100],
  ["stop", 10],
  ["transfer", 60],
  ["load", 7],
  ["verify", 6],
  ["vote", 5],
  ["commit", 4],
  ["fence", 3],
  ["adopt", 3],
  ["wake", 2],
  ["run", 2],
  ["retire", 900]
])

const nothing = { stop: 0, save: 0, transfer: 0, load: 0, verify: 0, vote: 0, commit: 0, bytes: 0, drain: 0, resume: 0 }

describe("measure", () => {
  it("splits from the drain until the destination runs; the parts are the whole", () => {
    const parts = { drain: 100, stop: 10, save: 30, transfer: 20, load: 7, verify: 6, vote: 5, commit: 4, resume: 10 }
    // 10 of the transfer were neither saving nor giving, 10 lie between the steps.
    assert.deepStrictEqual(Downtime.measure(completed), { whole: 212, ...parts, other: 20, bytes: 4096 })
  })

  it("measures a guest that came back to the source", () => {
    const back = work([
      ["drain", 100],
      ["halt", 1],
      ["settle", 2],
      ["resume", 3],
      ["free", 50]
    ])
    assert.deepStrictEqual(Downtime.measure(back), { ...nothing, whole: 109, drain: 100, resume: 6, other: 3 })
  })

  it("is nothing for a guest that never stood still, or was not seen to run again", () => {
    assert.isUndefined(Downtime.measure(work([["judge", 5]])))
    assert.isUndefined(Downtime.measure(work([["drain", 5]])))
  })
})

describe("forecast", () => {
  const sample = (whole: number, save: number, bytes: number): Downtime.Downtime => ({
    ...nothing,
    whole,
    save,
    bytes,
    other: whole - save
  })

  it("takes nine of ten of the fixed part and of the time for a byte", () => {
    const history = [...Array.from({ length: 9 }, () => sample(1000, 400, 4000)), sample(90_000, 80_000, 4000)]
    assert.deepStrictEqual(Downtime.forecast(history, 8000), { micros: 1400, samples: 10 })
    assert.deepStrictEqual(Downtime.forecast([sample(1000, 0, 0)], 8000), { micros: 1000, samples: 1 })
  })

  it("is none without history", () => {
    assert.isUndefined(Downtime.forecast([], 8000))
  })
})
