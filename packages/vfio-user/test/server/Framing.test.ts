/** Cutting a stream into messages: any split gives the same messages, with their descriptors. */
import { assert, describe, it } from "@effect/vitest"
import { Message } from "@stopcopy/vfio-user"
import { FastCheck } from "effect"
import { Framing } from "../../src/server/Framing.ts"

const maxBytes = 256

/** What came out, as text: id, size, descriptors. */
const collect = (wants: (count: number) => boolean = () => true, firstBytes = maxBytes) => {
  const [messages, unclaimed]: [Array<string>, Array<number>] = [[], []]
  const framing = new Framing(
    {
      message: (bytes, view, at, size, descriptors) => {
        const payload = bytes.slice(at + 16, at + size)
        assert.isTrue(payload.every((byte) => byte === (view.getUint16(at, true) & 0xff)))
        messages.push(`${view.getUint16(at, true)}: ${size} ${descriptors.join(" ")}`)
        return wants(messages.length)
      },
      unclaimed: (descriptors) => void unclaimed.push(...descriptors)
    },
    firstBytes,
    maxBytes
  )
  return { framing, messages, unclaimed }
}

const streamOf = (sizes: ReadonlyArray<number>): Uint8Array =>
  new Uint8Array(sizes.flatMap((size, id) => [...Message.encodeCommand(id, 9, new Uint8Array(size).fill(id & 0xff))]))

describe("a stream", () => {
  it("gives the same messages however it is split", () => {
    const sizes = FastCheck.array(FastCheck.integer({ min: 0, max: maxBytes - 16 }), { minLength: 1, maxLength: 20 })
    const cuts = FastCheck.array(FastCheck.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 200 })
    FastCheck.assert(
      FastCheck.property(sizes, cuts, (given, lengths) => {
        const stream = streamOf(given)
        const { framing, messages } = collect()
        let at = 0
        for (let index = 0; at < stream.byteLength; index++) {
          const end = at + (lengths[index % lengths.length] ?? 1)
          // The chunk is the receiver's only until it returns.
          const chunk = stream.slice(at, end)
          framing.push(chunk, [])
          chunk.fill(0xee)
          at = end
        }
        assert.deepStrictEqual(
          messages,
          given.map((size, id) => `${id}: ${size + 16} `)
        )
      }),
      { numRuns: 100 }
    )
  })

  it("gives descriptors to the last message that starts in a chunk", () => {
    const stream = streamOf([10, 10, 10])
    const whole = collect()
    whole.framing.push(stream, [1, 2])
    assert.deepStrictEqual(whole.messages, ["0: 26 ", "1: 26 ", "2: 26 1 2"])
    const split = collect()
    split.framing.push(stream.slice(0, 27), [1])
    split.framing.push(stream.slice(27, 52), [2])
    split.framing.push(stream.slice(52), [3])
    assert.deepStrictEqual(split.messages, ["0: 26 ", "1: 26 1 2", "2: 26 3"])
  })

  it("ends behind a size above the limit; a size below 16 is the header alone", () => {
    const stream = streamOf([0, 0, 0])
    new DataView(stream.buffer).setUint32(4, 3, true)
    new DataView(stream.buffer).setUint32(16 + 4, maxBytes + 1, true)
    const { framing, messages, unclaimed } = collect()
    framing.push(stream, [1])
    framing.push(stream, [2])
    assert.deepStrictEqual([messages, unclaimed], [["0: 16 ", "1: 16 1"], [2]])
  })

  it("takes a first message up to its own limit, whole or in pieces, and those behind it up to theirs", () => {
    const collected = (length: number, sizes: ReadonlyArray<number>) => {
      const { framing, messages } = collect(undefined, 32)
      const stream = streamOf(sizes)
      for (let at = 0; at < stream.byteLength; at += length) framing.push(stream.slice(at, at + length), [])
      return messages
    }
    for (const length of [1, 7, 17, 1000]) {
      assert.deepStrictEqual(collected(length, [16, 17, 240]), ["0: 32 ", "1: 33 ", "2: 256 "], `pieces of ${length}`)
      assert.deepStrictEqual(collected(length, [17, 1]), ["0: 16 "], `pieces of ${length}`)
    }
  })

  it("ends when the sink wants no more; descriptors that no message got are given back", () => {
    const { framing, messages, unclaimed } = collect((count) => count < 2)
    framing.push(streamOf([1, 1, 1]), [7])
    framing.push(streamOf([1]), [8])
    assert.deepStrictEqual(
      [messages, unclaimed],
      [
        ["0: 17 ", "1: 17 "],
        [7, 8]
      ]
    )
  })

  it("keeps no more than 1024 descriptors for a message in pieces", () => {
    const stream = streamOf([200])
    const { framing, messages, unclaimed } = collect()
    for (let at = 0; at < 10; at++) {
      framing.push(
        stream.slice(at, at + 1),
        Array.from({ length: 200 }, (_, index) => 200 * at + index)
      )
    }
    assert.deepStrictEqual([messages.length, unclaimed.length], [0, 2000 - 1024])
    assert.strictEqual(framing.clear().length, 1024)
    assert.strictEqual(framing.clear().length, 0)
  })
})
