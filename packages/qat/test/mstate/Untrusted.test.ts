/** No bytes at all make the readers of a block throw, loop, or look outside. Ten million more inputs: `pnpm soak`. */
import { assert, it } from "@effect/vitest"
import { attack } from "../support/Attack.ts"
import { inputRoom, nextInput, randomFrom } from "../support/Fuzz.ts"

/** Inputs of this run. */
const inputs = 100_000

it("100,000 random and mutated inputs are read or refused, from inside only, alike by decode, validate and load", () => {
  const tally = attack(1, inputs)
  // The inputs reach the deep places too.
  assert.isAbove(tally.decoded, inputs / 20)
  assert.isAbove(tally.accepted, inputs / 20)
  const codes = ["mstate.setup.magic", "mstate.state.magic", "mstate.section.bounds", "mstate.bnk.missing"]
  for (const code of codes) assert.isAbove(tally.refused.get(code) ?? 0, 10, code)
})

it("the same seed gives the same inputs, another seed others", () => {
  const inputsOf = (seed: number): ReadonlyArray<ReadonlyArray<number>> => {
    const random = randomFrom(seed)
    const bytes = new Uint8Array(inputRoom)
    return Array.from({ length: 20 }, () => Array.from(bytes.subarray(0, nextInput(random, bytes))))
  }
  assert.deepStrictEqual(inputsOf(7), inputsOf(7))
  assert.notDeepEqual(inputsOf(7), inputsOf(8))
})
