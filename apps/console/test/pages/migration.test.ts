/** A migration in words and marks: phases, verdict, downtime by cause, events in a line. */
import { assert, describe, it } from "@effect/vitest"
import type { Downtime, Migration } from "@stopcopy/coordinator-api"
import { eventText, placeText } from "../../src/pages/migration/eventText.ts"
import { phaseMarks } from "../../src/pages/migration/phases.ts"
import { partsOf } from "../../src/pages/migration/split.ts"
import { verdictOf } from "../../src/pages/migration/verdict.ts"

const noon = 1_700_000_000_000
const step = (name: string, from: number, to: number) => ({
  step: name,
  beganAt: noon + from,
  endedAt: noon + to,
  bytes: 0
})

const migration = (over: Partial<Migration>): Migration => ({
  id: "m-1",
  group: "web-1",
  from: "alpha",
  to: "beta",
  moves: [],
  evacuation: null,
  priority: 5,
  phase: "queued",
  attempt: 0,
  inDoubt: false,
  queuedAt: noon,
  endedAt: null,
  verdict: null,
  downtimeMicros: null,
  blockers: [],
  steps: [],
  now: [],
  bytes: 0,
  forecast: null,
  downtime: null,
  downtimeLimitMillis: 300,
  committed: false,
  cause: null,
  lastReason: null,
  retryAt: null,
  doubts: [],
  resolutions: [],
  left: [],
  ...over
})

describe("phases", () => {
  const states = (over: Partial<Migration>) =>
    phaseMarks(migration(over)).map(({ phase, state }) => `${phase} ${state}`)

  it("before the end have one that is now", () => {
    const steps = [step("inspect", 10, 20), step("clear", 21, 25), step("receive", 25, 40)]
    const marks = phaseMarks(migration({ phase: "pre-copy", steps }))
    assert.deepStrictEqual(
      marks.map(({ state, took }) => `${state} ${took ?? ""}`.trim()),
      ["done 10", "done 10", "done 19", "now", "later", "later", "later", "later"]
    )
  })

  it("of one that completed are all done", () => {
    assert.isTrue(phaseMarks(migration({ phase: "completed" })).every(({ state }) => state === "done"))
  })

  it("of one that went back end where it turned, and then say what became of it", () => {
    const steps = [step("inspect", 0, 1), step("precopy", 1, 2), step("resume", 3, 4)]
    assert.deepStrictEqual(states({ phase: "cancelled", cause: "it was cancelled", steps }), [
      "queued done",
      "preflight done",
      "setup done",
      "pre-copy done",
      "pre-switchover skipped",
      "switchover skipped",
      "finishing skipped",
      "cancelled done"
    ])
    assert.strictEqual(states({ phase: "cancelling", steps }).at(-1), "cancelling now")
    assert.deepStrictEqual(states({ phase: "refused" }).slice(0, 2), ["queued done", "preflight skipped"])
  })
})

describe("the verdict", () => {
  const text = (over: Partial<Migration>) => {
    const { title, text: said } = verdictOf(migration(over), noon + 1000) ?? { title: "nothing", text: "" }
    return `${title}: ${said}`
  }

  it("says how it ended, and who has the guest", () => {
    const endedAt = noon + 1500
    assert.strictEqual(
      text({ phase: "completed", endedAt, verdict: { outcome: "completed", guest: "destination", reason: "" } }),
      "Completed after 1.5 s: web-1 is on beta."
    )
    assert.strictEqual(
      text({ phase: "failed", endedAt, verdict: { outcome: "failed", guest: "source", reason: "stop failed" } }),
      "Failed after 1.5 s: stop failed. web-1 is on alpha."
    )
    assert.strictEqual(
      text({ phase: "cancelled", endedAt, verdict: { outcome: "cancelled", guest: "source", reason: "" } }),
      "Cancelled after 1.5 s: web-1 is on alpha."
    )
  })

  it("of one that waits says for what", () => {
    const waiting = [{ code: "fleet.limit", reason: "alpha has 4 running, which is its limit", untilAt: null }]
    assert.strictEqual(text({ waiting }), "Waits for its turn: alpha has 4 running, which is its limit.")
    assert.strictEqual(text({ waiting: [] }), "Waits for its turn: It is about to start.")
    assert.strictEqual(
      text({ attempt: 1, retryAt: noon + 3000, lastReason: "drain failed", waiting: [] }),
      "Waits for its turn: Attempt 2 in 2.0 s; the last one: drain failed."
    )
  })

  it("of one that runs is nothing that the phases do not say, unless it goes back", () => {
    assert.isUndefined(verdictOf(migration({ phase: "pre-copy" }), noon))
    assert.strictEqual(text({ phase: "recovering", cause: "load failed" }), "It goes back to the source: load failed.")
  })
})

it("the parts of a downtime are in their order, and their shares are the whole", () => {
  const downtime: Downtime = {
    whole: 1000,
    drain: 100,
    stop: 200,
    save: 50,
    transfer: 50,
    load: 100,
    verify: 100,
    vote: 100,
    commit: 0,
    resume: 250,
    other: 50
  }
  const parts = partsOf(downtime)
  assert.deepStrictEqual(
    parts.map(({ cause }) => cause),
    ["drain", "stop", "save", "transfer", "load", "verify", "vote", "commit", "resume", "other"]
  )
  assert.approximately(
    parts.reduce((sum, { share }) => sum + share, 0),
    1,
    1e-9
  )
  assert.isTrue(partsOf({ ...downtime, whole: 0 }).every(({ share }) => share === 0))
})

it("an event is one line of what is new in it", () => {
  const event = (payload: unknown) => ({
    sequence: 1,
    stream: "migration/m-1",
    type: "StepDone",
    time: 0,
    correlation: "m-1",
    causation: null,
    payload
  })
  assert.strictEqual(
    eventText(
      event({ _tag: "StepDone", step: "stop", moved: null, ended: 5, lanes: [{ name: "main" }], many: [1, 2, 3, 4, 5] })
    ),
    "step stop, ended 5, lanes {name main}, many (5)"
  )
  assert.strictEqual(eventText(event({ step: "stop", began: 1000, ended: 13_400 })), "step stop, took 12.4 ms")
  const place = (stream: string) => placeText({ ...event(null), stream }, "m-1")
  assert.deepStrictEqual(["migration/m-1", "migration/m-1.2", "migration/m-12", "fleet/main"].map(place), [
    "attempt 1",
    "attempt 2",
    "migration/m-12",
    "fleet/main"
  ])
  assert.deepStrictEqual([eventText(event(null)), eventText(event("text"))], ["", "text"])
})
