/**
 * Requests that fail, through the rings of a device: every row of section 8.2 of the firmware specification that a ring can show. Each is
 * answered, and the requests behind it are served.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { layer } from "../driver/hosts.ts"
import { Arena } from "../support/dc/Arena.ts"
import { layOut } from "../support/dc/Job.ts"
import { serviceMaps } from "../support/guest/Device.ts"
import { chainJob, type CipherAsk, cipherJob, hashJob, singlePassJob, twoSlicesJob } from "../support/answers/Job.ts"
import { type Case, openRings, symmetricHead } from "../support/answers/Rings.ts"

const base = 0x2_0000_0000n
const nowhere = 0x7000_0000_0000n
const symmetricBank = 1
const compressionBank = 0

const key = Uint8Array.from({ length: 16 }, (_, at) => at)
const data = Uint8Array.from({ length: 64 }, (_, at) => 3 * at)
const region = { offset: 0, length: 64 }
const ask: CipherAsk = { mode: "cbc", key, vector: key, decrypt: false, region }

/** What is changed of a request, or of its descriptor. */
type Change = (view: DataView, descriptor: DataView) => void

const cipher = (arena: Arena, changes: Partial<CipherAsk> = {}) => cipherJob(arena, { data }, { ...ask, ...changes })
const listed = (arena: Arena) => cipherJob(arena, { data, split: { source: [5], destination: [] } }, ask)
const counted = (arena: Arena) => cipher(arena, { mode: "ctr", layout: "ucs" })
const hash = (arena: Arena) => hashJob(arena, { data }, { name: "sha256", region }, { bytes: 32 })
const mac = (arena: Arena) => hashJob(arena, { data }, { name: "sha1", key, region }, { bytes: 20 })
const gcmAsk = { key, vector: key.subarray(0, 12), aad: key, decrypt: false, region }
const single = (arena: Arena) => singlePassJob(arena, { data }, gcmAsk, { bytes: 16 })
const double = (arena: Arena) => twoSlicesJob(arena, { data }, gcmAsk, { bytes: 16 })
const chain = (arena: Arena) =>
  chainJob(arena, 2, { data }, { cipher: ask, hash: { name: "sha1", key, region }, digest: { bytes: 20 } })
const apart = (arena: Arena) =>
  chainJob(
    arena,
    3,
    { data, room: 40 },
    {
      cipher: { ...ask, region: { offset: 0, length: 32 } },
      hash: { name: "sha1", key, region },
      digest: { bytes: 20 }
    }
  )
const word =
  (value: number): Change =>
  (_, descriptor) =>
    descriptor.setUint32(0, value, true)
const byte =
  (at: number, value: number): Change =>
  (view) =>
    view.setUint8(at, value)
const long =
  (at: number, value: number): Change =>
  (view) =>
    view.setUint32(at, value, true)
const address =
  (at: number): Change =>
  (view) =>
    view.setBigUint64(at, nowhere, true)

const both =
  (first: Change, second: Change): Change =>
  (view, descriptor) => {
    first(view, descriptor)
    second(view, descriptor)
  }

const unsupported = 0x84
const invalid = 0x82

/** What it is, its status, the request, and what is wrong with it. */
type Row = readonly [what: string, status: number, make: typeof cipher | typeof hash, change: Change]

