/** The stream as it is cut: whole messages in any split, descriptors with theirs, and what is no message as it is. */
import { assert, it } from "@effect/vitest"
import { Message } from "@stopcopy/vfio-user"
import { Cutter, type Piece } from "../../src/record/Cutter.ts"

const first = Message.encodeCommand(1, 4, new Uint8Array(16).fill(1))
const second = Message.encodeCommand(2, 9, new Uint8Array(5).fill(2))
const both = Uint8Array.of(...first, ...second)

const shown = (pieces: ReadonlyArray<Piece>) =>
  pieces.map(({ bytes, descriptors, isMessage }) => [bytes.byteLength, [...descriptors], isMessage])

it("whole messages come out of any split, unchanged", () => {
  for (let cut = 0; cut <= both.byteLength; cut++) {
    const cutter = new Cutter()
    const pieces = [...cutter.take(both.subarray(0, cut), []), ...cutter.take(both.subarray(cut), [])]
    assert.deepStrictEqual(
      pieces.map(({ bytes }) => [...bytes]),
      [[...first], [...second]]
    )
    assert.isUndefined(cutter.rest())
  }
})

it("descriptors are of the last message that starts in their bytes", () => {
  assert.deepStrictEqual(shown(new Cutter().take(both, [7])), [
    [32, [], true],
    [21, [7], true]
  ])
  const cutter = new Cutter()
  assert.deepStrictEqual(shown(cutter.take(both.subarray(0, 40), [7])), [[32, [], true]])
  assert.deepStrictEqual(shown(cutter.take(both.subarray(40), [8])), [[21, [7, 8], true]])
})

it("a size below 16 is a header alone; behind a size that cannot be there are only bytes", () => {
  const small = first.slice()
  new DataView(small.buffer).setUint32(4, 3, true)
  const cutter = new Cutter()
  assert.deepStrictEqual(shown(cutter.take(small.subarray(0, 16), [])), [[16, [], true]])
  const large = first.slice()
  new DataView(large.buffer).setUint32(4, 0x8000_0000, true)
  assert.deepStrictEqual(shown(cutter.take(large, [])), [[32, [], false]])
  assert.deepStrictEqual(shown(cutter.take(second, [9])), [[21, [9], false]])
})

it("what has begun and does not end is the rest", () => {
  const cutter = new Cutter()
  assert.deepStrictEqual(cutter.take(first.subarray(0, 9), [3]), [])
  const rest = cutter.rest()
  assert.deepStrictEqual(rest === undefined ? [] : shown([rest]), [[9, [3], false]])
  assert.isUndefined(cutter.rest())
})
