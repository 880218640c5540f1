/** Requests the way each driver has its own: the kernel's placing of chains, lists and sizes, and qatlib's requests without a descriptor. */
import { assert, describe, it } from "@effect/vitest"
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto"
import { constantCipherRequest, constantHashRequest } from "../../support/sym/Constants.ts"
import { hashFacts } from "../../support/sym/Hashes.ts"
import { chainRequest, cipherRequest } from "../../support/sym/Requests.ts"
import { trial } from "../../support/sym/Trial.ts"

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index)
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const key = counting(16)
const iv = counting(16).toReversed()
const macKey = counting(20)
const places = {
  source: { address: 0x1000n, length: 112 },
  opaque: 1n,
  descriptorAt: 0x2000n
}

describe("the kernel", () => {
  it("says nothing of lengths, reserves descriptors as a whole, and has lists", () => {
    const { descriptor, request } = cipherRequest({ ...places, mode: "cbc", key, iv, driver: "kernel" })
    assert.deepStrictEqual([request[6], request[18], descriptor.length], [1, 16, 128])
    assert.strictEqual(text(request.subarray(48, 56)), "00".repeat(8))
  })

  it("places the hash of a chain 16 bytes and a key behind the start, and the cipher behind two states", () => {
    const digest = { size: 12, at: "behind" } as const
    const options = { ...places, mode: "cbc", key, iv, hash: "sha1", macKey, driver: "kernel" } as const
    const made = chainRequest({ ...options, first: "cipher", digest }).request
    assert.deepStrictEqual([made[4], made[5], made[18], made[107]], [0x24, 0x04, 40, 0])
    assert.deepStrictEqual([made[110], made[114], made[118], made[122]], [0, 4, 12, 9])
    const compared = chainRequest({ ...options, first: "hash", digest: { ...digest, verify: true } }).request
    assert.deepStrictEqual([compared[4], compared[5], compared[107]], [0x44, 0x04, 12])
    assert.deepStrictEqual([compared[110], compared[114], compared[118], compared[122]], [8, 0, 12, 5])
  })

  it("authenticates associated data in front of what it encrypts, and finds them in the destination", () => {
    const data = counting(20 + 64 + 12)
    const cuts = { source: [20, 30], destination: [84] }
    const options = { mode: "cbc", key, iv, hash: "sha1", macKey } as const
    const regions = { cipher: { offset: 20, length: 64 }, auth: { offset: 0, length: 84 } }
    const digest = { size: 12, at: "behind" } as const
    const made = trial(data, { inPlace: false, driver: "kernel", cuts }, (ask) =>
      chainRequest({ ...ask, ...options, ...regions, digest, first: "cipher" })
    )
    const ciphertext = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(data.subarray(20, 84))
    const authenticated = Buffer.concat([data.subarray(0, 20), ciphertext])
    const mac = createHmac("sha1", macKey).update(authenticated).digest().subarray(0, 12)
    assert.strictEqual(made.status, 0)
    assert.strictEqual(text(made.destination), text(Buffer.concat([authenticated, mac])))

    const back = trial(made.destination, { inPlace: false, driver: "kernel", cuts }, (ask) =>
      chainRequest({
        ...ask,
        ...options,
        ...regions,
        digest: { ...digest, verify: true },
        decrypt: true,
        first: "hash"
      })
    )
    assert.strictEqual(back.status, 0)
    assert.strictEqual(text(back.destination.subarray(0, 84)), text(data.subarray(0, 84)))
  })
})

describe("qatlib's table of constants", () => {
  const data = counting(64)
  const ciphers = [
    [14, "ecb", false],
    [17, "ecb", true],
    [18, "cbc", false],
    [21, "cbc", true],
    [22, "ctr", false]
  ] as const
  for (const [index, mode, decrypt] of ciphers) {
    it(`has AES-128-${mode.toUpperCase()} at ${index}`, () => {
      const { destination, status } = trial(data, { inPlace: true }, (ask) =>
        constantCipherRequest({ ...ask, mode, key, iv }, index)
      )
      const create = decrypt ? createDecipheriv : createCipheriv
      const cipher = create(`aes-128-${mode}`, key, mode === "ecb" ? null : iv).setAutoPadding(false)
      assert.deepStrictEqual([status, text(destination)], [0, text(cipher.update(data))])
    })
  }

  for (const [index, hash] of [
    [41, "sha1"],
    [48, "sha224"],
    [54, "sha256"],
    [60, "sha384"],
    [70, "sha512"]
  ] as const) {
    it(`has ${hash} at ${index}`, () => {
      const size = hashFacts[hash].digest
      const { destination, status } = trial(new Uint8Array([...data, ...counting(size)]), { inPlace: true }, (ask) =>
        constantHashRequest({ ...ask, hash, auth: { offset: 0, length: 64 }, digest: { size, at: "behind" } }, index)
      )
      const digest = createHash(hash).update(data).digest("hex")
      assert.deepStrictEqual([status, text(destination.subarray(64))], [0, digest])
    })
  }
})
