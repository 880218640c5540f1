/**
 * Published known answers, and deflate against zlib, through the rings of a device: requests and data in guest memory, responses and results
 * compared byte by byte.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { layer } from "../driver/hosts.ts"
import { Arena } from "../support/dc/Arena.ts"
import { countsOf } from "../support/dc/Counts.ts"
import { dataKinds, dataOf } from "../support/dc/Data.ts"
import { type JobChoice, layOut } from "../support/dc/Job.ts"
import { decodeAnswer } from "../support/dc/Requests.ts"
import { constantCipherRequest, constantHashRequest } from "../support/sym/Constants.ts"
import { gcmVectors } from "../support/sym/GcmVectors.ts"
import { hashNames } from "../support/sym/Hashes.ts"
import { laid, type Setting, untouched } from "../support/sym/Laid.ts"
import {
  type Ask,
  type Built,
  cipherRequest,
  type Digest,
  gcmRequest,
  gcmSlicesRequest,
  hashRequest
} from "../support/sym/Requests.ts"
import { type Case, openRings, symmetricHead } from "../support/sym/Rings.ts"
import { cipherVectors, hashVectors, hmacVectors } from "../support/sym/vectors.ts"

const base = 0x2_0000_0000n
const symmetricBank = 1
const compressionBank = 0
const mismatch = 0x80

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** The ways in which the same data can lie in memory: in place or not, flat or in lists, the kernel's among them. */
const settings: ReadonlyArray<Setting> = [
  { inPlace: true },
  { inPlace: false },
  { inPlace: true, driver: "kernel", cuts: { source: [3, 0, 21], destination: [] } },
  { inPlace: false, cuts: { source: [17], destination: [1, 40] } }
]

/** A request that succeeds, and leaves `output` in its destination. */
const gives = (
  arena: Arena,
  what: string,
  setting: Setting,
  input: string,
  output: string,
  build: (ask: Ask, arena: Arena) => Built
): Case => {
  const { destination, request } = laid(arena, hex(input), setting, build)
  return {
    what,
    request,
    head: symmetricHead(request, 0),
    check: () => assert.strictEqual(text(destination()), output, what)
  }
}

/** What is done with a digest: it is made, or compared with one that is given, which is right or has one bit wrong. */
const uses = ["made", "compared", "wrong"] as const
type Use = (typeof uses)[number]

const wrong = (digest: Uint8Array, bit: number): Uint8Array =>
  digest.map((byte, at) => (at === (bit >> 3) % digest.length ? byte ^ (1 << (bit & 7)) : byte))

/** What is around a digest before, and behind it after. */
const around = "d1".repeat(8)

/** What is hashed and what comes of it, and which bit of the digest is to be wrong. */
interface Digested {
  readonly what: string
  readonly input: string
  readonly output: string
  readonly digest: string
  readonly bit: number
  readonly build: (ask: Ask, digest: Digest, arena: Arena) => Built
}

/** A request with a digest at an address of its own. The data come out whatever the comparison says. */
const digested = (arena: Arena, use: Use, setting: Setting, of: Digested): Case => {
  const right = hex(of.digest)
  const given = use === "made" ? hex(around.repeat(8).slice(0, of.digest.length)) : right
  const room = arena.put(hex(text(use === "wrong" ? wrong(given, of.bit) : given) + around))
  const digest = { size: right.length, at: room.address, verify: use !== "made" }
  const before = text(arena.view(room))
  const what = `${of.what}, ${use}`
  const made = gives(arena, what, setting, of.input, of.output, (ask) => of.build(ask, digest, arena))
  return {
    ...made,
    head: symmetricHead(made.request, use === "wrong" ? mismatch : 0),
    check: (response) => {
      made.check(response)
      assert.strictEqual(text(arena.view(room)), use === "made" ? of.digest + around : before, what)
    }
  }
}

const cipherCases = (arena: Arena): ReadonlyArray<Case> =>
  cipherVectors.flatMap(({ ciphertext, iv, key, mode, name, plaintext }) =>
    [false, true].flatMap((decrypt) => {
      const [input, output] = decrypt ? [ciphertext, plaintext] : [plaintext, ciphertext]
      return settings.flatMap((setting, index) =>
        (["legacy", "ucs"] as const).map((layout) => {
          const ask = { mode, key: hex(key), iv: hex(iv), decrypt, layout }
          const what = `${name} ${decrypt ? "decrypt" : "encrypt"} ${layout} ${index}`
          return gives(arena, what, setting, input, output, (places, arena) =>
            cipherRequest({ ...places, ...ask, ...(index > 1 ? { ivAt: arena.put(hex(iv)).address } : {}) })
          )
        })
      )
    })
  )

