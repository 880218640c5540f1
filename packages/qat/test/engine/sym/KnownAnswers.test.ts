/** What standards say of the algorithms, through requests as drivers build them. */
import { assert, describe, it } from "@effect/vitest"
import { cipherRequest, gcmRequest, gcmSlicesRequest, hashRequest } from "../../support/sym/Requests.ts"
import { gcmVectors } from "../../support/sym/GcmVectors.ts"
import { hashFacts, hashNames } from "../../support/sym/Hashes.ts"
import { trial } from "../../support/sym/Trial.ts"
import { cipherVectors, hashVectors, hmacVectors } from "../../support/sym/vectors.ts"

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
const inPlace = { inPlace: true } as const

describe("ciphers", () => {
  for (const { ciphertext, iv, key, mode, name, plaintext } of cipherVectors) {
    const ask = { mode, key: hex(key), iv: hex(iv) } as const
    it(`${name} encrypts and decrypts`, () => {
      const forth = trial(hex(plaintext), inPlace, (places) => cipherRequest({ ...places, ...ask }))
      assert.deepStrictEqual([forth.status, text(forth.destination)], [0, ciphertext])
      const back = trial(hex(ciphertext), inPlace, (places) => cipherRequest({ ...places, ...ask, decrypt: true }))
      assert.deepStrictEqual([back.status, text(back.destination)], [0, plaintext])
    })
  }
})

describe("hashes", () => {
  for (const { digests, message, name } of hashVectors) {
    for (const hash of hashNames) {
      it(`${hash} of ${name}`, () => {
        const size = hashFacts[hash].digest
        const data = new Uint8Array(Buffer.concat([Buffer.from(message), new Uint8Array(size)]))
        const { destination, status } = trial(data, inPlace, (places) =>
          hashRequest({ ...places, hash, auth: { offset: 0, length: message.length }, digest: { size, at: "behind" } })
        )
        assert.deepStrictEqual([status, text(destination.subarray(message.length))], [0, digests[hash]])
      })
    }
  }
})

describe("HMACs", () => {
  for (const { digest, hash, key, message, name } of hmacVectors) {
    it(`${name} is made and compared`, () => {
      const [macKey, expected] = [hex(key), hex(digest)]
      const auth = { offset: 0, length: message.length / 2 }
      const made = trial(hex(message + "00".repeat(expected.length)), inPlace, (places) =>
        hashRequest({ ...places, hash, macKey, auth, digest: { size: expected.length, at: "behind" } })
      )
      assert.deepStrictEqual([made.status, text(made.destination)], [0, message + digest])
      const compared = trial(hex(message), inPlace, (places, arena) => {
        const at = arena.put(expected).address
        return hashRequest({ ...places, hash, macKey, auth, digest: { size: expected.length, at, verify: true } })
      })
      assert.strictEqual(compared.status, 0)
    })
  }
})

const tagSizes = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]

describe("AES-GCM", () => {
  for (const { aad, ciphertext, counter, key, name, plaintext, tag } of gcmVectors) {
    const short = counter.endsWith("00000001")
    for (const ways of short ? (["single pass", "two slices"] as const) : (["two slices"] as const)) {
      const request = ways === "single pass" ? gcmRequest : gcmSlicesRequest
      const iv = hex(ways === "single pass" ? counter.slice(0, 24) : counter)
      it(`${name} in ${ways} with all tag sizes, both ways`, () => {
        for (const size of tagSizes) {
          const whole = hex(plaintext + "00".repeat(size))
          const cipher = { offset: 0, length: plaintext.length / 2 }
          const options = { key: hex(key), iv, cipher, shortVector: short }
          const forth = trial(whole, inPlace, (places, arena) =>
            request({ ...places, ...options, aad: arena.put(hex(aad)), digest: { size, at: "behind" } })
          )
          const expected = ciphertext + tag.slice(0, 2 * size)
          assert.deepStrictEqual([forth.status, text(forth.destination)], [0, expected])
          const digest = { size, at: "behind", verify: true } as const
          const back = trial(hex(expected), inPlace, (places, arena) =>
            request({ ...places, ...options, aad: arena.put(hex(aad)), digest, decrypt: true })
          )
          assert.deepStrictEqual([back.status, text(back.destination)], [0, plaintext + tag.slice(0, 2 * size)])
        }
      })
    }
  }
})
