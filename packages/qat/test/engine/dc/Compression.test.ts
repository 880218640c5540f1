/** Compression requests, alone: the worked example, what comes out for all kinds of data, splits and pieces. */
import { assert, describe, it } from "@effect/vitest"
import { constants, crc32, deflateRawSync, deflateSync, inflateRawSync } from "node:zlib"
import { Arena } from "../../support/dc/Arena.ts"
import { dataKinds, dataOf } from "../../support/dc/Data.ts"
import { executed } from "../../support/dc/Execute.ts"
import { layOut } from "../../support/dc/Job.ts"
import { dpdkRequest } from "../../support/dc/Requests.ts"

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[^0-9a-f]/g, ""), "hex"))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** The Adler-32 of `data`, as zlib has it. */
const adler = (data: Uint8Array): number => {
  const stream = deflateSync(data)
  return stream.readUInt32BE(stream.length - 4)
}

const sizes = [0, 1, 2, 63, 64, 1000, 4096, 5551, 5553, 65_536, 100_001, 262_144]
const arena = new Arena(0x1_3000_0000n, 3 << 20)

describe("the worked example", () => {
  const input = new TextEncoder().encode("stopcopy".repeat(8))
  const memory = { address: 0x1_3000_2000n, bytes: new Uint8Array(0x2000) }
  memory.bytes.set(input)
  const request = dpdkRequest({
    kind: "static",
    source: { address: 0x1_3000_2000n, length: 64 },
    destination: { address: 0x1_3000_3000n, length: 256 },
    scattered: false,
    opaque: 0x7f00_5566_7780n
  })

  it("is built byte for byte", () => {
    const expected = hex(`
      0000098000000200000033278002050300000000000000008077665500 7f0000
      00200030010000000030003001000000 40000000000100004000000000010000
      00000000010000004300030000000000 00000000000000000000000000000000
      00000045000000000000000000000000 00000000000000000000000000000000`)
    assert.strictEqual(toHex(request), toHex(expected))
  })

  it("comes out byte for byte", () => {
    const { response } = executed([memory], request)
    assert.strictEqual(
      toHex(response),
      toHex(hex("000109c000000000 80776655007f0000 400000000d000000 ba68a0b9091c4d8f"))
    )
    assert.strictEqual(toHex(memory.bytes.subarray(0x1000, 0x100d)), "2b2ec92f48ce2fa82c26930600")
  })

  it("overflows with too little room, and leaves it alone", () => {
    const small = request.slice()
    new DataView(small.buffer).setUint32(60, 12, true)
    memory.bytes.fill(0, 0x1000)
    const { response } = executed([memory], small)
    assert.strictEqual(toHex(response), toHex(hex("000109c000f52000 80776655007f0000")) + "00".repeat(16))
    assert.isTrue(memory.bytes.subarray(0x1000).every((byte) => byte === 0))
  })
})

describe("round trips", () => {
  for (const kind of ["static", "dynamic"] as const) {
    for (const dataKind of dataKinds) {
      it(`${kind}, ${dataKind}, 0 bytes to 256 KiB, all levels`, () => {
        for (const [index, size] of sizes.entries()) {
          arena.clear()
          const data = dataOf(dataKind, size, index + 1)
          const job = layOut(arena, { kind, data, room: size + 8192, level: [1, 6, 9][index % 3] ?? 1 })
          const { answer } = executed([arena.region], job.request)
          assert.deepInclude(answer, { status: 0, error: 0, translatorError: 0, flags: 0xc0, consumed: size })
          assert.deepInclude(answer, { crc32: crc32(data), adler32: adler(data), command: kind === "static" ? 0 : 1 })
          const packed = job.output(answer.produced)
          assert.isTrue(inflateRawSync(packed).equals(data))
          arena.clear()
          const back = layOut(arena, { kind: "decompress", data: packed, room: size })
          const unpacked = executed([arena.region], back.request)
          assert.deepInclude(unpacked.answer, { status: 0x08, error: 0, flags: 0x80, consumed: packed.length })
          assert.deepInclude(unpacked.answer, { produced: size, crc32: crc32(data), adler32: adler(data) })
          assert.isTrue(Buffer.from(back.output(size)).equals(data))
        }
      })
    }
  }

  it("is what zlib gives at the level of the search depth", () => {
    const data = dataOf("mixed", 50_000)
    for (const [level, zlibLevel] of [
      [5, 1],
      [8, 6],
      [12, 9]
    ] as const) {
      arena.clear()
      const job = layOut(arena, { kind: "dynamic", data, room: 60_000, level })
      const { answer } = executed([arena.region], job.request)
      assert.isTrue(deflateRawSync(data, { level: zlibLevel }).equals(job.output(answer.produced)))
    }
  })

  it("requests of the kernel, early and late", () => {
    const data = dataOf("text", 20_000)
    for (const sender of ["kernel", "early kernel"] as const) {
      arena.clear()
      const job = layOut(arena, {
        kind: "dynamic",
        data,
        room: 20_000,
        sender,
        split: { source: [7], destination: [] }
      })
      const { answer } = executed([arena.region], job.request)
      assert.deepInclude(answer, { status: 0, flags: 0xc0, consumed: data.length })
      const packed = job.output(answer.produced)
      arena.clear()
      const back = layOut(arena, { kind: "decompress", data: packed, room: data.length, sender })
      assert.deepInclude(executed([arena.region], back.request).answer, { status: 0x08, produced: data.length })
      assert.isTrue(Buffer.from(back.output(data.length)).equals(data))
    }
  })
})

