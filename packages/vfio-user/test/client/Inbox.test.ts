/** Messages and descriptors out of a stream in any split, against the list of messages that were sent. */
import { assert, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { Inbox } from "../../src/client/Inbox.ts"
import { encodeCommand } from "../../src/Message.ts"

const limit = 400

/** A message: its payload's size, and whether it carries a descriptor. */
const message = FastCheck.record({ size: FastCheck.nat(limit - 16), carries: FastCheck.boolean() })
/** Sizes of the receives, used in turn. A receive that brings a descriptor ends with the message that carries it, as the kernel's do. */
const receives = FastCheck.array(FastCheck.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 })

interface Piece {
  readonly bytes: Uint8Array
  readonly descriptors: ReadonlyArray<number>
}

/** The receives of a stream: the descriptor of message `i` is `i`, and comes with the first byte of it that is received. */
const piecesOf = (
  messages: ReadonlyArray<{ readonly bytes: Uint8Array; readonly carries: boolean }>,
  sizes: ReadonlyArray<number>
) => {
  const pieces: Array<Piece> = []
  let turn = 0
  let held: Array<number> = []
  const next = () => sizes[turn++ % sizes.length] ?? 1
  let room = next()
  const receive = (descriptors: ReadonlyArray<number>) => {
    if (held.length > 0) pieces.push({ bytes: Uint8Array.from(held), descriptors })
    held = []
    room = next()
  }
  messages.forEach(({ bytes, carries }, index) => {
    let descriptors = carries ? [index] : []
    for (const byte of bytes) {
      held.push(byte)
      if (--room > 0) continue
      receive(descriptors)
      descriptors = []
    }
    if (descriptors.length > 0) receive(descriptors)
  })
  receive([])
  return pieces
}

it("every message comes once, whole, in order, with its own descriptors", () => {
  FastCheck.assert(
    FastCheck.property(FastCheck.array(message, { maxLength: 20 }), receives, (sent, sizes) => {
      const messages = sent.map(({ carries, size }, index) => ({
        bytes: encodeCommand(index, 9, new Uint8Array(size).fill(index)),
        carries
      }))
      const got: Array<{ readonly bytes: ReadonlyArray<number>; readonly descriptors: ReadonlyArray<number> }> = []
      const inbox = new Inbox(
        limit,
        (view, at, size, descriptors) => {
          got.push({ bytes: [...new Uint8Array(view.buffer, view.byteOffset + at, size)], descriptors })
        },
        (size) => assert.fail(`out of step at ${size}`)
      )
      // All receives use one buffer, as those of a transport do.
      const buffer = new Uint8Array(600)
      for (const { bytes, descriptors } of piecesOf(messages, sizes)) {
        buffer.set(bytes, 50)
        inbox.received(buffer.subarray(50, 50 + bytes.length), descriptors)
        buffer.fill(0xee)
      }
      assert.deepStrictEqual(
        got,
        messages.map(({ bytes, carries }, index) => ({ bytes: [...bytes], descriptors: carries ? [index] : [] }))
      )
      assert.deepStrictEqual(inbox.stop(), [])
    }),
    { numRuns: 200 }
  )
})

it("a size that no message has stops it, at once or when the header is whole", () => {
  for (const size of [0, 15, limit + 1, 0xffff_ffff]) {
    for (const split of [16, 7]) {
      const found: Array<number> = []
      const inbox = new Inbox(
        limit,
        () => assert.fail("a message"),
        (wrong) => {
          found.push(wrong)
          inbox.stop()
        }
      )
      const bytes = encodeCommand(1, 9)
      new DataView(bytes.buffer).setUint32(4, size, true)
      inbox.received(bytes.subarray(0, split), [])
      if (found.length === 0) inbox.received(bytes.subarray(split), [])
      assert.deepStrictEqual(found, [size])
    }
  }
})
