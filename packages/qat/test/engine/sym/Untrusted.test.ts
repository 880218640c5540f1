/** Whatever 128 bytes a guest sends, and whatever its memory holds: a request comes to one answer, or to a read that faults. It never throws. */
import { assert, describe, it } from "@effect/vitest"
import { decodeRequest, type Executed } from "../../../src/engine/Message.ts"
import { symmetric } from "../../../src/engine/sym/Symmetric.ts"
import { Chances } from "../../support/sym/Chances.ts"
import {
  type Ask,
  type Built,
  chainRequest,
  cipherRequest,
  gcmRequest,
  gcmSlicesRequest,
  hashRequest
} from "../../support/sym/Requests.ts"

const key = Uint8Array.from({ length: 16 }, (_, index) => index)
const place = { address: 0x1000n, length: 512 }
const aad = { address: 0x3000n, length: 20 }
const digest = { size: 16, at: 0x4000n }
const cipher = { offset: 16, length: 256 }

const requests: ReadonlyArray<(ask: Ask) => Built> = [
  (ask) => cipherRequest({ ...ask, mode: "cbc", key, iv: key, cipher }),
  (ask) => cipherRequest({ ...ask, mode: "ctr", key, iv: key, ivAt: 0x5000n }),
  (ask) => hashRequest({ ...ask, hash: "sha1", digest }),
  (ask) => hashRequest({ ...ask, hash: "sha512", macKey: key, digest: { ...digest, verify: true } }),
  (ask) =>
    chainRequest({ ...ask, mode: "cbc", key, iv: key, cipher, hash: "sha256", macKey: key, digest, first: "cipher" }),
  (ask) =>
    chainRequest({
      ...ask,
      mode: "ctr",
      key,
      iv: key,
      cipher,
      hash: "sha384",
      macKey: key,
      digest: { ...digest, at: "behind" },
      auth: cipher,
      first: "hash"
    }),
  (ask) => gcmRequest({ ...ask, key, iv: key.subarray(0, 12), aad, digest }),
  (ask) =>
    gcmSlicesRequest({
      ...ask,
      key,
      iv: key,
      aad,
      digest: { ...digest, verify: true },
      decrypt: true,
      shortVector: false
    })
]

/** A good request, with its descriptor. */
const someRequest = (chances: Chances): Built => {
  const ask = {
    source: place,
    destination: chances.coin ? place : { address: 0x2000n, length: 512 },
    scattered: chances.coin,
    opaque: 1n,
    descriptorAt: 0x6000n
  }
  const build = requests[chances.below(requests.length)]
  if (build === undefined) throw new RangeError("there is no such request")
  return build(ask)
}

const edges = [0, 1, 7, 15, 16, 17, 63, 64, 127, 128, 255]

/** Changes a few bytes and bits: at random, and where fields are. */
const spoil = (chances: Chances, bytes: Uint8Array): void => {
  for (let left = chances.below(4); left > 0; left--) {
    const at = chances.below(bytes.length)
    const old = bytes[at] ?? 0
    bytes[at] = chances.coin ? old ^ (1 << chances.below(8)) : (edges[chances.below(edges.length)] ?? 0)
  }
}

/** The most that memory of any address gives at once; beyond it there is none. */
const mostBytes = 1 << 16

/**
 * Memory that is everywhere, and holds at each place what comes to mind: the descriptor where it should be, lists that make sense now
 * and then, noise.
 */
const remember = (
  chances: Chances,
  descriptor: Uint8Array,
  address: bigint,
  length: number
): Uint8Array | undefined => {
  if (length > mostBytes) return undefined
  const bytes = chances.coin ? new Uint8Array(length) : chances.bytes(length)
  if (address === 0x6000n) bytes.set(descriptor.subarray(0, length))
  else if (length >= 16 && length % 16 === 0 && chances.coin) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, length)
    // The head of a list, or its entries.
    if (length === 16) view.setUint32(8, chances.below(12), true)
    else for (let at = 0; at < length; at += 16) view.setUint32(at, chances.below(600), true)
  }
  return bytes
}

/** What a request comes to; undefined if it reads where nothing is. */
const executed = (chances: Chances, request: Uint8Array, descriptor: Uint8Array): Executed | undefined => {
  const steps = symmetric(decodeRequest(request))
  let next = steps.next()
  while (next.done !== true) {
    assert.isAtLeast(next.value.length, 1)
    assert.isTrue(next.value.address >= 0n && next.value.address < 1n << 64n)
    const bytes = remember(chances, descriptor, next.value.address, next.value.length)
    if (bytes === undefined) return undefined
    next = steps.next(bytes)
  }
  return next.value
}

const statuses = [0, 0x80, 0x82, 0x84]

const assertAnswer = ({ error, status, words, writes }: Executed): void => {
  assert.include(statuses, status)
  assert.deepStrictEqual([error, ...words], [0, 0, 0, 0, 0])
  if (status > 0x80) assert.strictEqual(writes.length, 0)
  for (const { address, bytes } of writes) {
    assert.isTrue(address >= 0n && address < 1n << 64n)
    assert.isAtLeast(bytes.length, 1)
  }
}

describe("a request from a guest that means harm", () => {
  it("of random bytes gets one answer", () => {
    const chances = new Chances(6)
    let answers = 0
    for (let round = 0; round < 4000; round++) {
      const request = new Uint8Array(chances.bytes(128))
      // With nothing but noise, hardly any would get past the flags.
      if (chances.coin)
        request.set([chances.below(4), 4, 0x80, chances.one(4, 0x24, 0x44), 0x40 * chances.below(2), 0, 0], 1)
      const result = executed(chances, request, chances.bytes(512))
      if (result !== undefined) assertAnswer(result)
      answers += result === undefined ? 0 : 1
    }
    assert.isAtLeast(answers, 2000)
  })

  it("that was good once gets one answer", () => {
    const chances = new Chances(7)
    const counts = new Map<number | undefined, number>()
    for (let round = 0; round < 6000; round++) {
      const { descriptor, request } = someRequest(chances)
      spoil(chances, request)
      if (chances.coin) spoil(chances, descriptor)
      const result = executed(chances, request, descriptor)
      if (result !== undefined) assertAnswer(result)
      counts.set(result?.status, 1 + (counts.get(result?.status) ?? 0))
    }
    // The rounds are of use only as long as they come to everything.
    for (const status of [undefined, ...statuses]) assert.isAtLeast(counts.get(status) ?? 0, 5, `status ${status}`)
  })
})
