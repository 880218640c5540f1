/** Ciphers, hashes and chains, at random over all settings of buffers, against Node's own. */
import { assert, describe, it } from "@effect/vitest"
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto"
import { Chances, longest } from "../../support/sym/Chances.ts"
import { before, type DigestTried, digestTrial, replaced } from "../../support/sym/DigestTrial.ts"
import { hashFacts, type HashName, hashNames } from "../../support/sym/Hashes.ts"
import { chainRequest, cipherRequest, hashRequest, type Region } from "../../support/sym/Requests.ts"
import { trial } from "../../support/sym/Trial.ts"

const rounds = 200

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
const within = (bytes: Uint8Array, { length, offset }: Region): Uint8Array => bytes.subarray(offset, offset + length)
const endOf = ({ length, offset }: Region): number => offset + length

interface CipherChoice {
  readonly mode: "ecb" | "cbc" | "ctr"
  readonly key: Uint8Array
  readonly iv: Uint8Array
  readonly decrypt: boolean
  readonly layout: "legacy" | "ucs"
}

const cipherChoice = (chances: Chances): CipherChoice => ({
  mode: chances.one("cbc", "ctr", "ecb"),
  key: chances.key,
  iv: chances.bytes(16),
  decrypt: chances.coin,
  layout: chances.one("legacy", "ucs")
})

const ciphered = ({ decrypt, iv, key, mode }: CipherChoice, data: Uint8Array): Uint8Array => {
  const create = decrypt ? createDecipheriv : createCipheriv
  const cipher = create(`aes-${8 * key.length}-${mode}`, key, mode === "ecb" ? null : iv).setAutoPadding(false)
  return Buffer.concat([cipher.update(data), cipher.final()])
}

interface HashChoice {
  readonly hash: HashName
  readonly macKey?: Uint8Array
  readonly size: number
}

const hashChoice = (chances: Chances): HashChoice => {
  const hash = chances.one<HashName>("sha1", ...hashNames)
  const size = 1 + chances.below(hashFacts[hash].digest)
  return chances.coin ? { hash, size } : { hash, size, macKey: chances.bytes(chances.below(200)) }
}

const hashed = ({ hash, macKey, size }: HashChoice, data: Uint8Array): Uint8Array =>
  new Uint8Array(
    (macKey === undefined ? createHash(hash) : createHmac(hash, macKey)).update(data).digest().subarray(0, size)
  )

const assertTried = (tried: DigestTried, destination: Uint8Array): void => {
  const [wanted, found] = tried.digests
  assert.deepStrictEqual([tried.status, text(found)], [tried.wanted, text(wanted)])
  assert.strictEqual(text(tried.destination), text(tried.finished(destination)))
}

describe("at random", () => {
  it("a cipher gives what Node gives, and nothing around it", () => {
    const chances = new Chances(1)
    for (let round = 0; round < rounds; round++) {
      const [setting, choice] = [chances.setting, cipherChoice(chances)]
      const data = chances.bytes(chances.below(longest))
      const cipher = chances.region(data.length, choice.mode === "ctr" ? 1 : 16)
      const elsewhere = chances.coin
      const tried = trial(data, setting, (ask, arena) => {
        const iv = elsewhere ? { ivAt: arena.put(choice.iv).address } : {}
        return cipherRequest({ ...ask, ...choice, ...iv, cipher })
      })
      const expected = replaced(before(data, setting), cipher.offset, ciphered(choice, within(data, cipher)))
      assert.deepStrictEqual([tried.status, text(tried.destination)], [0, text(expected)])
      assert.strictEqual(tried.executed.input, cipher.length)
    }
  })

  it("a hash or an HMAC gives what Node gives, and nothing around it", () => {
    const chances = new Chances(2)
    for (let round = 0; round < rounds; round++) {
      const [setting, choice] = [chances.setting, hashChoice(chances)]
      const data = chances.bytes(choice.size + chances.below(longest))
      const auth = chances.region(data.length - choice.size, 1)
      const of = { data, end: endOf(auth), mayLieBehind: true, digest: hashed(choice, within(data, auth)) }
      const tried = digestTrial(chances, setting, of, (ask, digest) => hashRequest({ ...ask, ...choice, auth, digest }))
      assertTried(tried, tried.before)
    }
  })

  it("a chain does one with what the other gives, in the order of the command", () => {
    const chances = new Chances(3)
    for (let round = 0; round < 2 * rounds; round++) {
      const setting = chances.setting
      const [choice, mac] = [cipherChoice(chances), hashChoice(chances)]
      const data = chances.bytes(mac.size + chances.below(longest))
      const room = data.length - mac.size
      const cipher = chances.region(room, choice.mode === "ctr" ? 1 : 16)
      const auth = chances.region(room, 1)
      const first = chances.one("cipher", "hash")
      const output = ciphered(choice, within(data, cipher))
      const after = replaced(data, cipher.offset, output)
      const digest = hashed(mac, within(first === "cipher" ? after : data, auth))
      const of = { data, end: endOf(auth), mayLieBehind: endOf(auth) >= endOf(cipher), digest }
      const tried = digestTrial(chances, setting, of, (ask, place) =>
        chainRequest({ ...ask, ...choice, ...mac, cipher, auth, first, digest: place })
      )
      const copied = auth.length === 0 ? tried.before : replaced(tried.before, auth.offset, within(data, auth))
      assertTried(tried, cipher.length === 0 ? copied : replaced(copied, cipher.offset, output))
    }
  })
})

describe("the null cipher", () => {
  it("takes any length, and copies", () => {
    const data = new Chances(8).bytes(61)
    const cipher = { offset: 3, length: 45 }
    const setting = { inPlace: false } as const
    const { destination, status } = trial(data, setting, (ask) => {
      const built = cipherRequest({ ...ask, mode: "ecb", key: data.subarray(0, 16), iv: data.subarray(0, 16), cipher })
      return { ...built, descriptor: new Uint8Array(built.descriptor.length) }
    })
    const expected = replaced(before(data, setting), cipher.offset, within(data, cipher))
    assert.deepStrictEqual([status, text(destination)], [0, text(expected)])
  })
})
