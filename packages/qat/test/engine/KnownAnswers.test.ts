/** Published known answers through the rings of a device: requests and data in guest memory, responses and results compared byte by byte. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { layer } from "../driver/hosts.ts"
import { Arena } from "../support/dc/Arena.ts"
import { dataOf } from "../support/dc/Data.ts"
import { layOut } from "../support/dc/Job.ts"
import { decodeAnswer, type Kind } from "../support/dc/Requests.ts"
import { firstCounter, gcmVectors } from "../support/answers/gcmVectors.ts"
import {
  type Buffers,
  cipherJob,
  constantCipherJob,
  constantHashJob,
  hashJob,
  type Job,
  singlePassJob,
  twoSlicesJob
} from "../support/answers/Job.ts"
import { type Case, openRings, symmetricHead } from "../support/answers/Rings.ts"
import { cipherPlaintext, cipherVectors, hashVectors, macVectors } from "../support/answers/vectors.ts"

const base = 0x2_0000_0000n
const symmetricBank = 1
const compressionBank = 0

const hex = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "hex"))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** The ways in which the same data can lie in memory: in place or not, flat or in lists. */
const layouts = (data: Uint8Array): ReadonlyArray<Buffers> => [
  { data },
  { data, room: data.length },
  { data, split: { source: [3, 0, 21], destination: [] } },
  { data, room: data.length, split: { source: [17], destination: [1, 40] } }
]

/** A job that must give `output` and, if it makes one, this digest. */
const gives = (arena: Arena, what: string, job: Job, output: string, digest?: string): Case => ({
  what,
  request: job.request,
  head: symmetricHead(job.request, 0),
  check: () => {
    assert.strictEqual(text(arena.read(job.destination, output.length / 2)), output, what)
    if (digest === undefined) return
    // Behind a digest is what was there before.
    const expected = `${digest}${"d1".repeat(job.digest.length - digest.length / 2)}`
    assert.strictEqual(text(arena.view(job.digest)), expected, what)
  }
})

/** A job that compares a digest, and gives `output` in any case. */
const compares = (arena: Arena, what: string, job: Job, output: string, right: boolean): Case => ({
  ...gives(arena, what, job, output),
  head: symmetricHead(job.request, right ? 0 : 0x80)
})

const wrong = (digest: Uint8Array, bit: number): Uint8Array =>
  digest.map((byte, at) => (at === (bit >> 3) % digest.length ? byte ^ (1 << (bit & 7)) : byte))

const cipherCases = (arena: Arena): ReadonlyArray<Case> =>
  cipherVectors.flatMap(({ ciphertext, key: keyText, mode, vector: vectorText }) => {
    const [key, vector] = [hex(keyText), hex(vectorText)]
    return [false, true].flatMap((decrypt) => {
      const [input, output] = decrypt ? [ciphertext, cipherPlaintext] : [cipherPlaintext, ciphertext]
      const what = `${mode} ${keyText} ${decrypt ? "decrypt" : "encrypt"}`
      return layouts(hex(input)).flatMap((buffers, index) => {
        const ask = { mode, key, vector, decrypt, region: { offset: 0, length: 64 }, vectorByAddress: index > 1 }
        return (["legacy", "ucs"] as const).map((layout) =>
          gives(arena, `${what} ${layout} ${index}`, cipherJob(arena, buffers, { ...ask, layout }), output)
        )
      })
    })
  })

/** Indexes of the device's constants, for keys of 16 bytes: to encrypt and to decrypt. */
const constants = { ecb: [14, 17], cbc: [18, 21], ctr: [22, 22] } as const
const hashConstants = { sha1: 41, sha224: 48, sha256: 54, sha384: 60, sha512: 70 } as const

