/** AES-GCM, at random over all settings of buffers, against its definition; and the two ways to say what the first counter block is. */
import { assert, describe, it } from "@effect/vitest"
import { gcm } from "../../../src/engine/sym/Gcm.ts"
import { Chances } from "../../support/sym/Chances.ts"
import { type DigestTried, digestTrial, replaced } from "../../support/sym/DigestTrial.ts"
import { gcmReference } from "../../support/sym/GcmReference.ts"
import { gcmRequest, gcmSlicesRequest } from "../../support/sym/Requests.ts"
import { trial } from "../../support/sym/Trial.ts"

const rounds = 60
const longest = 200

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const assertTried = (tried: DigestTried, destination: Uint8Array): void => {
  const [wanted, found] = tried.digests
  assert.deepStrictEqual([tried.status, text(found)], [tried.wanted, text(wanted)])
  assert.strictEqual(text(tried.destination), text(tried.finished(destination)))
}

/** A first counter block: with 1 in it, with any number, or with one that is about to wrap around. */
const counterOf = (chances: Chances): Uint8Array => {
  const counter = new Uint8Array(chances.bytes(16))
  const view = new DataView(counter.buffer)
  const kind = chances.below(4)
  if (kind === 0) view.setUint32(12, 1)
  if (kind === 1) view.setUint32(12, 0xffff_ffff - chances.below(4))
  return counter
}

const shortened = (counter: Uint8Array): Uint8Array => {
  const copy = new Uint8Array(counter)
  copy.set([0, 0, 0, 1], 12)
  return copy
}

describe("at random", () => {
  for (const ways of ["single pass", "two slices"] as const) {
    it(`AES-GCM in ${ways} is what its definition says`, () => {
      const chances = new Chances(ways === "single pass" ? 4 : 5)
      for (let round = 0; round < rounds; round++) {
        const setting = { ...chances.setting, driver: "dpdk" } as const
        const [key, counter, size] = [chances.key, counterOf(chances), 4 + chances.below(13)]
        const data = chances.bytes(size + chances.below(longest))
        const cipher = chances.region(data.length - size, 1)
        const aad = chances.bytes(chances.below(100))
        const [decrypt, shortVector] = [chances.coin, ways === "single pass" || chances.coin]
        const input = data.subarray(cipher.offset, cipher.offset + cipher.length)
        const { output, tag } = gcmReference(key, shortVector ? shortened(counter) : counter, aad, input, decrypt)
        const end = cipher.offset + cipher.length
        const of = { data, end, mayLieBehind: true, digest: tag.subarray(0, size) }
        const tried = digestTrial(chances, setting, of, (ask, digest, arena) => {
          const options = { ...ask, key, aad: arena.put(aad), digest, decrypt, cipher }
          return ways === "single pass"
            ? gcmRequest({ ...options, iv: counter.subarray(0, 12) })
            : gcmSlicesRequest({ ...options, iv: counter, shortVector })
        })
        assertTried(tried, replaced(tried.before, cipher.offset, output))
      }
    })
  }
})

describe("the first counter block", () => {
  const data = Uint8Array.from({ length: 48 }, (_, index) => index)
  const key = data.subarray(0, 16)
  const counter = data.subarray(8, 24)
  const aad = data.subarray(0, 5)

  it("of two slices is the vector as it stands, if the flag for 12 bytes is not set", () => {
    for (const shortVector of [false, true]) {
      const { output } = gcmReference(key, shortVector ? shortened(counter) : counter, aad, data, false)
      const tried = trial(data, { inPlace: true }, (ask, arena) => {
        const digest = { size: 16, at: arena.room(16).address }
        return gcmSlicesRequest({ ...ask, key, iv: counter, aad: arena.put(aad), digest, shortVector })
      })
      assert.deepStrictEqual([tried.status, text(tried.destination)], [0, text(output)])
    }
  })

  it("is left as it is, also where it is a Buffer, whose slices are views", () => {
    const block = Buffer.from(counter)
    const { tag } = gcm({ algorithm: "aes-128", key, counter: block, aad, data, decrypt: false })
    assert.strictEqual(text(block), text(counter))
    assert.strictEqual(text(tag), text(gcmReference(key, counter, aad, data, false).tag))
  })
})
