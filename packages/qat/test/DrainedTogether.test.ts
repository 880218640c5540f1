/** Banks that have nothing to wait for are stopped in one turn, up to the first that has got something meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import type { VfCommand, VfEvent } from "@stopcopy/qat"
import * as Vf from "./driver/vf.ts"

/** One response of this bank that is not in guest memory yet. */
const executed = (bank: number): VfEvent => ({
  _tag: "RequestsExecuted",
  bank,
  generation: 0,
  from: 0,
  head: 128,
  tail: 32,
  count: 1,
  outcomes: ""
})

const suspending = (...past: ReadonlyArray<VfEvent>): Vf.At =>
  Vf.opened({ registerModel: "device" }, ...past).when({ _tag: "SetState", requested: 5, ...Vf.surroundings() })

const drained = (bank: number, until?: number): VfCommand => ({
  _tag: "DrainEnded",
  operation: 0,
  bank,
  drained: true,
  ...(until === undefined ? {} : { until }),
  ...Vf.surroundings()
})

const banksOf = (events: ReadonlyArray<VfEvent>) =>
  events.flatMap((event) => (event._tag === "BankDrained" ? [event.bank] : []))

describe("an outcome for several banks", () => {
  it("stops them all, and ends the walk", () => {
    const done = suspending().when(drained(0, 3))
    assert.deepStrictEqual(banksOf(done.events), [0, 1, 2, 3])
    assert.strictEqual(done.state.migrationState, "RUNNING_P2P")
    assert.isNull(done.state.operation)
  })

  it("gives the state that one outcome for each gives", () => {
    const together = suspending().when(drained(0, 3)).state
    const one = [0, 1, 2, 3].reduce<Vf.At>((at, bank) => at.when(drained(bank)), suspending()).state
    assert.deepStrictEqual(together, one)
  })

  it("waits for a bank that has something to place by then", () => {
    const done = suspending(executed(2)).when(drained(0, 3))
    assert.deepStrictEqual(banksOf(done.events), [0, 1])
    assert.deepStrictEqual(done.state.operation?.waiting, { _tag: "Drain", bank: 2 })
    assert.strictEqual(done.state.migrationState, "RUNNING")
  })

  it("counts for no bank that there is not, and for none before its own", () => {
    assert.deepStrictEqual(banksOf(suspending().when(drained(0, 99)).events), [0, 1, 2, 3])
    const first = suspending().when(drained(0, -1))
    assert.deepStrictEqual(banksOf(first.events), [0])
    assert.deepStrictEqual(first.state.operation?.waiting, { _tag: "Drain", bank: 1 })
  })
})