const constantCases = (arena: Arena): ReadonlyArray<Case> => [
  ...cipherVectors
    .filter(({ key }) => key.length === 32)
    .flatMap(({ ciphertext, key, mode, vector }) =>
      constants[mode].map((index, direction) => {
        const [input, output] = direction === 1 ? [ciphertext, cipherPlaintext] : [cipherPlaintext, ciphertext]
        const ask = { mode, key: hex(key), vector: hex(vector), decrypt: false, region: { offset: 0, length: 64 } }
        const job = constantCipherJob(arena, { data: hex(input) }, ask, index)
        return gives(arena, `constant ${index}`, job, output)
      })
    ),
  ...hashVectors.map(({ digest, message, name }) => {
    const data = new Uint8Array(Buffer.from(message))
    const ask = { name, region: { offset: 0, length: data.length } }
    const job = constantHashJob(arena, { data }, ask, { bytes: digest.length / 2 }, hashConstants[name])
    return gives(arena, `constant ${name}`, job, text(data), digest)
  })
]

const digestCases = (arena: Arena): ReadonlyArray<Case> =>
  [
    ...hashVectors.map(({ digest, message, name }) => ({
      what: `${name} of "${message}"`,
      ask: { name },
      data: new Uint8Array(Buffer.from(message)),
      digest
    })),
    ...macVectors.map(({ digest, key, message, name, number }) => ({
      what: `HMAC ${name}, test case ${number}`,
      ask: { name, key: hex(key) },
      data: hex(message),
      digest
    }))
  ].flatMap(({ ask, data, digest, what }, index) => {
    const region = { offset: 0, length: data.length }
    const [bytes, given] = [digest.length / 2, hex(digest)]
    const job = (buffers: Buffers, digestAsk: { readonly bytes: number; readonly given?: Uint8Array }) =>
      hashJob(arena, buffers, { ...ask, region }, digestAsk)
    return layouts(data).flatMap((buffers, layout) => {
      const made = gives(arena, what, job(buffers, { bytes }), buffers.room === undefined ? text(data) : "", digest)
      if (layout !== index % 4) return [made]
      return [
        made,
        compares(arena, `${what}, compared`, job(buffers, { bytes, given }), "", true),
        compares(arena, `${what}, wrong`, job(buffers, { bytes, given: wrong(given, index * 5) }), "", false)
      ]
    })
  })

/** All that can be done with one GCM test case and a tag of so many bytes, in these ways to lie in memory. */
const gcmCase = (
  arena: Arena,
  vector: (typeof gcmVectors)[number],
  bytes: number,
  ways: ReadonlyArray<number> = [0, 1, 2, 3]
): ReadonlyArray<Case> => {
  const { aad: aadText, ciphertext, key: keyText, number, plaintext, tag: whole } = vector
  const [key, iv, aad, tag] = [hex(keyText), hex(vector.vector), hex(aadText), whole.slice(0, 2 * bytes)]
  const region = { offset: 0, length: plaintext.length / 2 }
  const forms = iv.length === 12 ? [singlePassJob, twoSlicesJob] : [twoSlicesJob]
  const vectors = iv.length === 12 ? [iv, firstCounter(key, iv)] : [firstCounter(key, iv)]
  return forms.flatMap((form) =>
    vectors.flatMap((given) => {
      const what = `GCM test case ${number}, tag of ${bytes}, ${form.name}, vector of ${given.length}`
      const [seal, open] = [false, true].map((decrypt) => ({ key, vector: given, aad, decrypt, region }))
      if (seal === undefined || open === undefined) return []
      return layouts(hex(plaintext)).flatMap((plain, index) => {
        if (!ways.includes(index)) return []
        const cipher = layouts(hex(ciphertext))[index] ?? plain
        const digest = { bytes, given: hex(tag) }
        const bad = { bytes, given: wrong(hex(tag), number * 7 + index) }
        return [
          gives(arena, what, form(arena, plain, seal, { bytes }), ciphertext, tag),
          compares(arena, `${what}, opened`, form(arena, cipher, open, digest), plaintext, true),
          compares(arena, `${what}, wrong tag`, form(arena, cipher, open, bad), plaintext, false)
        ]
      })
    })
  )
}

