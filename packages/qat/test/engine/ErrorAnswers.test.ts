/**
 * Requests that fail, through the rings of a device: every row of section 8.2 of the firmware specification that a ring can show. Each is
 * answered, byte for byte, nothing is written for it, and the good request behind it is served. A ring whose own memory cannot be reached
 * answers nothing: `Engine.test.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createCipheriv, createDecipheriv } from "node:crypto"
import { inflateRawSync } from "node:zlib"
import { layer } from "../driver/hosts.ts"
import { Arena } from "../support/dc/Arena.ts"
import { corrupt } from "../support/dc/Corrupt.ts"
import { countsOf } from "../support/dc/Counts.ts"
import { type JobChoice, layOut } from "../support/dc/Job.ts"
import { serviceMaps } from "../support/guest/Device.ts"
import { Chances } from "../support/sym/Chances.ts"
import { laid, type Setting, untouched } from "../support/sym/Laid.ts"
import {
  type Build,
  cbc,
  changed,
  data,
  doNotFit,
  good,
  iv,
  key,
  macKey,
  notOffered,
  region
} from "../support/sym/Refused.ts"
import { chainRequest, cipherRequest, gcmRequest, hashRequest } from "../support/sym/Requests.ts"
import { type Case, openRings, symmetricHead } from "../support/sym/Rings.ts"

const base = 0x2_0000_0000n
/** Memory that no changed byte of an address in the other arena leads to. */
const safeBase = 0x35_7654_0000n
const nowhere = 0x7000_0000_0000n
const symmetricBank = 1
const compressionBank = 0

const [unsupported, invalid, mismatch] = [0x84, 0x82, 0x80]

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const enciphered = Uint8Array.of(
  ...createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(data.subarray(0, 64)),
  ...data.subarray(64)
)

/** What must be served behind a request that fails. */
const goodCipher = (arena: Arena, behind: string): Case => {
  const { destination, request } = laid(arena, data, { inPlace: true }, cbc)
  return {
    what: `behind ${behind}`,
    request,
    head: symmetricHead(request, 0),
    check: () => assert.strictEqual(text(destination()), text(enciphered), behind)
  }
}

/** A request that fails with this status, without a trace in its buffers, and a good one behind it. */
const refused = (
  arena: Arena,
  what: string,
  status: number,
  build: Build,
  setting: Setting = { inPlace: true }
): ReadonlyArray<Case> => {
  const { destination, request, source } = laid(arena, data, setting, build)
  const check = (): void => {
    assert.strictEqual(text(source()), text(data), what)
    assert.strictEqual(text(destination()), text(setting.inPlace ? data : data.map(() => untouched)), what)
  }
  return [{ what, request, head: symmetricHead(request, status), check }, goodCipher(arena, what)]
}

const lists: Setting = { inPlace: true, cuts: { source: [5], destination: [] } }
const apart: Setting = { inPlace: false }

const cipherAsk = { mode: "cbc", key, iv, cipher: region } as const
const hashAsk = { hash: "sha1", macKey, auth: region } as const
const gcmAsk = { key, iv: iv.subarray(0, 12), cipher: region } as const
const far = { size: 20, at: nowhere } as const
const farPlace = { address: nowhere, length: data.length }

/** Requests of which a part cannot be reached. */
const unreachable: ReadonlyArray<readonly [what: string, build: Build, setting?: Setting]> = [
  ["the descriptor", (ask, arena) => cbc({ ...ask, descriptorAt: nowhere }, arena)],
  ["the source", (ask, arena) => cbc({ ...ask, source: farPlace }, arena), apart],
  ["the destination", (ask, arena) => cbc({ ...ask, destination: farPlace }, arena)],
  ["the source's list", (ask, arena) => cbc({ ...ask, source: farPlace }, arena), lists],
  ["the destination's list", (ask, arena) => cbc({ ...ask, destination: farPlace }, arena), lists],
  ["what a list points to", (ask, arena) => cbc({ ...ask, source: arena.list([farPlace]) }, arena), lists],
  ["where a list is to go", (ask, arena) => cbc({ ...ask, destination: arena.list([farPlace]) }, arena), lists],
  ["the vector", (ask) => cipherRequest({ ...ask, ...cipherAsk, ivAt: nowhere })],
  ["a digest that is made", (ask) => hashRequest({ ...ask, ...hashAsk, digest: far })],
  ["a digest that is compared", (ask) => hashRequest({ ...ask, ...hashAsk, digest: { ...far, verify: true } })],
  [
    "the digest of a chain",
    (ask) => chainRequest({ ...ask, ...cipherAsk, ...hashAsk, digest: far, first: "cipher" }),
    apart
  ],
  ["associated data", (ask) => gcmRequest({ ...ask, ...gcmAsk, aad: farPlace, digest: { size: 16, at: "behind" } })],
  ["a tag", (ask, arena) => gcmRequest({ ...ask, ...gcmAsk, aad: arena.put(key), digest: { ...far, size: 16 } })]
]

