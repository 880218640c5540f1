/** Jobs through the rings of a device, many at once: each has its own opaque data, and all of its response is compared. */
import { assert } from "@effect/vitest"
import { overRegions, type Region } from "@stopcopy/qat/engine"
import { Effect } from "effect"
import { openDevice, serviceMaps } from "../guest/Device.ts"
import { GuestMemory, memoryBase } from "../guest/GuestMemory.ts"
import { attach, RingPair } from "../guest/RingPair.ts"

/** A request, the response it must get, and what must hold after it. */
export interface Case {
  readonly what: string
  readonly request: Uint8Array<ArrayBuffer>
  /** Bytes 0 to 7 of the response. */
  readonly head: ReadonlyArray<number>
  readonly check: () => void
  /** The response says more in bytes 16 to 31. */
  readonly words?: (response: Uint8Array) => void
}

/** Bytes 0 to 7 of the response to a symmetric request. */
export const symmetricHead = (request: Uint8Array, status: number): ReadonlyArray<number> => [
  0,
  1,
  4,
  0x80,
  0,
  0,
  status,
  request[1] ?? 0
]

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const nothing = Array.from({ length: 16 }, () => 0)

/** A device whose guest has the arena beside its rings. Banks 0 and 2 compress, 1 and 3 are symmetric, unless another map is given. */
export const openRings = (name: string, arena: Region, map: number = serviceMaps.symmetricAndCompression) =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 18)
    const dma = overRegions([{ address: memoryBase, bytes: memory.bytes }, arena])
    const { driver } = yield* openDevice(name, dma, { pf: { svcmap: map } })
    const answered = [0, 0, 0, 0]
    const pairs = [0, 1, 2, 3].map((bank) => new RingPair(attach(driver, memory), bank))
    for (const pair of pairs) yield* pair.setup

    /** The responses to these messages, of which each gets `each`. */
    const submit = (bank: number, messages: ReadonlyArray<Uint8Array>, each = 1) =>
      Effect.gen(function* () {
        const pair = pairs[bank]
        if (pair === undefined) return yield* Effect.dieMessage(`there is no bank ${bank}`)
        const responses: Array<Uint8Array> = []
        for (let at = 0; at < messages.length; at += 60) {
          const some = messages.slice(at, at + 60)
          yield* pair.submit(some)
          const count = (answered[bank] ?? 0) + each * some.length
          answered[bank] = count
          yield* driver.vf.until(({ device }) => device?.banks[bank]?.placed === count)
          responses.push(...(yield* pair.poll).map(({ bytes }) => bytes))
        }
        return responses
      })

    /** Submits all, and looks at each response and at what is in memory. */
    const all = (bank: number, cases: ReadonlyArray<Case>) =>
      Effect.gen(function* () {
        for (const [index, { request }] of cases.entries()) {
          new DataView(request.buffer).setBigUint64(24, BigInt(index), true)
        }
        const responses = yield* submit(
          bank,
          cases.map(({ request }) => request)
        )
        assert.strictEqual(responses.length, cases.length)
        for (const [index, { check, head, what, words }] of cases.entries()) {
          const response = responses[index] ?? new Uint8Array(0)
          const opaque = [index & 0xff, index >> 8, 0, 0, 0, 0, 0, 0]
          const expected = words === undefined ? [...head, ...opaque, ...nothing] : [...head, ...opaque]
          assert.strictEqual(text(response.subarray(0, expected.length)), text(Uint8Array.from(expected)), what)
          words?.(response)
          check()
        }
      })
    return { submit, all }
  })