const rows: ReadonlyArray<Row> = [
  ...[4, 5, 6, 9, 10, 12, 17, 255].map((command): Row => [`command ${command}`, unsupported, cipher, byte(1, command)]),
  ...[1, 2, 6, 7, 8, 9, 10, 11, 12, 15].map((algorithm): Row => [
    `cipher ${algorithm}`,
    unsupported,
    cipher,
    word(0x10 | algorithm)
  ]),
  ...[3, 5, 6, 15].map((mode): Row => [`mode ${mode}`, unsupported, cipher, word((mode << 4) | 3)]),
  ["a key schedule instead of a key", unsupported, cipher, word(0x113)],
  ["AEAD mode that is no single pass", unsupported, cipher, word(0x43)],
  ...[1, 2, 3].map((partial): Row => [`partial ${partial}`, unsupported, cipher, byte(4, 4 | partial)]),
  ["state to be kept", unsupported, cipher, byte(4, 0x14)],
  ...[1, 3, 4].map((protocol): Row => [`protocol ${protocol}`, unsupported, hash, long(4, 0x24 | (protocol << 7))]),
  ["GMAC", unsupported, hash, long(4, 0x124)],
  ["ZUC", unsupported, cipher, byte(5, 0x10)],
  ["the wireless slice", unsupported, cipher, byte(5, 0x80)],
  ["an extended protocol", unsupported, cipher, byte(7, 1)],
  ["a descriptor in the request", unsupported, cipher, byte(6, 2)],
  ["an unknown constant", unsupported, cipher, long(4, 0x0002_000c)],
  ["the short form of constants", unsupported, hash, both(byte(4, 0x2c), byte(114, 46))],
  ...[0, 2, 7, 8, 9, 10, 11, 15].map((algorithm): Row => [`hash ${algorithm}`, unsupported, hash, word(algorithm)]),
  ["SHA-3", unsupported, hash, word(0x0040_0000)],
  ["HMAC of two prefixes", unsupported, mac, byte(113, 0x20)],
  ["hash mode 2", unsupported, mac, word(0x21)],
  ["a nested hash", unsupported, hash, byte(113, 1)],
  ["GCM over a legacy cipher", unsupported, double, byte(5, 0x09)],
  ["GCM over a plain hash", unsupported, double, byte(114, 0)],

  ["no whole blocks", invalid, cipher, long(60, 63)],
  ["no whole blocks in a chain", invalid, chain, long(60, 17)],
  ["a cipher region beyond the buffer", invalid, cipher, long(56, 1)],
  ["a cipher region that wraps", invalid, counted, long(56, 0xffff_fff0)],
  ["a length beyond all memory", invalid, counted, long(60, 0xffff_ffff)],
  ["a cipher region beyond the list", invalid, listed, long(56, 16)],
  ["a hashed region beyond the buffer", invalid, hash, long(84, 65)],
  ["a hashed region that wraps", invalid, hash, long(80, 0xffff_ffff)],
  ["a destination too small", invalid, cipher, long(52, 63)],
  ["a destination too small for what is only hashed", invalid, apart, () => undefined],
  ["a digest in the buffer that has no room for it", invalid, hash, byte(5, 4)],
  ["a digest of no bytes", invalid, hash, (view) => [107, 118].forEach((at) => view.setUint8(at, 0))],
  ["a digest longer than the hash has", invalid, hash, byte(118, 33)],
  ["a tag too short", invalid, single, byte(107, 3)],
  ["a tag too long", invalid, single, byte(107, 17)],
  ["more associated data than we take", invalid, single, long(84, 0x0100_0001)],
  ["a descriptor without room for the key", invalid, cipher, byte(18, 2)],
  ["a descriptor of nothing", invalid, cipher, byte(18, 0)],
  ["a cipher behind the descriptor", invalid, cipher, byte(110, 255)],
  ["a hash behind the descriptor", invalid, hash, byte(114, 255)],
  ["a second state behind the descriptor", invalid, mac, byte(122, 255)],
  ["a hash key behind the descriptor", invalid, double, byte(122, 255)],

  ["no memory for the descriptor", invalid, cipher, address(8)],
  ["no memory for the source", invalid, cipher, address(32)],
  ["no memory for the destination", invalid, cipher, address(40)],
  ["no memory for the list", invalid, listed, address(32)],
  ["no memory for the vector", invalid, cipher, both(byte(4, 0), address(64))],
  ["no memory for the digest", invalid, mac, address(96)],
  ["no memory for the associated data", invalid, single, address(88)]
]

const nothing = (): void => undefined

/** The row as a request, with a good one behind it. */
const caseOf = (arena: Arena, [what, status, make, change]: Row): ReadonlyArray<Case> => {
  const { descriptor, request } = make(arena)
  const { byteOffset } = arena.view(descriptor)
  change(new DataView(request.buffer), new DataView(arena.region.bytes.buffer, byteOffset, descriptor.length))
  const good = cipher(arena).request
  return [
    { what, request, head: symmetricHead(request, status), check: nothing },
    { what: `behind ${what}`, request: good, head: symmetricHead(good, 0), check: nothing }
  ]
}