const through = (name: string, cases: (arena: Arena) => ReadonlyArray<Case>, least: number) =>
  Effect.gen(function* () {
    const arena = new Arena(base, 1 << 21)
    const { all } = yield* openRings(name, arena.region)
    const some = cases(arena)
    assert.isAtLeast(some.length, least)
    yield* all(symmetricBank, some)
  }).pipe(Effect.provide(layer))

describe("published answers", () => {
  it.scoped("AES-ECB, CBC and CTR", () => through("21", cipherCases, 144))
  it.scoped("ciphers and hashes of the device's constants", () => through("22", constantCases, 21))
  it.scoped("SHA and HMAC, made, compared, and wrong", () => through("23", digestCases, 6 * (15 + 35)))
  it.scoped("AES-GCM in a single pass and over two slices", () =>
    through("24", (arena) => gcmVectors.flatMap((vector) => gcmCase(arena, vector, 16)), 12 * (12 * 4 + 6))
  )
  it.scoped("tags of 4 to 15 bytes", () => {
    const sizes = Array.from({ length: 12 }, (_, at) => 4 + at)
    const vectors = gcmVectors.filter(({ number }) => number === 4 || number === 18)
    return through(
      "25",
      (arena) => vectors.flatMap((each) => sizes.flatMap((size) => gcmCase(arena, each, size, [size % 4]))),
      12 * (12 + 3)
    )
  })
})

/** Compresses or decompresses, and hands on what came out. */
const compressionCase = (
  arena: Arena,
  kind: Kind,
  input: Uint8Array,
  seed: number,
  check: (output: Uint8Array) => void
) => {
  const split = { source: [100, 0, 7], destination: [33] }
  const job = layOut(arena, { kind, data: input, room: 16_384, ...(seed % 2 === 0 ? {} : { split }) })
  let produced = 0
  const result: Case = {
    what: `${kind} ${seed}`,
    request: job.request,
    head: kind === "decompress" ? [0, 1, 9, 0x80, 0, 0, 8, 2] : [0, 1, 9, 0xc0, 0, 0, 0, kind === "static" ? 0 : 1],
    words: (response) => {
      const answer = decodeAnswer(response)
      assert.strictEqual(answer.consumed, input.length)
      produced = answer.produced
    },
    check: () => check(job.output(produced))
  }
  return result
}

it.scoped("deflate there and back against zlib, on mixed data", () =>
  Effect.gen(function* () {
    const arena = new Arena(base, 1 << 21)
    const { all } = yield* openRings("26", arena.region)
    const kinds = ["mixed", "text", "random", "zeros", "repetitive"] as const
    const inputs = kinds.flatMap((kind) =>
      [0, 1, 2, 3].map((seed) => dataOf(kind, [6000, 1, 300, 9000][seed] ?? 0, seed + 1))
    )
    const compressed: Array<Uint8Array> = []
    yield* all(
      compressionBank,
      inputs.map((input, index) =>
        compressionCase(arena, index % 3 === 0 ? "static" : "dynamic", input, index, (output) => {
          assert.strictEqual(text(inflateRawSync(output)), text(input))
          compressed.push(output.slice())
        })
      )
    )
    assert.strictEqual(compressed.length, inputs.length)
    const back = (from: ReadonlyArray<Uint8Array>) =>
      from.map((stream, index) =>
        compressionCase(arena, "decompress", stream, index, (output) =>
          assert.strictEqual(text(output), text(inputs[index] ?? new Uint8Array(0)))
        )
      )
    yield* all(compressionBank, [
      ...back(compressed),
      ...back(inputs.map((input) => deflateRawSync(input, { level: 9 })))
    ])
  }).pipe(Effect.provide(layer))
)