/** A list of which the head says that it has so many entries, and whose first one has so many bytes. */
const listOf =
  (entries: number, length: number): Build =>
  (ask, arena) => {
    const list = arena.list([{ address: ask.source.address, length }])
    const head = arena.view({ address: list.address, length: 16 })
    new DataView(head.buffer, head.byteOffset).setUint32(8, entries, true)
    return cbc({ ...ask, source: list, destination: list, scattered: true }, arena)
  }

const badLists = [
  [0, 64],
  [1, 63],
  [4097, 64],
  [0xffff_ffff, 64]
] as const

/** What is only hashed is to be copied, and the destination has no room for it. */
const tooSmall: Build = (ask, arena) => {
  const digest = { size: 20, at: arena.room(20).address }
  const cipher = { offset: 0, length: 32 }
  const built = chainRequest({ ...ask, ...cipherAsk, ...hashAsk, cipher, digest, first: "hash" })
  built.view.setUint32(52, 40, true)
  return built
}

/** A digest that differs: told, and the data are written all the same. */
const differs = (arena: Arena): ReadonlyArray<Case> => {
  const what = "a digest that differs"
  const { destination, request } = laid(arena, data, apart, (ask, arena) => {
    const digest = { size: 20, at: arena.put(data).address, verify: true }
    return chainRequest({ ...ask, ...cipherAsk, ...hashAsk, decrypt: true, first: "hash", digest })
  })
  const plain = createDecipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(data.subarray(0, 64))
  const expected = text(Uint8Array.of(...plain, ...data.subarray(64).map(() => untouched)))
  const check = (): void => assert.strictEqual(text(destination()), expected)
  return [{ what, request, head: symmetricHead(request, mismatch), check }, goodCipher(arena, what)]
}

/** A request that no service takes: type and command come back, and nothing of it is done. */
const strange = (arena: Arena, what: string, status: number, changes: Readonly<Record<number, number>>): Case => {
  const { destination, request } = laid(arena, data, { inPlace: true }, cbc)
  for (const [at, value] of Object.entries(changes)) request[Number(at)] = value
  return {
    what,
    request,
    head: [0, 1, request[2] ?? 0, 0x80, 0, 0xf3, status, request[1] ?? 0],
    check: () => assert.strictEqual(text(destination()), text(data), what)
  }
}

const dirt = 0xa5
const room = 256
/** One stored block of the data. */
const storedData = Uint8Array.of(1, data.length, 0, 255 - data.length, 255, ...data)

/** A compression request with something changed, which fails without a trace in its destination. */
const badCompression = (
  arena: Arena,
  what: string,
  status: number,
  error: number,
  choice: Partial<JobChoice>,
  change: (view: DataView) => void = () => undefined
): Case => {
  const bytes = choice.room ?? room
  const { output, request } = layOut(arena, { kind: "static", data, room, ...choice })
  change(new DataView(request.buffer))
  const command = request[1] ?? 0
  return {
    what,
    request,
    head: [0, 1, 9, command <= 1 ? 0xc0 : 0x80, 0, error & 0xff, status, command],
    check: () => assert.strictEqual(text(output(bytes)), text(new Uint8Array(bytes).fill(dirt)), what)
  }
}

