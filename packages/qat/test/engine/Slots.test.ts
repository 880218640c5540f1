/** What the response ring tells after a crash, for drivers that mark the slots they have taken and for those that overwrite them. */
import { assert, describe, it } from "@effect/vitest"
import { firstMissing, isStale } from "../../src/engine/Slots.ts"
import { Stage, stageIn, witness } from "../../src/engine/Witness.ts"

const response = (opaque: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => (at === 3 ? 0x80 : at === 8 ? opaque : 0))
const responses = [1, 2, 3].map(response)

type Slot = "old" | "blank" | "whole" | "marked"

/** A slot: a taken response of an earlier lap, overwritten, a response, one without its first word (not given yet, or marked as taken). */
const slotOf = (kind: Slot, at: number): Uint8Array => {
  const bytes = kind === "old" ? response(0x40 + at) : response(at + 1)
  if (kind === "blank") return bytes.fill(0x7f)
  if (kind !== "whole") bytes.fill(0x7f, 0, 4)
  return bytes
}

const judge = (stage: Stage, before: Slot, ...slots: ReadonlyArray<Slot>) =>
  firstMissing(responses, slots.map(slotOf), slotOf(before, 9), stage)

it("a slot is stale if it has command and number of the response that is to come", () => {
  const slots = new Uint8Array(96)
  slots.set(slotOf("marked", 1), 32)
  slots.set(slotOf("old", 2), 64)
  assert.deepStrictEqual(
    responses.map((each, at) => isStale(slots, 32 * at, each)),
    [false, true, false]
  )
})

/** What the witness says, the slot before the burst, its slots; the first response that is missing. */
const rows: ReadonlyArray<readonly [Stage, Slot, readonly [Slot, Slot, Slot], number]> = [
  // Nothing was written.
  [Stage.none, "old", ["old", "old", "old"], 0],
  [Stage.none, "blank", ["blank", "blank", "blank"], 0],
  // The rest of the first, of the second: neither is given.
  [Stage.none, "old", ["marked", "old", "old"], 0],
  [Stage.none, "blank", ["marked", "marked", "blank"], 0],
  // The first is given, and the rest of the third is there.
  [Stage.none, "old", ["whole", "marked", "old"], 1],
  [Stage.none, "blank", ["whole", "marked", "marked"], 1],
  [Stage.none, "blank", ["whole", "whole", "marked"], 2],
  // Taken by a driver that overwrites.
  [Stage.none, "blank", ["blank", "marked", "blank"], 1],
  [Stage.none, "blank", ["blank", "marked", "marked"], 1],
  [Stage.none, "blank", ["blank", "blank", "marked"], 2],
  [Stage.lastPending, "blank", ["blank", "blank", "marked"], 2],
  [Stage.lastPending, "blank", ["blank", "blank", "blank"], 3],
  // Taken by a driver that marks; who has taken the one before may have taken this one, and is not given it twice.
  [Stage.none, "old", ["marked", "marked", "marked"], 2],
  [Stage.lastPending, "old", ["whole", "whole", "marked"], 2],
  [Stage.lastPending, "old", ["marked", "marked", "marked"], 3],
  // Given, all of them.
  [Stage.lastPending, "old", ["whole", "whole", "whole"], 3],
  [Stage.all, "old", ["marked", "marked", "marked"], 3],
  [Stage.all, "blank", ["blank", "blank", "blank"], 3]
]

describe("the first response that is missing", () => {
  for (const [stage, before, slots, expected] of rows) {
    it(`stage ${stage}, behind ${before}: ${slots.join(", ")}`, () => {
      assert.strictEqual(judge(stage, before, ...slots), expected)
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
