/** NULL requests: success for the one command, an error that every driver sees for others. */
import { assert, it } from "@effect/vitest"
import { decodeRequest, encodeResponse } from "../../src/engine/Message.ts"
import { nullRequest } from "../../src/engine/Null.ts"

const answerTo = (command: number): ReadonlyArray<number> => {
  // What DPDK leaves of the request it did not send: all but service and command.
  const bytes = Uint8Array.from({ length: 128 }, (_, index) => index)
  bytes.set([0, command, 0, 0x80])
  const request = decodeRequest(bytes)
  return [...encodeResponse(request, nullRequest(request))]
}

const opaque = [24, 25, 26, 27, 28, 29, 30, 31]
const nothing = Array.from({ length: 16 }, () => 0)

it("command 1 succeeds and touches nothing", () => {
  assert.deepStrictEqual(answerTo(1), [0, 1, 0, 0x80, 0, 0, 0, 1, ...opaque, ...nothing])
})

it("other commands fail for every driver", () => {
  assert.deepStrictEqual(answerTo(0), [0, 1, 0, 0x80, 0, 0xf3, 0xa4, 0, ...opaque, ...nothing])
  assert.deepStrictEqual(answerTo(2), [0, 1, 0, 0x80, 0, 0xf3, 0xa4, 2, ...opaque, ...nothing])
})
