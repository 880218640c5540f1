/** Asserts a struct's layout: every field alone, set to ones, turns exactly its own bytes to ones. */
import { assert } from "@effect/vitest"

/** A field's name, offset and size (both in bytes), and the value whose bytes are all ones. */
type Row<Value> = readonly [name: keyof Value & string, offset: number, size: number, ones: Partial<Value>]

export const assertLayout = <Value>(
  zero: Value,
  encode: (value: Value) => Uint8Array,
  total: number,
  rows: ReadonlyArray<Row<Value>>
): void => {
  assert.deepStrictEqual([...encode(zero)], [...new Uint8Array(total)])
  for (const [name, offset, size, ones] of rows) {
    const expected = new Uint8Array(total).fill(0xff, offset, offset + size)
    assert.deepStrictEqual([...encode({ ...zero, ...ones })], [...expected], name)
  }
}
