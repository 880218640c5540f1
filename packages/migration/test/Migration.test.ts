/** The decider: given events, when a command, then events and an answer. */
import { given } from "@stopcopy/runtime/testing"
import { assert, describe, it } from "@effect/vitest"
import {
  behavior,
  type Failure,
  forward,
  type MigrationCommand,
  type MigrationEvent,
  next,
  type Order,
  type Phase,
  resolutions,
  type Step
} from "@stopcopy/migration"
import { describeHost } from "./support/descriptions.ts"

const order: Order = {
  source: "alpha",
  destination: "beta",
  members: [{ source: "pf0/vf0", destination: "pf0/vf0" }],
  limits: { downtimeMillis: 100, whenOver: { _tag: "Abort" } }
}
const epochs = { clear: 8, claim: 9, vote: 10, again: 11 }
const queued: MigrationEvent = { _tag: "Queued", order }
const lane = (name: "main" | "source" | "destination", steps: readonly [Step, ...Array<Step>]) =>
  ({ name, steps, doubt: null }) as const
const started: MigrationEvent = { _tag: "Started", lanes: [lane("main", forward)] }
const accepted: MigrationEvent = {
  _tag: "Accepted",
  epochs,
  group: [{ source: "pf0/vf0", destination: "pf0/vf0", ownEpoch: 7, flags: 7, socketPath: "/nowhere/vf0.sock" }]
}

/** Everything up to where `step` is next. */
const before = (step: Step): ReadonlyArray<MigrationEvent> => {
  const done = forward
    .slice(0, forward.indexOf(step))
    .map((one, at): MigrationEvent => ({ _tag: "StepDone", step: one, began: at, ended: at + 1, moved: null }))
  const committed: ReadonlyArray<MigrationEvent> =
    forward.indexOf(step) > forward.indexOf("commit") ? [{ _tag: "Committed" }] : []
  return [queued, started, accepted, ...done, ...committed]
}

const failure: Failure = { code: "EINVAL", message: "no", side: "source", device: "pf0/vf0", refusal: null }
const failed = (step: Step): MigrationCommand => ({ _tag: "ReportFailed", step, failure })
const cancel: MigrationCommand = { _tag: "Cancel", reason: "not now" }
const done = (step: Step): MigrationCommand => ({
  _tag: "ReportDone",
  step,
  began: 50,
  ended: 51,
  outcome: { _tag: "Plain" }
})

const expectDecision = (
  past: ReadonlyArray<MigrationEvent>,
  command: MigrationCommand,
  phase: Phase,
  ...events: ReadonlyArray<MigrationEvent>
) =>
  given(behavior, past)
    .when(command)
    .expectEvents(...events)
    .expectAnswer(phase)

const expectDenied = (past: ReadonlyArray<MigrationEvent>, command: MigrationCommand) =>
  given(behavior, past).when(command).expectEvents().expectRefusal({ _tag: "MigrationDenied" })

describe("the way there", () => {
  it("takes an order once", () => {
    expectDecision([], { _tag: "Submit", order }, "queued", queued)
    expectDecision([queued], { _tag: "Submit", order }, "queued")
    expectDenied([queued], { _tag: "Submit", order: { ...order, destination: "gamma" } })
    expectDenied([], { _tag: "Start" })
  })

  it("chooses epochs above all of the group", () => {
    const source = describeHost({ host: "alpha", vfs: [{ epoch: 7 }] })
    const destination = describeHost({ host: "beta", vfs: [{ epoch: 3 }] })
    const outcome = { _tag: "Inspected", source, destination } as const
    const report: MigrationCommand = { _tag: "ReportDone", step: "inspect", began: 1, ended: 2, outcome }
    const looked: MigrationEvent = { _tag: "StepDone", step: "inspect", began: 1, ended: 2, moved: null }
    expectDecision([queued, started], report, "setup", accepted, looked)
  })

  it("names the calls of every step, under its epoch", () => {
    const calls = forward.flatMap((step) =>
      next(given(behavior, before(step)).state).flatMap(({ deed, targets }) =>
        "side" in deed ? [[step, deed.side, targets[0]?.epoch] as const] : []
      )
    )
    assert.deepStrictEqual(calls, [
      ["clear", "destination", 8],
      ["empty", "destination", 8],
      ["claim", "destination", 9],
      ["take", "destination", 9],
      ["receive", "destination", 9],
      ["precopy", "source", 7],
      ["drain", "source", 7],
      ["stop", "source", 7],
      ["load", "destination", 9],
      ["vote", "destination", 10],
      ["fence", "source", 10],
      ["adopt", "destination", 10],
      ["wake", "destination", 10],
      ["run", "destination", 10],
      ["retire", "source", 10]
    ])
  })
})

/** Where the way back begins, by the step that is under way. */
const ways: ReadonlyArray<readonly [Step, ReadonlyArray<Step>, ReadonlyArray<Step>]> = [
  ["clear", [], ["withdraw", "free"]],
  ["receive", [], ["withdraw", "free"]],
  ["precopy", ["resume"], ["withdraw", "free"]],
  ["judge", ["resume"], ["withdraw", "free"]],
  ["drain", ["settle", "resume"], ["withdraw", "free"]],
  ["stop", ["halt", "settle", "resume"], ["withdraw", "free"]],
  ["commit", ["halt", "settle", "resume"], ["withdraw", "free"]]
]

