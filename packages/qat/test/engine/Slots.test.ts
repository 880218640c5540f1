/** What the response ring tells after a crash, for drivers that mark the slots they have taken and for those that overwrite them. */
import { assert, describe, it } from "@effect/vitest"
import { firstMissing, isStale, traceOf } from "../../src/engine/Slots.ts"
import { Stage, stageIn, witness } from "../../src/engine/Witness.ts"

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

const judge = (stage: Stage, ...slots: ReadonlyArray<Slot>) => firstMissing(responses, slots.map(slotOf), stage)

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

/** What the witness says, the slots of the burst; the first response that is missing. */
const rows: ReadonlyArray<readonly [Stage, readonly [Slot, Slot, Slot], number]> = [
  // Nothing was written.
  [Stage.none, ["old", "old", "old"], 0],
  [Stage.none, ["blank", "blank", "blank"], 0],
  // Traces of the first, of the second: neither is given.
  [Stage.none, ["trace", "old", "old"], 0],
  [Stage.none, ["trace", "trace", "blank"], 0],
  // The first is given, the third has its trace.
  [Stage.none, ["whole", "trace", "old"], 1],
  [Stage.none, ["whole", "trace", "trace"], 1],
  [Stage.none, ["whole", "whole", "trace"], 2],
  [Stage.lastPending, ["whole", "whole", "trace"], 2],
  [Stage.lastPending, ["whole", "whole", "whole"], 3],
  // Taken by a driver that overwrites.
  [Stage.none, ["blank", "trace", "blank"], 1],
  [Stage.none, ["blank", "trace", "trace"], 1],
  [Stage.none, ["blank", "blank", "trace"], 2],
  [Stage.lastPending, ["blank", "blank", "trace"], 2],
  [Stage.lastPending, ["blank", "blank", "blank"], 3],
  // Taken by a driver that marks.
  [Stage.none, ["marked", "trace", "old"], 1],
  [Stage.none, ["marked", "trace", "trace"], 1],
  [Stage.none, ["marked", "marked", "trace"], 2],
  [Stage.lastPending, ["marked", "marked", "trace"], 2],
  [Stage.lastPending, ["marked", "marked", "marked"], 3],
  // Given, all of them.
  [Stage.all, ["marked", "marked", "marked"], 3],
  [Stage.all, ["blank", "blank", "blank"], 3]
]

describe("the first response that is missing", () => {
  for (const [stage, slots, expected] of rows) {
    it(`stage ${stage}: ${slots.join(", ")}`, () => {
      assert.strictEqual(judge(stage, ...slots), expected)
    })
  }
})

it("a witness is of one burst and one stage", () => {
  const burst = { generation: 3, executed: 2 ** 40 }
  const slotWith = (stage: Stage) => Uint8Array.from([0x7f, 0x7f, 0x7f, 0x7f, ...witness(burst, stage)])
  for (const stage of [Stage.lastPending, Stage.all]) {
    assert.strictEqual(stageIn(slotWith(stage), burst), stage)
    assert.strictEqual(stageIn(slotWith(stage), { ...burst, executed: 1 }), Stage.none)
    assert.strictEqual(stageIn(slotWith(stage), { ...burst, generation: 4 }), Stage.none)
  }
  assert.strictEqual(stageIn(slotOf("blank", 0), burst), Stage.none)
})
