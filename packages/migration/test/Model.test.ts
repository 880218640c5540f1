/** Random orders of outcomes, deaths, cancels and verdicts never lead to two sides that run, and every path ends. */
import { assert, describe, it } from "@effect/vitest"
import {
  behavior,
  initial,
  isEnd,
  isInDoubt,
  type Migration,
  type MigrationCommand,
  next,
  type Order,
  resolutions
} from "@stopcopy/migration"
import { Either, FastCheck as fc } from "effect"
import { type Luck, Model } from "./support/Model.ts"

const order: Order = {
  source: "alpha",
  destination: "beta",
  members: [{ source: "pf0/vf0", destination: "pf0/vf0" }],
  limits: { downtimeMillis: 1000, whenOver: { _tag: "Abort" } }
}

/** One thing that happens. `pick` chooses among lanes and verdicts. */
type Happening =
  | { readonly _tag: "Act"; readonly luck: Luck; readonly pick: number }
  | { readonly _tag: "Cancel" | "CheckClock" | "RestartSource" | "RestartDestination" | "Stray" }
  | { readonly _tag: "Resolve"; readonly pick: number }

const pick = fc.nat(3)
const luck: fc.Arbitrary<Luck> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Luck>("done") },
  { weight: 1, arbitrary: fc.constantFrom<Luck>("lost", "missed", "refused") }
)
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ _tag: fc.constant<"Act">("Act"), luck, pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      _tag: fc.constantFrom(...(["Cancel", "CheckClock", "RestartSource", "RestartDestination", "Stray"] as const))
    })
  },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant<"Resolve">("Resolve"), pick }) }
)

/** A migration over the model. */
class Run {
  readonly model = new Model()
  state: Migration = initial

  constructor() {
    this.ask({ _tag: "Submit", order })
    this.ask({ _tag: "Start" })
  }

  ask(command: MigrationCommand): void {
    const { events } = behavior.decide(this.state, command)
    this.state = events.reduce(behavior.evolve, this.state)
    this.check()
  }

  private check(): void {
    const { cause, committed, phase } = this.state
    assert.isFalse(this.model.runs("source") && this.model.runs("destination"), `two sides run in ${phase}`)
    // Behind the commit nothing leads back but an operator.
    if (committed && cause !== null) assert.strictEqual(cause._tag, "Resolved")
    if (this.model.runs("destination")) assert.isTrue(committed)
    // Whoever is asked in a doubt has something to say.
    if (isInDoubt(this.state)) assert.isNotEmpty(resolutions(this.state))
  }

  act(luck: Luck, at: number): void {
    const actions = next(this.state)
    const action = actions[at % Math.max(1, actions.length)]
    if (action !== undefined) this.ask(this.model.perform(action, luck))
  }

  /** An operator is true to what they vouch for: the side that loses is fenced by hand. */
  resolve(at: number): void {
    const possible = resolutions(this.state)
    const chosen = possible[at % Math.max(1, possible.length)]
    if (chosen === undefined) return
    const loser = this.model[chosen.verdict === "source" ? "destination" : "source"]
    const epoch = Math.max(loser.record.epoch, this.state.epochs?.vote ?? 0)
    Object.assign(loser, { record: { epoch, standing: "fenced", digest: null }, state: "STOP" })
    this.ask({ _tag: "Resolve", verdict: chosen.verdict, by: "a test" })
  }

  happen(one: Happening): void {
    switch (one._tag) {
      case "Act":
        return this.act(one.luck, one.pick)
      case "Resolve":
        return this.resolve(one.pick)
      case "Cancel":
        return this.ask({ _tag: "Cancel", reason: "a test" })
      case "CheckClock":
        return this.ask({ _tag: "CheckClock", at: this.model.time })
      case "RestartSource":
        return this.model.restart("source")
      case "RestartDestination":
        return this.model.restart("destination")
      case "Stray":
        this.model.stray()
        return this.check()
    }
  }

  /** All is well from now on, until it ends. */
  end(): void {
    for (let acts = 0; !isEnd(this.state.phase); acts++) {
      assert.isBelow(acts, 100, `does not end: ${JSON.stringify(this.state.lanes)}`)
      this.act("done", acts)
      if (acts > 60) this.resolve(acts)
    }
  }
}

const settings = { numRuns: 3000 }

/** Long enough to come to the end and beyond. */
const happenings = fc.array(happening, { maxLength: 60, size: "max" })

describe("any order of outcomes", () => {
  it("never lets two sides run, ends, and leaves the guest where the verdict says", () => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(happenings, (all) => {
        const run = new Run()
        for (const one of all) run.happen(one)
        run.end()
        const { cause, left, phase } = run.state
        seen.set(phase, (seen.get(phase) ?? 0) + 1)
        if (left.length > 0) return
        const side = phase === "completed" ? "destination" : "source"
        assert.isTrue(run.model.runs(side), `${phase}: ${JSON.stringify(cause)}`)
        assert.isTrue(run.model[side].guest, `the guest's state is at the ${side}`)
      }),
      settings
    )
    assert.includeMembers([...seen.keys()], ["completed", "failed", "cancelled", "refused"])
  })

  it("a refused migration touched nothing", () => {
    const [run, before] = [new Run(), new Model()]
    run.act("missed", 0)
    assert.strictEqual(run.state.phase, "refused")
    assert.deepStrictEqual([run.model.source, run.model.destination], [before.source, before.destination])
  })

  it("an outcome that comes too late changes nothing", () => {
    fc.assert(
      fc.property(fc.nat(20), (steps) => {
        const run = new Run()
        for (let step = 0; step < steps; step++) run.act("done", 0)
        const [action] = next(run.state)
        if (action === undefined) return
        const late = run.model.perform(action, "done")
        run.ask(late)
        const { events, answer } = behavior.decide(run.state, late)
        assert.deepStrictEqual(events, [])
        assert.isTrue(Either.isRight(answer))
      })
    )
  })
})
