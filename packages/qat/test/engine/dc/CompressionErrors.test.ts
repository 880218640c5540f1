/** Compression requests that fail: overflow, corrupt and short streams, what is not served, parameters that do not fit. */
import { assert, describe, it } from "@effect/vitest"
import { constants, crc32, deflateRawSync } from "node:zlib"
import { inputLimit, invalidCompression, outputLimit } from "../../../src/engine/dc/Compression.ts"
import { decodeRequest, encodeResponse } from "../../../src/engine/Message.ts"
import { Arena } from "../../support/dc/Arena.ts"
import { corrupt } from "../../support/dc/Corrupt.ts"
import { dataOf } from "../../support/dc/Data.ts"
import { type Done, execute, executed } from "../../support/dc/Execute.ts"
import { type JobChoice, layOut } from "../../support/dc/Job.ts"

const arena = new Arena(0x2_0000_0000n, 1 << 20)

/** Lays a job out, changes its request, carries it out. */
const attempt = (choice: JobChoice, change: (view: DataView) => void = () => {}): Done => {
  arena.clear()
  const { request } = layOut(arena, choice)
  change(new DataView(request.buffer))
  return executed([arena.region], request)
}

const text = dataOf("text", 4000)
const packed = deflateRawSync(text)

/** Asserts that `done` failed so, with nothing counted or written. */
const assertFailed = ({ answer, executed: outcome }: Done, command: number, status: number, error: number): void => {
  assert.deepInclude(answer, { command, status, error, translatorError: 0, flags: command === 2 ? 0x80 : 0xc0 })
  assert.deepInclude(answer, { consumed: 0, produced: 0, crc32: 0, adler32: 0, opaque: 0x7f00_5566_7780n })
  assert.deepStrictEqual(outcome.writes, [])
}

describe("too little room", () => {
  it("is an overflow for every command, one byte decides", () => {
    for (const [kind, command, data, level] of [
      ["static", 0, text, 6],
      ["dynamic", 1, text, 6],
      ["decompress", 2, packed, 6]
    ] as const) {
      const need = attempt({ kind, data, room: 8000, level }).answer.produced
      assert.strictEqual(attempt({ kind, data, room: need, level }).answer.produced, need)
      for (const room of [need - 1, 100, 46, 1, 0]) {
        assertFailed(attempt({ kind, data, room, level }), command, 0x20, -11)
        assertFailed(attempt({ kind, data, room, level, split: { source: [9], destination: [9] } }), command, 0x20, -11)
      }
    }
  })

  it("is what the request says or what the buffer holds, whichever is less", () => {
    const choice = { kind: "decompress", data: packed, room: 4000 } as const
    assert.strictEqual(attempt(choice, (view) => view.setUint32(60, 0xffff_ffff, true)).answer.produced, 4000)
    assertFailed(
      attempt(choice, (view) => view.setUint32(60, 3999, true)),
      2,
      0x20,
      -11
    )
    assertFailed(
      attempt(choice, (view) => view.setUint32(52, 3999, true)),
      2,
      0x20,
      -11
    )
  })

  it("ends a stream that would fill all memory, long before it does", () => {
    const piece = deflateRawSync(new Uint8Array(1 << 20), { finishFlush: constants.Z_FULL_FLUSH })
    const bomb = Buffer.concat(Array.from({ length: (outputLimit >>> 20) + 1 }, () => piece))
    const wide = (view: DataView): void => {
      view.setUint32(52, 0xffff_ffff, true)
      view.setUint32(60, 0xffff_ffff, true)
    }
    assertFailed(attempt({ kind: "decompress", data: bomb, room: 1000 }), 2, 0x20, -11)
    assertFailed(attempt({ kind: "decompress", data: bomb, room: 1000 }, wide), 2, 0x20, -11)
  })
})

describe("a corrupt stream", () => {
  for (const [name, error, stream] of corrupt) {
    it(`${error}: ${name}`, () => {
      assertFailed(attempt({ kind: "decompress", data: stream, room: 4096 }), 2, 0x20, error)
    })
  }

  it("is found behind good blocks too", () => {
    const good = deflateRawSync(text, { finishFlush: constants.Z_FULL_FLUSH })
    const data = Buffer.concat([good, Uint8Array.of(0x07)])
    assertFailed(attempt({ kind: "decompress", data, room: 8000 }), 2, 0x20, -1)
  })
})

