/** Requests that are not done: what is not offered, what does not fit, and digests that differ. Source: section 8.2 of the specification. */
import { assert, describe, it } from "@effect/vitest"
import { Arena } from "../../support/dc/Arena.ts"
import { executed } from "../../support/sym/Execute.ts"
import {
  backwards,
  behind,
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
} from "../../support/sym/Refused.ts"
import { chainRequest, gcmRequest } from "../../support/sym/Requests.ts"
import { trial } from "../../support/sym/Trial.ts"

const [unsupported, invalid, mismatch] = [0x84, 0x82, 0x80]

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const tried = (build: Build) => trial(data, { inPlace: true }, build)

describe("a request that is done", () => {
  for (const [name, build] of Object.entries(good)) {
    it(`${name}`, () => assert.strictEqual(tried(build).status, 0))
  }
})

for (const [title, cases, status] of [
  ["a request that is not offered", notOffered, unsupported],
  ["a request that does not fit", doNotFit, invalid]
] as const) {
  describe(`${title}`, () => {
    for (const [name, build, change] of cases) {
      it(`${name}`, () => {
        const { executed: done, response, source } = tried(changed(build, change))
        assert.deepStrictEqual(
          [done.status, response[6], done.writes.length, done.error, done.flags],
          [status, status, 0, 0, 0]
        )
        assert.strictEqual(text(source), text(data))
      })
    }
  })
}

describe("a list", () => {
  const [listAt, base] = [0x1_4000_0000n, 0x1_5000_0000n]

  /** A CBC request over a list with so many entries, the first of which says that it has `length` bytes. */
  const over = (count: number, length: number) => {
    const list = new Uint8Array(16 + 16 * 4097)
    const view = new DataView(list.buffer)
    view.setUint32(8, count, true)
    view.setUint32(16, length, true)
    view.setBigUint64(24, base, true)
    const source = { address: listAt, length: 0 }
    const built = cbc({ source, scattered: true, opaque: 1n, descriptorAt: base + 4096n }, new Arena(0n, 0))
    const memory = new Uint8Array(8192)
    memory.set(built.descriptor, 4096)
    const regions = [
      { address: listAt, bytes: list },
      { address: base, bytes: memory }
    ]
    return executed(regions, built.request)
  }

  it("may have 4096 entries, and no more", () => {
    assert.strictEqual(over(4096, 64).status, 0)
    assert.strictEqual(over(4097, 64).status, invalid)
  })

  it("must have the bytes of the regions", () => {
    assert.deepStrictEqual([over(1, 64).status, over(1, 63).status, over(0, 64).status], [0, invalid, invalid])
  })
})

describe("a digest that differs", () => {
  it("is told, and the data are written all the same", () => {
    const { destination, status } = trial(data, { inPlace: false }, (ask) =>
      chainRequest({
        ...ask,
        mode: "cbc",
        key,
        iv,
        cipher: region,
        decrypt: true,
        hash: "sha1",
        macKey,
        auth: region,
        first: "hash",
        digest: { ...behind, verify: true }
      })
    )
    const without = trial(data, { inPlace: false }, backwards)
    assert.strictEqual(status, mismatch)
    assert.strictEqual(text(destination), text(without.destination))
  })

  it("is told of a tag", () => {
    const { status } = trial(data, { inPlace: true }, (ask, arena) =>
      gcmRequest({
        ...ask,
        key,
        iv: iv.subarray(0, 12),
        aad: arena.put(key),
        cipher: region,
        decrypt: true,
        digest: { ...behind, verify: true }
      })
    )
    assert.strictEqual(status, mismatch)
  })
})