/** Indexes of the device's constants: ciphers with AES-128 to encrypt and to decrypt, hashes. */
const cipherIndexes = { ecb: [14, 17], cbc: [18, 21], ctr: [22, 22] } as const
const hashIndexes = { sha1: 41, sha224: 48, sha256: 54, sha384: 60, sha512: 70 } as const

const constantCases = (arena: Arena): ReadonlyArray<Case> => [
  ...cipherVectors
    .filter(({ key }) => key.length === 32)
    .flatMap(({ ciphertext, iv, key, mode, plaintext }) =>
      cipherIndexes[mode].map((index, direction) => {
        const [input, output] = direction === 1 ? [ciphertext, plaintext] : [plaintext, ciphertext]
        const options = { mode, key: hex(key), iv: hex(iv) }
        return gives(arena, `constant ${index}`, { inPlace: true }, input, output, (ask) =>
          constantCipherRequest({ ...ask, ...options }, index)
        )
      })
    ),
  ...hashVectors.flatMap(({ digests, message }, bit) =>
    hashNames.map((hash) => {
      const input = Buffer.from(message).toString("hex")
      const what = `constant ${hash} of "${message}"`
      const build: Digested["build"] = (ask, digest) => constantHashRequest({ ...ask, hash, digest }, hashIndexes[hash])
      return digested(
        arena,
        "made",
        { inPlace: true },
        { what, input, output: input, digest: digests[hash], bit, build }
      )
    })
  )
]

const digestCases = (arena: Arena): ReadonlyArray<Case> =>
  [
    ...hashVectors.flatMap(({ digests, message, name }) =>
      hashNames.map((hash) => ({
        what: `${hash} of ${name}`,
        ask: { hash },
        input: Buffer.from(message).toString("hex"),
        digest: digests[hash]
      }))
    ),
    ...hmacVectors.map(({ digest, hash, key, message, name }) => ({
      what: `HMAC of ${name}`,
      ask: { hash, macKey: hex(key) },
      input: message,
      digest
    }))
  ].flatMap(({ ask, digest, input, what }, index) =>
    settings.flatMap((setting, way) => {
      const output = setting.inPlace ? input : untouched.toString(16).repeat(input.length / 2)
      const build: Digested["build"] = (places, digest) => hashRequest({ ...places, ...ask, digest })
      const of = { what: `${what} ${way}`, input, output, digest, bit: 5 * index, build }
      // What is compared does not depend on where it lies: one way for each.
      return (way === index % settings.length ? uses : (["made"] as const)).map((use) =>
        digested(arena, use, setting, of)
      )
    })
  )

/** The ways to ask for GCM: in a single pass, and over two slices, which may be given the first counter block. */
const forms = [
  ["single pass", gcmRequest, 12, true],
  ["two slices", gcmSlicesRequest, 16, true],
  ["two slices from a counter", gcmSlicesRequest, 16, false]
] as const

/** All that can be done with one test case and a tag of so many bytes, in these ways to lie in memory. */
const gcmCases = (
  arena: Arena,
  vector: (typeof gcmVectors)[number],
  size: number,
  ways: ReadonlyArray<Setting>
): ReadonlyArray<Case> => {
  const { aad, ciphertext, counter, key, name, plaintext, tag } = vector
  const short = counter.endsWith("00000001")
  return forms
    .filter(([, , , shortVector]) => short || !shortVector)
    .flatMap(([form, request, vectorBytes, shortVector]) =>
      ways.flatMap((setting) =>
        uses.map((use) => {
          const decrypt = use !== "made"
          const [input, output] = decrypt ? [ciphertext, plaintext] : [plaintext, ciphertext]
          const iv = hex(counter).subarray(0, vectorBytes)
          const build: Digested["build"] = (ask, digest, arena) =>
            request({ ...ask, key: hex(key), iv, aad: arena.put(hex(aad)), digest, decrypt, shortVector })
          const what = `${name} in ${form}, tag of ${size}`
          const of = { what, input, output, digest: tag.slice(0, 2 * size), bit: 7 * size + tag.charCodeAt(0), build }
          return digested(arena, use, setting, of)
        })
      )
    )
}

const through = (name: string, cases: (arena: Arena) => ReadonlyArray<Case>, count: number) =>
  Effect.gen(function* () {
    const arena = new Arena(base, 1 << 21)
    const { all } = yield* openRings(name, [arena])
    const some = cases(arena)
    assert.strictEqual(some.length, count)
    yield* all(symmetricBank, some)
  }).pipe(Effect.provide(layer))