describe("the end of a stream", () => {
  it("what is behind it is not consumed", () => {
    for (const [level, size] of [1, 6, 9].flatMap((level) =>
      [0, 1, 100, 4000, 30_000].map((size) => [level, size] as const)
    )) {
      const data = dataOf("mixed", size)
      const stream = deflateRawSync(data, { level })
      for (const more of [1, 2, 7, 8, 100]) {
        const joined = Buffer.concat([stream, dataOf("random", more)])
        const { answer } = attempt({ kind: "decompress", data: joined, room: size + more })
        assert.deepInclude(answer, { status: 0x08, error: 0, consumed: stream.length, produced: size })
      }
    }
  })

  it("where it is missing, what there is comes out, and no final block was seen", () => {
    for (let length = 0; length < packed.length; length += 7) {
      const { answer, executed: outcome } = attempt({
        kind: "decompress",
        data: packed.subarray(0, length),
        room: 4000
      })
      assert.deepInclude(answer, { status: 0, error: 0, flags: 0x80, consumed: length })
      const bytes = outcome.writes[0]?.bytes ?? new Uint8Array(0)
      assert.isTrue(Buffer.from(bytes).equals(text.subarray(0, answer.produced)))
      assert.strictEqual(answer.crc32, crc32(text.subarray(0, answer.produced)))
      if (length > 1000) assert.isAbove(answer.produced, 1000)
    }
  })
})

const unserved: ReadonlyArray<readonly [string, (view: DataView) => void]> = [
  ["LZ4", (view) => view.setUint8(1, 3)],
  ["LZ4s", (view) => view.setUint8(1, 5)],
  ["zstd", (view) => view.setUint8(1, 10)],
  ["a command that does not exist", (view) => view.setUint8(1, 255)],
  ["a session with state", (view) => view.setUint16(4, 4, true)],
  ["a descriptor in memory", (view) => view.setUint8(6, 0)],
  ...[2, 3, 7].map((format) => [`format ${format}`, (view: DataView) => view.setUint8(11, format << 5)] as const),
  ...[18, 19, 20, 21, 24, 25, 27].map(
    (bit) => [`parameter flag ${bit}`, (view: DataView) => view.setUint32(72, 0x43 | (1 << bit), true)] as const
  )
]

describe("what is not served", () => {
  for (const [name, change] of unserved) {
    it(`${name}`, () => {
      for (const [kind, data] of [
        ["static", text],
        ["dynamic", text],
        ["decompress", packed]
      ] as const) {
        const done = attempt({ kind, data, room: 8000 }, change)
        const { command } = done.answer
        assert.deepInclude(done.answer, { status: 0x24, error: -13, flags: command < 2 ? 0xc0 : 0x80 })
        assert.deepStrictEqual([done.answer.consumed, done.answer.produced, done.executed.writes.length], [0, 0, 0])
      }
    })
  }

  it("the translator's format, to be decompressed", () => {
    assertFailed(
      attempt({ kind: "decompress", data: packed, room: 4000 }, (view) => view.setUint32(8, 0)),
      2,
      0x24,
      -13
    )
  })
})

describe("parameters that do not fit", () => {
  const split = { source: [10], destination: [10] }
  const listAt = (view: DataView, at: number): DataView => {
    const head = arena.view({ address: view.getBigUint64(at, true), length: 16 })
    return new DataView(head.buffer, head.byteOffset, 16)
  }
  const changes: ReadonlyArray<readonly [string, boolean, (view: DataView) => void]> = [
    ["more input than the buffer holds", false, (view) => view.setUint32(48, view.getUint32(56, true) - 1, true)],
    ["more input than the list holds", true, (view) => view.setUint32(56, view.getUint32(56, true) + 1, true)],
    ["more input than we take", false, (view) => view.setUint32(56, inputLimit + 1, true)],
    ["a source list of 4097 entries", true, (view) => listAt(view, 32).setUint32(8, 4097, true)],
    ["a destination list of 4097 entries", true, (view) => listAt(view, 40).setUint32(8, 4097, true)]
  ]
  for (const [name, scattered, change] of changes) {
    it(`${name}`, () => {
      for (const [kind, command, data] of [
        ["static", 0, text],
        ["dynamic", 1, text],
        ["decompress", 2, packed]
      ] as const) {
        const done = attempt({ kind, data, room: 8000, ...(scattered ? { split } : {}) }, change)
        assertFailed(done, command, 0x22, -13)
      }
    })
  }

  it("memory that is not there is the caller's to see, with an answer at hand", () => {
    arena.clear()
    const { request } = layOut(arena, { kind: "static", data: text, room: 8000 })
    new DataView(request.buffer).setBigUint64(32, 0x10n, true)
    assert.isUndefined(execute([arena.region], request))
    const decoded = decodeRequest(request)
    const response = encodeResponse(decoded, invalidCompression(decoded))
    assert.deepStrictEqual([...response.subarray(0, 8)], [0, 1, 9, 0xc0, 0, 0xf3, 0x22, 0])
  })

  it("lists of no entries are empty buffers", () => {
    const none = (view: DataView): void => {
      listAt(view, 32).setUint32(8, 0, true)
      view.setUint32(56, 0, true)
    }
    assert.deepInclude(attempt({ kind: "static", data: text, room: 10, split }, none).answer, {
      status: 0,
      produced: 2
    })
  })
})
