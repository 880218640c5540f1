/** Vectors that a request points to: only the bytes that its mode has a use for are read, so that no memory needs to lie behind them. */
import { assert, describe, it } from "@effect/vitest"
import { createCipheriv, createHmac } from "node:crypto"
import type { Arena } from "../../support/dc/Arena.ts"
import { flag } from "../../support/sym/Fields.ts"
import { gcmReference } from "../../support/sym/GcmReference.ts"
import {
  type Ask,
  type Built,
  chainRequest,
  cipherRequest,
  gcmRequest,
  gcmSlicesRequest
} from "../../support/sym/Requests.ts"
import { trial } from "../../support/sym/Trial.ts"

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index)
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const [data, key, iv] = [counting(48), counting(16), counting(16)]
const nowhere = 0x7000_0000_0000n
const inPlace = { inPlace: true } as const

/** The request with a cipher that leaves the data as they are. */
const nulled = (built: Built): Built => {
  built.descriptor.fill(0, 0, 4)
  return built
}

describe("a mode without a vector does not ask where it is", () => {
  const options = { mode: "ecb", key, iv, ivAt: nowhere } as const
  const ecb = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(data)

  for (const [name, change, output] of [
    ["ECB", (built: Built) => built, ecb],
    ["the null cipher", nulled, data]
  ] as const) {
    it(`${name}`, () => {
      const { destination, status } = trial(data, inPlace, (ask) => change(cipherRequest({ ...ask, ...options })))
      assert.deepStrictEqual([status, text(destination)], [0, text(output)])
    })

    it(`${name} in a chain`, () => {
      const whole = Uint8Array.of(...data, ...counting(20))
      const region = { offset: 0, length: data.length }
      const mac = { hash: "sha1", macKey: key, auth: region, digest: { size: 20, at: "behind" } } as const
      const { destination, status } = trial(whole, inPlace, (ask) =>
        change(chainRequest({ ...ask, ...options, ...mac, cipher: region, first: "cipher" }))
      )
      const digest = createHmac("sha1", key).update(output).digest("hex")
      assert.deepStrictEqual([status, text(destination)], [0, text(output) + digest])
    })
  }
})

describe("a vector of 12 bytes may be the last that there is of memory", () => {
  const counter = Uint8Array.of(...iv.subarray(0, 12), 0, 0, 0, 1)
  const { output, tag } = gcmReference(key, counter, data.subarray(0, 5), data, false)

  /** The request with its vector elsewhere: the last bytes of the arena. */
  const pointed = (arena: Arena, built: Built, length: number): Built => {
    const { address, bytes } = arena.region
    const at = bytes.length - length
    bytes.set(iv.subarray(0, length), at)
    built.view.setUint16(4, built.view.getUint16(4, true) & ~flag.vectorInRequest, true)
    built.view.setBigUint64(64, address + BigInt(at), true)
    return built
  }

  for (const [name, request] of [
    ["a single pass", gcmRequest],
    ["two slices", gcmSlicesRequest]
  ] as const) {
    it(`of ${name}`, () => {
      const whole = Uint8Array.of(...data, ...counting(16))
      const build = (ask: Ask, arena: Arena) => {
        const options = { key, iv, aad: arena.put(data.subarray(0, 5)), digest: { size: 16, at: "behind" } } as const
        return pointed(arena, request({ ...ask, ...options, cipher: { offset: 0, length: data.length } }), 12)
      }
      const { destination, status } = trial(whole, inPlace, build)
      assert.deepStrictEqual([status, text(destination)], [0, text(output) + text(tag)])
    })
  }

  it("one of 16 bytes has all of them", () => {
    const first = gcmReference(key, iv, data.subarray(0, 5), data, false)
    const { destination, status } = trial(Uint8Array.of(...data, ...counting(16)), inPlace, (ask, arena) => {
      const options = { key, iv, aad: arena.put(data.subarray(0, 5)), digest: { size: 16, at: "behind" } } as const
      const cipher = { offset: 0, length: data.length }
      return pointed(arena, gcmSlicesRequest({ ...ask, ...options, cipher, shortVector: false }), 16)
    })
    assert.deepStrictEqual([status, text(destination)], [0, text(first.output) + text(first.tag)])
  })
})