/** A compression in a bank that does not compress. */
const misplaced = (arena: Arena): Case => ({
  ...badCompression(arena, "a compression", 0xa4, -13, {}),
  head: [0, 1, 9, 0x80, 0, 0xf3, 0xa4, 0]
})

const goodCompression = (arena: Arena, what: string): Case => {
  const { output, request } = layOut(arena, { kind: "decompress", data: storedData, room })
  return {
    what: `behind ${what}`,
    request,
    head: [0, 1, 9, 0x80, 0, 0, 8, 2],
    words: () => countsOf(storedData.length, data.length, data),
    check: () => assert.strictEqual(text(output(data.length)), text(data), what)
  }
}

const address =
  (at: number) =>
  (view: DataView): void =>
    view.setBigUint64(at, nowhere, true)
const byte =
  (at: number, value: number) =>
  (view: DataView): void =>
    view.setUint8(at, value)

const stored = { kind: "decompress", data: storedData } as const

const badCompressions = (arena: Arena): ReadonlyArray<Case> => [
  badCompression(arena, "no room, static", 0x20, -11, { room: 4 }),
  badCompression(arena, "no room, dynamic", 0x20, -11, { kind: "dynamic", room: 4 }),
  badCompression(arena, "no room to decompress", 0x20, -11, { ...stored, room: 4 }),
  ...corrupt.map(([name, error, stream]) =>
    badCompression(arena, name, 0x20, error, { kind: "decompress", data: stream })
  ),
  ...[3, 4, 5, 6, 9, 10, 11, 255].map((id) => badCompression(arena, `command ${id}`, 0x24, -13, {}, byte(1, id))),
  ...[2, 3, 4, 7].map((format) =>
    badCompression(arena, `format ${format}`, 0x24, -13, {}, byte(11, (format << 5) | 7))
  ),
  badCompression(arena, "stateful", 0x24, -13, stored, byte(4, 4)),
  badCompression(arena, "no memory for the source", 0x22, -13, {}, address(32)),
  badCompression(arena, "no memory for the destination", 0x22, -13, {}, address(40)),
  badCompression(arena, "no memory to decompress to", 0x22, -13, stored, address(40)),
  badCompression(arena, "no memory for a list", 0x22, -13, { split: { source: [], destination: [] } }, address(32))
]

/** Changes some bytes of a request, but not those that say whose it is and who is to do it, or of its descriptor. */
const noisy =
  (chances: Chances, build: Build): Build =>
  (ask, arena) => {
    const built = build(ask, arena)
    const bytes = chances.coin || built.descriptor.length === 0 ? built.request : built.descriptor
    for (let left = 1 + chances.below(3); left > 0; left--) {
      const at = chances.below(bytes.length)
      if (bytes !== built.request || at === 1 || (at > 3 && at < 24) || at > 31) bytes[at] = chances.below(256)
    }
    return built
  }

