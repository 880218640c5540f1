/** What the response ring tells after a crash, for drivers that mark the slots they have taken and for those that overwrite them. */
import { assert, describe, it } from "@effect/vitest"
import { firstMissing, isStale, traceOf } from "../../src/engine/Slots.ts"
import { isWitness, witness } from "../../src/engine/Witness.ts"

const response = (opaque: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => (at === 3 ? 0x80 : at === 8 ? opaque : 0))
const responses = [1, 2, 3].map(response)

type Slot = "old" | "blank" | "whole" | "marked" | "trace"

/** A slot: a taken response of an earlier lap, overwritten, a response, one that was marked as taken, the trace of one. */
const slotOf = (kind: Slot, at: number): Uint8Array => {
  const bytes = kind === "old" ? response(0x40 + at) : response(at + 1)
  if (kind === "blank") return bytes.fill(0x7f)
  if (kind === "trace") {
    const slot = new Uint8Array(32).fill(0x7f)
    slot.set(traceOf(bytes), 4)
    return slot
  }
  if (kind !== "whole") bytes.fill(0x7f, 0, 4)
  return bytes
}

const judge = (isWitnessed: boolean, ...slots: ReadonlyArray<Slot>) =>
  firstMissing(responses, slots.map(slotOf), isWitnessed)

it("a slot is stale if it has command and number of the response that is to come", () => {
  const slots = new Uint8Array(128)
  slots.set(slotOf("marked", 1), 32)
  slots.set(slotOf("old", 2), 64)
  slots.set(slotOf("trace", 2), 96)
  assert.deepStrictEqual(
    [1, 2, 3, 3].map((opaque, at) => isStale(slots, 32 * at, response(opaque))),
    [false, true, false, true]
  )
})

/** Whether the witness is there, the slots of the burst; the first response that is missing. */
const rows: ReadonlyArray<readonly [boolean, readonly [Slot, Slot, Slot], number]> = [
  // Nothing was written.
  [false, ["old", "old", "old"], 0],
  [false, ["blank", "blank", "blank"], 0],
  // Traces of the first, of the second: neither is given.
  [false, ["trace", "old", "old"], 0],
  [false, ["trace", "trace", "blank"], 0],
  // The first is given, the third has its trace.
  [false, ["whole", "trace", "old"], 1],
  [false, ["whole", "trace", "trace"], 1],
  [false, ["whole", "whole", "trace"], 2],
  [true, ["whole", "whole", "trace"], 2],
  [true, ["whole", "whole", "whole"], 3],
  // Taken by a driver that overwrites.
  [false, ["blank", "trace", "blank"], 1],
  [false, ["blank", "trace", "trace"], 1],
  [false, ["blank", "blank", "trace"], 2],
  [true, ["blank", "blank", "trace"], 2],
  [true, ["blank", "blank", "blank"], 3],
  // Taken by a driver that marks.
  [false, ["marked", "trace", "old"], 1],
  [false, ["marked", "trace", "trace"], 1],
  [false, ["marked", "marked", "trace"], 2],
  [true, ["marked", "marked", "trace"], 2],
  [true, ["marked", "marked", "marked"], 3]
]

describe("the first response that is missing", () => {
  for (const [isWitnessed, slots, expected] of rows) {
    it(`${isWitnessed ? "a witness" : "no witness"}: ${slots.join(", ")}`, () => {
      assert.strictEqual(judge(isWitnessed, ...slots), expected)
    })
  }
})

it("a witness is of one burst", () => {
  const burst = { generation: 3, executed: 2 ** 40 }
  const slot = Uint8Array.from([0x7f, 0x7f, 0x7f, 0x7f, ...witness(burst)])
  assert.isTrue(isWitness(slot, burst))
  assert.isFalse(isWitness(slot, { ...burst, executed: 1 }))
  assert.isFalse(isWitness(slot, { ...burst, generation: 4 }))
  assert.isFalse(isWitness(slotOf("blank", 0), burst))
})
