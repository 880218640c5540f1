/** A server that sends anything: the client never throws, tells everybody once, and closes every descriptor once. */
import { assert, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { CallError } from "../../src/client/errors.ts"
import { makeCore } from "../../src/client/Core.ts"
import { encodeHeader, headerBytes } from "../../src/Header.ts"

const calls = 8
const readReplyBytes = 36

/** Messages with mostly plausible headers, and plain noise between them. */
const likely = FastCheck.record({
  id: FastCheck.oneof(FastCheck.nat(calls - 1), FastCheck.nat(0xffff)),
  command: FastCheck.constantFrom(9, 9, 9, 11, 12, 1, 99),
  size: FastCheck.constantFrom(readReplyBytes, readReplyBytes, 16, 100, 15, 0xffff_ffff),
  flags: FastCheck.constantFrom(1, 1, 1, 0x21, 0, 0x10, 2, 0xffff_ffff),
  error: FastCheck.constantFrom(0, 22, 4095)
}).map((header) => {
  const bytes = new Uint8Array(Math.max(headerBytes, Math.min(header.size, 200)))
  encodeHeader(new DataView(bytes.buffer), 0, header)
  return bytes
})
const chunk = FastCheck.record({
  bytes: FastCheck.oneof(
    { weight: 4, arbitrary: likely },
    { weight: 1, arbitrary: FastCheck.uint8Array({ minLength: 1, maxLength: 64 }) }
  ),
  descriptors: FastCheck.nat(2),
  /** Where it is cut in two. */
  cut: FastCheck.integer({ min: 1, max: 40 })
})

it("whatever a server sends", () => {
  FastCheck.assert(
    FastCheck.property(FastCheck.array(chunk, { maxLength: 20 }), (chunks) => {
      const closed: Array<number> = []
      let served = 0
      const { core, receiver } = makeCore(
        {
          passesDescriptors: true,
          send: () => true,
          pause: () => undefined,
          resume: () => undefined,
          close: () => undefined
        },
        { closeDescriptor: (descriptor) => void closed.push(descriptor), serve: () => void served++ }
      )
      const told = Array.from({ length: calls }, () => 0)
      const errors: Array<CallError> = []
      const ids = told.map((_, index) =>
        core.read(0, index, 4, 50, {
          replied: (_view, _at, size) => {
            assert.isAtLeast(size, readReplyBytes)
            told[index] = (told[index] ?? 0) + 1
          },
          failed: (error) => {
            errors.push(error)
            told[index] = (told[index] ?? 0) + 1
          }
        })
      )
      assert.deepStrictEqual(
        ids,
        told.map((_, index) => index)
      )
      let descriptors = 0
      for (const { bytes, cut, descriptors: count } of chunks) {
        receiver.received(
          bytes.subarray(0, cut),
          Array.from({ length: count }, () => descriptors++)
        )
        if (cut < bytes.length) receiver.received(bytes.subarray(cut), [])
      }
      receiver.closed(undefined)
      assert.isTrue(told.every((times) => times === 1))
      assert.deepStrictEqual(
        [...closed].sort((left, right) => left - right),
        Array.from({ length: descriptors }, (_, index) => index)
      )
      const tags = new Set(errors.map(({ _tag }) => _tag))
      for (const tag of tags) assert.include(["EINVAL", "UnknownErrno", "ProtocolViolation", "Disconnected"], tag)
      assert.isDefined(core.ended())
      assert.isAtMost(served, chunks.length * 5)
    }),
    { numRuns: 500 }
  )
})