describe("a request that fails is answered, and what is behind it is served", () => {
  it.scoped("symmetric: what is not offered and what does not fit", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 20)
      const { all } = yield* openRings("31", [arena])
      const cases = [
        ...notOffered.flatMap(([name, build, change]) => refused(arena, name, unsupported, changed(build, change))),
        ...doNotFit.flatMap(([name, build, change]) => refused(arena, name, invalid, changed(build, change))),
        ...refused(arena, "a destination too small for what is only hashed", invalid, tooSmall, apart),
        ...badLists.flatMap(([entries, length]) =>
          refused(arena, `${entries} entries`, invalid, listOf(entries, length))
        ),
        ...differs(arena)
      ]
      assert.isAtLeast(cases.length, 2 * 140)
      yield* all(symmetricBank, cases)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("symmetric: what cannot be reached", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 18)
      const { all } = yield* openRings("32", [arena])
      const cases = unreachable.flatMap(([what, build, setting]) => refused(arena, what, invalid, build, setting))
      assert.lengthOf(cases, 2 * 13)
      yield* all(symmetricBank, cases)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("symmetric: whatever stands in a request and in its descriptor", () =>
    Effect.gen(function* () {
      const [arena, safe] = [new Arena(base, 1 << 20), new Arena(safeBase, 1 << 18)]
      const { submit } = yield* openRings("33", [arena, safe])
      const chances = new Chances(12)
      const builds = Object.values(good)
      const pairs = Array.from({ length: 240 }, (_, index) => {
        const { request } = laid(arena, data, chances.setting, noisy(chances, builds[index % builds.length] ?? cbc))
        return { request, behind: goodCipher(safe, `noise ${index}`) }
      })
      const requests = pairs.flatMap(({ behind, request }) => [request, behind.request])
      const responses = yield* submit(symmetricBank, requests)
      assert.lengthOf(responses, requests.length)
      const statuses = new Set<number>()
      for (const [index, response] of responses.entries()) {
        const request = requests[index] ?? response
        const status = response[6] ?? 0
        statuses.add(status)
        const expected = [...symmetricHead(request, status), ...request.subarray(24, 32), ...new Uint8Array(16)]
        assert.strictEqual(text(response), text(Uint8Array.from(expected)))
        if (index % 2 === 1) assert.strictEqual(status, 0)
      }
      for (const { behind } of pairs) behind.check(new Uint8Array(0))
      assert.deepStrictEqual(
        [...statuses].toSorted((one, other) => one - other),
        [0, invalid, unsupported]
      )
    }).pipe(Effect.provide(layer))
  )

  it.scoped("of no service, of another bank's service, without the valid flag; and NULL requests", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 20)
      const { all } = yield* openRings("34", [arena])
      for (const [bank, own, behind] of [
        [symmetricBank, 4, goodCipher],
        [compressionBank, 9, goodCompression]
      ] as const) {
        const nulled = laid(
          arena,
          data,
          { inPlace: true },
          changed(cbc, ({ request }) => request.set([0, 1, 0, 0x80]))
        )
        const cases: ReadonlyArray<Case> = [
          ...[own === 4 ? 9 : 4, 1, 2, 3, 5, 6, 7, 8, 10, 11, 255].map((service) =>
            strange(arena, `service ${service}`, 0xa4, { 2: service })
          ),
          ...(own === 4 ? [misplaced(arena)] : []),
          ...[own, 0, 77].map((service) => strange(arena, "no valid flag", 0xa2, { 2: service, 3: 0x7f })),
          ...[0, 2, 255].map((command) => strange(arena, `NULL, command ${command}`, 0xa4, { 1: command, 2: 0 })),
          {
            what: "NULL",
            request: nulled.request,
            head: [0, 1, 0, 0x80, 0, 0, 0, 1],
            check: () => assert.strictEqual(text(nulled.destination()), text(data))
          }
        ]
        yield* all(
          bank,
          cases.flatMap((each) => [each, behind(arena, each.what)])
        )
      }
    }).pipe(Effect.provide(layer))
  )

  it.scoped("compression", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 20)
      const { all } = yield* openRings("35", [arena])
      assert.strictEqual(text(inflateRawSync(storedData)), text(data))
      yield* all(
        compressionBank,
        badCompressions(arena).flatMap((each) => [each, goodCompression(arena, each.what)])
      )
    }).pipe(Effect.provide(layer))
  )

  it.scoped("asymmetric, all of them, while another bank of the device works", () =>
    Effect.gen(function* () {
      const arena = new Arena(base, 1 << 16)
      const { all, submit } = yield* openRings("36", [arena], serviceMaps.mixed)
      // Two requests of 64 bytes each.
      const pairs = [0, 1, 2].map((turn) => {
        const bytes = Uint8Array.from({ length: 128 }, (_, at) => 5 * at + turn)
        bytes.set([0, turn, 3, 0x80])
        bytes.set([0, turn, 3, 0x80], 64)
        return bytes
      })
      const responses = yield* submit(0, pairs, 2)
      const expected = pairs.flatMap((bytes) =>
        [0, 64].map((at) => [0, 0, 3, 0x80, 0xf3, 0x40, 0, 0, ...bytes.subarray(at + 24, at + 48)])
      )
      assert.deepStrictEqual(
        responses.map((response) => [...response]),
        expected
      )
      yield* all(symmetricBank, [goodCipher(arena, "asymmetric requests")])
    }).pipe(Effect.provide(layer))
  )
})