/** A list with so many entries, most of which lie behind it wherever that is. */
const listOf = (arena: Arena, entries: number): Case => {
  const { request } = cipher(arena)
  const list = arena.list([{ address: base, length: 64 }])
  arena.view({ address: list.address, length: 16 }).set([entries & 0xff, entries >> 8], 8)
  const view = new DataView(request.buffer)
  view.setUint8(6, 1)
  for (const at of [32, 40]) view.setBigUint64(at, list.address, true)
  return {
    what: `${entries} entries`,
    request,
    head: symmetricHead(request, entries === 1 ? 0 : invalid),
    check: nothing
  }
}

/** A head as in the rows for requests that no service takes. */
const strange = (request: Uint8Array, status: number): ReadonlyArray<number> => [
  0,
  1,
  request[2] ?? 0,
  0x80,
  0,
  0xf3,
  status,
  request[1] ?? 0
]

const unknown = (arena: Arena, what: string, status: number, changes: Readonly<Record<number, number>>): Case => {
  const { request } = cipher(arena)
  for (const [at, value] of Object.entries(changes)) request[Number(at)] = value
  return { what, request, head: strange(request, status), check: nothing }
}

const compressionRequest = (arena: Arena) => layOut(arena, { kind: "static", data, room: 256 }).request

describe("a request that fails is answered, and what is behind it is served", () => {
  it.scoped("symmetric requests", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 20)
      const { all } = yield* openRings("31", arena.region)
      yield* all(
        symmetricBank,
        rows.flatMap((row) => caseOf(arena, row))
      )
      yield* all(symmetricBank, [listOf(arena, 1), listOf(arena, 4097), listOf(arena, 0xffff)])
      assert.isAbove(rows.length, 60)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("requests without service, of another bank's service, and without their flag; NULL requests", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 20)
      const { all } = yield* openRings("32", arena.region)
      const compression = compressionRequest(arena)
      const nulled = cipher(arena).request
      nulled.set([0, 1, 0, 0x80])
      for (const [bank, own] of [[symmetricBank, 4] as const, [compressionBank, 9] as const]) {
        yield* all(bank, [
          ...[1, 2, 3, 7, 11, 255].map((service) => unknown(arena, `service ${service}`, 0xa4, { 2: service })),
          unknown(arena, "no valid flag", 0xa2, { 2: own, 3: 0x7f }),
          unknown(arena, "NULL without its command", 0xa4, { 1: 0, 2: 0 }),
          { what: "NULL", request: nulled, head: [0, 1, 0, 0x80, 0, 0, 0, 1], check: nothing }
        ])
      }
      yield* all(compressionBank, [unknown(arena, "a cipher to compress", 0xa4, {})])
      yield* all(symmetricBank, [
        { what: "a compression", request: compression, head: strange(compression, 0xa4), check: nothing }
      ])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("compression requests", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 20)
      const { all } = yield* openRings("33", arena.region)
      const broken = (what: string, status: number, change: Change, error = 0xf3): Case => {
        const request = compressionRequest(arena)
        const view = new DataView(request.buffer)
        change(view, view)
        const flags = (request[1] ?? 0) <= 1 ? 0xc0 : 0x80
        return { what, request, head: [0, 1, 9, flags, 0, error, status, request[1] ?? 0], check: nothing }
      }
      yield* all(compressionBank, [
        broken("no memory for the source", 0x22, address(32)),
        broken("no memory for the destination", 0x22, address(40)),
        broken("no memory for a list", 0x22, both(byte(6, 3), address(32))),
        broken("an unknown command", 0x24, byte(1, 9)),
        broken("no room", 0x20, both(long(52, 4), long(60, 4)), 0xf5)
      ])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("asymmetric requests, all of them", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 4096)
      const { submit } = yield* openRings("34", arena.region, serviceMaps.mixed)
      // Two requests of 64 bytes each.
      const pairs = [0, 1, 2].map((turn) => {
        const bytes = Uint8Array.from({ length: 128 }, (_, at) => 5 * at + turn)
        bytes.set([0, turn, 3, 0x80])
        bytes.set([0, turn, 3, 0x80], 64)
        return bytes
      })
      const responses = yield* submit(compressionBank, pairs, 2)
      const expected = pairs.flatMap((bytes) =>
        [0, 64].map((at) => [0, 0, 3, 0x80, 0xf3, 0x40, 0, 0, ...bytes.subarray(at + 24, at + 48)])
      )
      assert.deepStrictEqual(
        responses.map((response) => [...response]),
        expected
      )
    }).pipe(Effect.provide(layer))
  )
})
