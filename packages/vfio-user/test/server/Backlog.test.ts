/** What waits keeps its own bytes, also of a `Buffer`, whose `slice` copies nothing. */
import { assert, it } from "@effect/vitest"
import { Backlog } from "../../src/server/Backlog.ts"

it("a message of a Buffer is copied, and its view is of the copy", () => {
  const backlog = new Backlog()
  const chunk = Buffer.from([0, 0, 1, 2, 3, 4]).subarray(1)
  backlog.push(chunk, 1, 5, [])
  chunk.fill(9)
  const waiting = backlog.shift()
  assert.deepStrictEqual(waiting?.bytes, Uint8Array.of(1, 2, 3, 4))
  assert.deepStrictEqual([waiting?.view.byteLength, waiting?.view.getUint32(0, true)], [4, 0x0403_0201])
})
