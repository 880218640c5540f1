/** Register writes that are decided together, against the same decided one by one: same events, answers and state, whatever the writes. */
import { assert, describe, it } from "@effect/vitest"
import { Vf, type VfCommand, type VfEvent, type VfState } from "@stopcopy/qat"
import { FastCheck as fc, Schema } from "effect"
import { busy, life } from "./driver/lives.ts"
import { opened } from "./driver/vf.ts"

const jsonOf = Schema.encodeSync(Vf.behavior.state)

interface Told {
  readonly events: ReadonlyArray<VfEvent>
  readonly state: VfState.Vf
}

const oneByOne = (start: VfState.Vf, commands: ReadonlyArray<VfCommand>): Told => {
  let state = start
  const events: Array<VfEvent> = []
  for (const command of commands) {
    for (const event of Vf.behavior.decide(state, command).events) {
      state = Vf.behavior.evolve(state, event)
      events.push(event)
    }
  }
  return { events, state }
}

/** Runs where there are any, and one by one what they leave; how many commands were in runs. */
const inRuns = (start: VfState.Vf, commands: ReadonlyArray<VfCommand>): Told & { readonly run: number } => {
  let state = start
  const events: Array<VfEvent> = []
  let run = 0
  for (let at = 0; at < commands.length;) {
    const found = Vf.behavior.run(state, commands, at)
    const told = found ?? oneByOne(state, commands.slice(at, at + 1))
    events.push(...told.events)
    state = told.state
    at += found?.events.length ?? 1
    run += found?.events.length ?? 0
  }
  return { events, state, run }
}

const commandsOf = (writes: ReadonlyArray<{ readonly bar: 0 | 2; readonly offset: number; readonly value: number }>) =>
  writes.map((write): VfCommand => ({ _tag: "WriteRegister", ...write }))

describe("runs of register writes", () => {
  for (const registerModel of ["memory", "derived", "device"] as const) {
    it(`are what the writes give one by one: ${registerModel}`, () => {
      let inRun = 0
      let raised = 0
      fc.assert(
        fc.property(life, life, (first, second) => {
          const commands = commandsOf([...busy, ...first, { bar: 0, offset: -4, value: 0 }, ...second])
          const { state } = opened({ registerModel })
          const [expected, found] = [oneByOne(state, commands), inRuns(state, commands)]
          assert.deepStrictEqual(found.events, expected.events)
          assert.strictEqual(jsonOf(found.state), jsonOf(expected.state))
          inRun += found.run
          raised += expected.events.filter(({ _tag }) => _tag === "InterruptRaised").length
        }),
        { numRuns: 200 }
      )
      assert.isAbove(inRun, 1000)
      if (registerModel === "device") assert.isAbove(raised, 100)
    })
  }

  it("does not begin where the VF is not open, or with another command", () => {
    const { state } = opened({ registerModel: "device" })
    const [write] = commandsOf(busy)
    if (write === undefined) return assert.fail("no write")
    assert.isUndefined(Vf.behavior.run({ ...state, lifecycle: "bound" }, [write], 0))
    assert.isUndefined(Vf.behavior.run(state, [{ _tag: "Close" }, write], 0))
    assert.isUndefined(Vf.behavior.run(state, [write], 1))
  })
})
