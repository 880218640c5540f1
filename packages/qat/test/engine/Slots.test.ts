/** What a slot of the response ring tells after a crash, for drivers that mark the slots they have taken and for those that overwrite them. */
import { assert, it } from "@effect/vitest"
import { isTrace, tracesOf } from "../../src/engine/Slots.ts"
import { isWitness, witness } from "../../src/engine/Witness.ts"

const response = (opaque: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => (at === 3 ? 0x80 : at === 8 ? opaque : 0))

it("traces are told from responses, from marked and overwritten ones, and from each other", () => {
  const traces = tracesOf([response(1), response(2)])
  const [first, second] = [traces.subarray(0, 32), traces.subarray(32)]
  assert.isTrue(isTrace(first, response(1)))
  assert.isTrue(isTrace(second, response(2)))
  assert.isFalse(isTrace(second, response(1)))
  const marked = response(1).fill(0x7f, 0, 4)
  for (const slot of [response(1), marked, new Uint8Array(32).fill(0x7f)]) assert.isFalse(isTrace(slot, response(1)))
})

it("the first word of a trace is that of an empty slot", () => {
  assert.deepStrictEqual([...tracesOf([response(1)]).subarray(0, 4)], [0x7f, 0x7f, 0x7f, 0x7f])
})

it("the rest of a response without its first 8 bytes is its trace still", () => {
  const slot = tracesOf([response(1)])
  slot.set(response(1).subarray(8), 8)
  assert.isTrue(isTrace(slot, response(1)))
})

it("a witness is of one burst", () => {
  const burst = { generation: 3, executed: 2 ** 40 }
  const slot = Uint8Array.from([0x7f, 0x7f, 0x7f, 0x7f, ...witness(burst)])
  assert.isTrue(isWitness(slot, burst))
  assert.isFalse(isWitness(slot, { ...burst, executed: 1 }))
  assert.isFalse(isWitness(slot, { ...burst, generation: 4 }))
  assert.isFalse(isWitness(new Uint8Array(32).fill(0x7f), burst))
})