describe("the way back", () => {
  for (const [step, source, destination] of ways) {
    it(`from ${step} undoes what may have begun`, () => {
      for (const command of [failed(step), cancel]) {
        const { answer, state } = given(behavior, before(step)).when(command)
        const wanted = command._tag === "Cancel" ? "cancelling" : "recovering"
        assert.deepStrictEqual([answer._tag, state.phase], ["Right", wanted])
        const steps = (name: string) => state.lanes.find((one) => one.name === name)?.steps ?? []
        assert.deepStrictEqual([[...steps("source")], [...steps("destination")]], [[...source], [...destination]])
      }
    })
  }

  it("a preflight that cannot look refuses; a cancel before anything was touched ends at once", () => {
    const phase = (past: ReadonlyArray<MigrationEvent>, command: MigrationCommand) =>
      given(behavior, past).when(command).state.phase
    assert.strictEqual(phase([queued, started], failed("inspect")), "refused")
    assert.strictEqual(phase([queued, started], cancel), "cancelled")
    assert.strictEqual(phase([queued], cancel), "cancelled")
  })

  it("is not open behind the commit", () => {
    for (const step of ["fence", "adopt", "wake", "run", "retire"] as const) {
      expectDenied(before(step), cancel)
      expectDecision(before(step), failed(step), "finishing", { _tag: "Doubted", step, failure })
    }
  })

  it("leads a guest that stood still for too long back, when somebody looks at the clock", () => {
    const late: MigrationCommand = { _tag: "CheckClock", at: 200_000 }
    const { state } = given(behavior, before("transfer")).when(late)
    assert.deepInclude(state, { phase: "recovering" })
    assert.deepInclude(state.cause, { _tag: "StoodTooLong", millis: 200, limitMillis: 100 })
    given(behavior, before("transfer")).when({ _tag: "CheckClock", at: 20_000 }).expectEvents()
    given(behavior, before("judge")).when(late).expectEvents()
    given(behavior, before("fence")).when(late).expectEvents()
  })
})

describe("doubt", () => {
  const doubted = (step: Step): ReadonlyArray<MigrationEvent> => [...before(step), { _tag: "Doubted", step, failure }]
  const verdicts = (step: Step) => resolutions(given(behavior, doubted(step)).state).map(({ verdict }) => verdict)

  it("is recorded once, and ends with the step", () => {
    given(behavior, doubted("fence")).when(failed("fence")).expectEvents()
    const { state } = given(behavior, doubted("fence")).when(done("fence"))
    assert.isNull(state.lanes[0]?.doubt)
  })

  it("leaves the verdicts that the state allows", () => {
    assert.deepStrictEqual(verdicts("fence"), ["destination", "source"])
    assert.deepStrictEqual(verdicts("adopt"), ["source"])
    assert.deepStrictEqual(verdicts("run"), ["source"])
    assert.deepStrictEqual(verdicts("retire"), ["destination"])
    const back: ReadonlyArray<MigrationEvent> = [
      ...before("transfer"),
      {
        _tag: "TurnedBack",
        cause: { _tag: "StepFailed", step: "transfer", failure },
        phase: "recovering",
        lanes: [lane("source", ["halt"])]
      },
      { _tag: "Doubted", step: "halt", failure }
    ]
    assert.deepStrictEqual(
      resolutions(given(behavior, back).state).map(({ verdict }) => verdict),
      ["source"]
    )
  })

  it("spells out what an operator vouches for", () => {
    for (const { consequences, verdict } of resolutions(given(behavior, doubted("fence")).state)) {
      assert.include(consequences, `the guest goes on at the ${verdict}`.slice(4))
      assert.include(consequences, "if they do run, there are two guests")
    }
  })

  it("cannot be resolved to a side that cannot have the guest, or where there is none", () => {
    const by = { by: "an operator" }
    expectDenied(doubted("run"), { _tag: "Resolve", verdict: "destination", ...by })
    expectDenied(doubted("retire"), { _tag: "Resolve", verdict: "source", ...by })
    expectDenied(before("fence"), { _tag: "Resolve", verdict: "source", ...by })
  })

  it("skips what cannot be done on the side that is vouched for, and says so at the end", () => {
    const outcome = given(behavior, doubted("fence"))
      .when({ _tag: "Resolve", verdict: "destination", by: "an operator" })
      .when(failed("fence"))
      .expectEvents({ _tag: "StepSkipped", step: "fence", failure })
      .when(done("adopt"))
      .when(done("wake"))
      .when(done("run"))
      .when(failed("retire"))
      .expectAnswer("completed")
    assert.deepStrictEqual(
      outcome.state.left.map(({ step }) => step),
      ["fence", "retire"]
    )
  })

  it("gives the guest back to the source: the destination fenced first, then the source at a newer epoch", () => {
    const { state } = given(behavior, doubted("adopt")).when({ _tag: "Resolve", verdict: "source", by: "an operator" })
    assert.deepStrictEqual(
      [...(state.lanes[0]?.steps ?? [])],
      [...(["revoke", "fence", "regrant", "retake", "rewake", "rerun", "discard"] as const)]
    )
    assert.deepInclude(state, { phase: "recovering", cause: { _tag: "Resolved", by: "an operator" } })
    assert.deepStrictEqual(next(state)[0]?.targets[0]?.epoch, 11)
  })
})
