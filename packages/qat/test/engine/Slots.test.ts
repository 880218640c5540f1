/** What the response ring tells after a crash, for drivers that mark the slots they have taken and for those that overwrite them. */
import { assert, it } from "@effect/vitest"
import { isStale, missing } from "../../src/engine/Slots.ts"

const response = (opaque: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => (at === 3 ? 0x80 : at === 8 ? opaque : 0))
const responses = [1, 2, 3].map(response)

type Slot = "old" | "blank" | "whole" | "marked" | "half"

/** A slot: a taken response of an earlier lap, overwritten, a response, one that was marked as taken, one without its first word yet. */
const slotOf = (kind: Slot, at: number): Uint8Array => {
  const bytes = kind === "old" ? response(0x40 + at) : response(at + 1)
  if (kind === "blank") return bytes.fill(0x7f)
  if (kind !== "whole") bytes.fill(0x7f, 0, 4)
  return bytes
}

const judge = (before: Slot, ...slots: ReadonlyArray<Slot>) => missing(responses, slots.map(slotOf), slotOf(before, 9))

it("a slot is stale if all but its first word is the response that is to come", () => {
  const slots = new Uint8Array(96)
  slots.set(slotOf("marked", 1), 32)
  slots.set(slotOf("old", 2), 64)
  assert.deepStrictEqual(
    responses.map((each, at) => isStale(slots, 32 * at, each)),
    [false, true, false]
  )
})

it("nothing was written: all are missing", () => {
  assert.deepStrictEqual(judge("old", "old", "old", "old"), [true, true, true])
  assert.deepStrictEqual(judge("blank", "blank", "blank", "blank"), [true, true, true])
})

it("what stands there is not written again, what is behind it is", () => {
  assert.deepStrictEqual(judge("old", "whole", "whole", "old"), [false, false, true])
  assert.deepStrictEqual(judge("blank", "whole", "blank", "blank"), [false, true, true])
})

it("taken by a driver that marks: not missing", () => {
  assert.deepStrictEqual(judge("old", "marked", "marked", "old"), [false, false, true])
  assert.deepStrictEqual(judge("old", "marked", "whole", "old"), [false, false, true])
})

it("taken by a driver that overwrites: not missing where a later one shows", () => {
  assert.deepStrictEqual(judge("blank", "blank", "whole", "blank"), [false, false, true])
})

it("half written under a driver that overwrites: missing", () => {
  assert.deepStrictEqual(judge("blank", "half", "blank", "blank"), [true, true, true])
  assert.deepStrictEqual(judge("blank", "blank", "half", "blank"), [false, true, true])
})

it("half written behind a response that was not taken: missing", () => {
  assert.deepStrictEqual(judge("old", "whole", "half", "old"), [false, true, true])
  assert.deepStrictEqual(judge("whole", "half", "old", "old"), [true, true, true])
})
