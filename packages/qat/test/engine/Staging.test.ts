/** What a burst keeps is what it was given, until it is released; then the memory is the next one's. */
import { assert, it } from "@effect/vitest"
import { Staging } from "../../src/engine/Staging.ts"

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

it("large pieces are copied one behind the other, small ones stay where they are", () => {
  const staging = new Staging()
  const [first, second, small] = [filled(5000, 1), filled(9000, 2), filled(64, 3)]
  const [one, two] = [staging.keep(first), staging.keep(second)]
  assert.strictEqual(staging.keep(small), small)
  first.fill(9)
  second.fill(9)
  assert.deepStrictEqual([one, two], [filled(5000, 1), filled(9000, 2)])
  assert.strictEqual(one.buffer, two.buffer)
})

it("what has no room stays where it is", () => {
  const staging = new Staging()
  const most = staging.keep(filled(1 << 21, 1))
  const more = filled(4096, 2)
  assert.strictEqual(staging.keep(more), more)
  assert.deepStrictEqual(most.subarray(0, 4), filled(4, 1))
})

it("released memory is used again, memory that is not released is not", () => {
  const released = new Staging()
  const { buffer } = released.keep(filled(4096, 1))
  released.release()
  const held = new Staging()
  const mine = held.keep(filled(4096, 2))
  assert.strictEqual(mine.buffer, buffer)
  const other = new Staging()
  assert.notStrictEqual(other.keep(filled(4096, 3)).buffer, buffer)
  assert.deepStrictEqual(mine, filled(4096, 2))
  // One that has given its memory back has none any more.
  const late = filled(4096, 4)
  assert.strictEqual(released.keep(late), late)
})