describe("pieces", () => {
  it("without the final block are joined to one stream, and checksums go on", () => {
    const data = dataOf("mixed", 150_000)
    const parts: Array<Uint8Array> = []
    let [crc, sum] = [0, 1]
    for (let at = 0; at < data.length; at += 50_000) {
      arena.clear()
      const part = data.subarray(at, at + 50_000)
      const job = layOut(arena, { kind: "dynamic", data: part, room: 60_000, final: at === 100_000 })
      const view = new DataView(job.request.buffer)
      view.setUint32(64, crc, true)
      view.setUint32(68, sum, true)
      const { answer } = executed([arena.region], job.request)
      ;[crc, sum] = [answer.crc32, answer.adler32]
      const bytes = job.output(answer.produced)
      if (at < 100_000) assert.strictEqual(toHex(bytes.subarray(-4)), "0000ffff")
      parts.push(bytes)
    }
    const whole = Buffer.concat(parts)
    assert.isTrue(inflateRawSync(whole).equals(data))
    assert.deepStrictEqual([crc, sum], [crc32(data), adler(data)])
  })

  it("an empty piece is a byte-aligned empty block, an empty stream its end", () => {
    for (const [final, bytes] of [
      [false, "000000ffff"],
      [true, "0300"]
    ] as const) {
      arena.clear()
      const job = layOut(arena, { kind: "dynamic", data: new Uint8Array(0), room: 64, final })
      const { answer } = executed([arena.region], job.request)
      assert.deepInclude(answer, { status: 0, consumed: 0, crc32: 0, adler32: 1 })
      assert.strictEqual(toHex(job.output(answer.produced)), bytes)
    }
  })

  it("of a stream give, one by one, what they hold", () => {
    const data = dataOf("text", 5000)
    const packed = deflateRawSync(data, { finishFlush: constants.Z_FULL_FLUSH })
    arena.clear()
    const job = layOut(arena, { kind: "decompress", data: packed, room: 5000 })
    const { answer } = executed([arena.region], job.request)
    assert.deepInclude(answer, { status: 0, error: 0, consumed: packed.length, produced: 5000, crc32: crc32(data) })
    assert.isTrue(Buffer.from(job.output(5000)).equals(data))
  })
})

describe("splits", () => {
  it("of source and destination change nothing", () => {
    const data = dataOf("mixed", 30_000)
    const splits = [[], [0], [1, 0, 2, 0], [4096, 4096, 4096], Array.from({ length: 500 }, () => 13), [29_999]]
    for (const source of splits) {
      for (const destination of splits) {
        arena.clear()
        const split = { source, destination }
        const job = layOut(arena, { kind: "dynamic", data, room: 30_000, split })
        const { answer, executed: done } = executed([arena.region], job.request)
        assert.deepInclude(answer, { status: 0, consumed: data.length, crc32: crc32(data) })
        assert.strictEqual(
          done.writes.reduce((sum, { bytes }) => sum + bytes.length, 0),
          answer.produced
        )
        const packed = job.output(answer.produced)
        assert.isTrue(deflateRawSync(data, { level: 6 }).equals(packed))
        const back = layOut(arena, { kind: "decompress", data: packed, room: 30_000, split })
        assert.deepInclude(executed([arena.region], back.request).answer, { status: 0x08, produced: 30_000 })
        assert.isTrue(Buffer.from(back.output(30_000)).equals(data))
      }
    }
  })

  it("in place, the output takes the place of the input", () => {
    arena.clear()
    const data = dataOf("text", 4096)
    const job = layOut(arena, { kind: "static", data, room: 4096 })
    const view = new DataView(job.request.buffer)
    view.setBigUint64(40, view.getBigUint64(32, true), true)
    const { answer } = executed([arena.region], job.request)
    const there = arena.view({ address: view.getBigUint64(32, true), length: answer.produced })
    assert.isTrue(inflateRawSync(there).equals(data))
  })

  it("nothing is written outside the destination", () => {
    arena.clear()
    const job = layOut(arena, { kind: "static", data: dataOf("random", 1000), room: 1100 })
    const before = arena.region.bytes.slice()
    const { answer } = executed([arena.region], job.request)
    const at = Number((job.destination[0]?.address ?? 0n) - arena.region.address)
    before.set(job.output(answer.produced), at)
    assert.isTrue(Buffer.from(before).equals(arena.region.bytes))
  })
})