describe("published answers", () => {
  it.scoped("AES-ECB, CBC and CTR", () => through("21", cipherCases, 9 * 2 * 4 * 2))
  it.scoped("ciphers and hashes of the device's constants", () => through("22", constantCases, 6 + 20))
  it.scoped("SHA and HMAC, made, compared, and wrong", () => through("23", digestCases, 6 * (20 + 36)))
  it.scoped("AES-GCM in a single pass and over two slices", () =>
    through("24", (arena) => gcmVectors.flatMap((vector) => gcmCases(arena, vector, 16, settings)), 12 * (12 * 3 + 6))
  )
  it.scoped("tags of 4 to 15 bytes", () => {
    const sizes = Array.from({ length: 12 }, (_, at) => 4 + at)
    const vectors = gcmVectors.filter(({ name }) => name === "case 4" || name === "case 18")
    const cases = (arena: Arena) =>
      sizes.flatMap((size) =>
        vectors.flatMap((vector) => gcmCases(arena, vector, size, [settings[size % 4] ?? { inPlace: true }]))
      )
    return through("25", cases, 12 * 3 * (3 + 1))
  })
})

/** Status of a decompression that saw the final block. */
const ended = 0x08

const commands = { static: 0, dynamic: 1, decompress: 2 } as const

/** Compresses or decompresses all of the input, and hands on what came out. `plain`: the data that the checksums are of. */
const compressionCase = (
  arena: Arena,
  choice: Omit<JobChoice, "room">,
  plain: Uint8Array,
  status: number,
  check: (output: Uint8Array) => void
): Case => {
  const job = layOut(arena, { ...choice, room: 16_384 })
  const command = commands[choice.kind]
  return {
    what: `${choice.kind} of ${plain.length} bytes`,
    request: job.request,
    head: [0, 1, 9, command === 2 ? 0x80 : 0xc0, 0, 0, status, command],
    words: (response) => countsOf(choice.data.length, decodeAnswer(response).produced, plain),
    check: (response) => check(job.output(decodeAnswer(response).produced))
  }
}

/** Buffers of a request: flat, in lists, and as the kernel has them. */
const buffers = [
  {},
  { split: { source: [100, 0, 7], destination: [33] } },
  { sender: "kernel", split: { source: [1], destination: [2, 0, 3] } }
] as const

const equals =
  (expected: Uint8Array) =>
  (output: Uint8Array): void =>
    assert.strictEqual(text(output), text(expected))

describe("deflate", () => {
  const inputs = dataKinds.flatMap((kind) =>
    [6000, 0, 1, 300, 9000].map((length, seed) => dataOf(kind, length, seed + 1))
  )

  it.scoped("there and back against zlib, with static and dynamic codes", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 22)
      const { all } = yield* openRings("26", [arena])
      const compressed: Array<Uint8Array> = []
      const keep = (input: Uint8Array) => (output: Uint8Array) => {
        equals(input)(inflateRawSync(output))
        compressed.push(output.slice())
      }
      yield* all(
        compressionBank,
        inputs.flatMap((data, index) =>
          (["static", "dynamic"] as const).map((kind) => {
            const choice = { kind, data, ...buffers[kind === "static" ? index % 2 : index % 3] }
            return compressionCase(arena, choice, data, 0, keep(data))
          })
        )
      )
      assert.strictEqual(compressed.length, 2 * inputs.length)
      const back = (stream: Uint8Array, plain: Uint8Array, index: number) => {
        const choice = { kind: "decompress", data: stream, ...buffers[index % 3] } as const
        return compressionCase(arena, choice, plain, ended, equals(plain))
      }
      yield* all(compressionBank, [
        ...compressed.map((stream, index) => back(stream, inputs[index >> 1] ?? stream, index)),
        ...inputs.map((input, index) => back(deflateRawSync(input, { level: 9 }), input, index))
      ])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("in pieces, of which only the last is final", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 22)
      const { all } = yield* openRings("27", [arena])
      const whole = dataOf("mixed", 9000, 3)
      const pieces = [0, 2500, 2501, 7000].map((from, index, all) => whole.subarray(from, all[index + 1]))
      const streams: Array<Uint8Array> = []
      yield* all(
        compressionBank,
        pieces.map((data, index) => {
          const choice = { kind: "dynamic", data, final: index === 3, ...buffers[index % 2] } as const
          return compressionCase(arena, choice, data, 0, (output) => streams.push(output.slice()))
        })
      )
      const joined = Buffer.concat(streams)
      equals(whole)(inflateRawSync(joined))
      // A piece that is not final ends with an empty stored block, so that the next one begins with a byte of its own.
      for (const stream of streams.slice(0, 3)) assert.strictEqual(text(stream.slice(-4)), "0000ffff")
      const decompress = (data: Uint8Array, plain: Uint8Array, status: number) =>
        compressionCase(arena, { kind: "decompress", data }, plain, status, equals(plain))
      yield* all(compressionBank, [
        decompress(joined, whole, ended),
        ...pieces.map((piece, index) => decompress(streams[index] ?? joined, piece, index === 3 ? ended : 0)),
        decompress(Buffer.concat(streams.slice(0, 2)), whole.subarray(0, 2501), 0)
      ])
    }).pipe(Effect.provide(layer))
  )
})
