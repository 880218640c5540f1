/** Requests through the rings of a device, many at once: each has its own opaque data, and all of its response is compared. */
import { assert } from "@effect/vitest"
import { overRegions } from "@stopcopy/qat/engine"
import { Effect } from "effect"
import type { Arena } from "../dc/Arena.ts"
import { openDevice, serviceMaps } from "../guest/Device.ts"
import { GuestMemory, memoryBase } from "../guest/GuestMemory.ts"
import { attach, RingPair } from "../guest/RingPair.ts"

/** A request, the response it must get, and what must hold after it. */
export interface Case {
  readonly what: string
  readonly request: Uint8Array<ArrayBuffer>
  /** Bytes 0 to 7 of the response. */
  readonly head: ReadonlyArray<number>
  /** Bytes 16 to 31 of the response, which may depend on what it says; zeros if nothing is said. */
  readonly words?: (response: Uint8Array) => Uint8Array
  /** Looks at what is in guest memory afterwards. */
  readonly check: (response: Uint8Array) => void
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

const text = (bytes: ReadonlyArray<number> | Uint8Array): string => Buffer.from(bytes).toString("hex")

/** Opaque data are pointers of the driver, and come back with all their bits. */
const opaqueOf = (index: number): bigint => 0xf7e6_d5c4_b300_0000n + BigInt(index)

const zeros = new Uint8Array(16)
const depth = 128

/** A device whose guest has the arenas beside its rings. Banks 0 and 2 compress, 1 and 3 are symmetric, unless another map is given. */
export const openRings = (
  name: string,
  arenas: ReadonlyArray<Arena>,
  map: number = serviceMaps.symmetricAndCompression
) =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 18)
    const regions = [{ address: memoryBase, bytes: memory.bytes }, ...arenas.map(({ region }) => region)]
    const { driver } = yield* openDevice(name, overRegions(regions), { pf: { svcmap: map } })
    const answered = [0, 0, 0, 0]
    const pairs = [0, 1, 2, 3].map((bank) => new RingPair(attach(driver, memory), bank, { depth }))
    for (const pair of pairs) yield* pair.setup

    /** The responses to these messages, of which each gets `each`. */
    const submit = (bank: number, messages: ReadonlyArray<Uint8Array>, each = 1) =>
      Effect.gen(function* () {
        const pair = pairs[bank]
        if (pair === undefined) return yield* Effect.dieMessage(`there is no bank ${bank}`)
        const responses: Array<Uint8Array> = []
        // So many that a driver which gives slots back late leaves room for them.
        const most = depth / 2 - 4
        for (let at = 0; at < messages.length; at += most) {
          const some = messages.slice(at, at + most)
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
          new DataView(request.buffer).setBigUint64(24, opaqueOf(index), true)
        }
        const responses = yield* submit(
          bank,
          cases.map(({ request }) => request)
        )
        assert.strictEqual(responses.length, cases.length)
        for (const [index, { check, head, request, what, words }] of cases.entries()) {
          const response = responses[index] ?? new Uint8Array(0)
          const expected = [...head, ...request.subarray(24, 32), ...(words?.(response) ?? zeros)]
          assert.strictEqual(text(response), text(expected), what)
          check(response)
        }
      })
    return { submit, all }
  })
