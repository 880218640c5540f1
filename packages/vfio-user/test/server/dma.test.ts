/** DMA_MAP and DMA_UNMAP: the tables of section 8; memory by descriptor. Memory over the connection is in `dmaToClient.test.ts`. */
import { EACCES } from "@stopcopy/errno"
import { assert, describe, it } from "@effect/vitest"
import { Command, type Host, Messages } from "@stopcopy/vfio-user"
import { Effect, Either } from "effect"
import { dmaMap, dmaUnmap, feature, read, SET } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { DMA_MAP, DMA_UNMAP } = Command
const page = 4096n
const empty = new Uint8Array(0)

describe("DMA_MAP", () => {
  const cases: ReadonlyArray<readonly [name: string, payload: Uint8Array, answer: number | Uint8Array]> = [
    ["of 31 bytes", dmaMap(0n, page).subarray(0, 31), 22],
    ["with argsz 31", dmaMap(0n, page, 3, 31), 22],
    ["with MMAP and no descriptor", dmaMap(0n, page, 7), 22],
    ["with FILE_IO and no descriptor", dmaMap(0n, page, 0xb), 22],
    ["with an unknown flag", dmaMap(0n, page, 0x13), 22],
    ["of 8 TiB", dmaMap(1n << 44n, 1n << 43n), empty],
    ["of 8 TiB and a page", dmaMap(0n, (1n << 43n) + page), 28],
    ["of the identical range", dmaMap(0x4000n, page), 17],
    ["that overlaps", dmaMap(0x3000n, 2n * page), 17],
    ["of no byte", dmaMap(0n, 0n), 22],
    ["past the end of the space", dmaMap(2n ** 64n - page, 2n * page), 22],
    ["with an address inside a page", dmaMap(8n, page), 22],
    ["of part of a page", dmaMap(0n, 8n), 22],
    ["that the device may not touch", dmaMap(0n, page, 0), empty]
  ]
  for (const [name, payload, answer] of cases) {
    it.scoped(`${name}: ${typeof answer === "number" ? answer : "mapped"}`, () =>
      Effect.gen(function* () {
        const { connect } = yield* serving()
        const client = connect().version()
        assert.deepStrictEqual(client.ask(DMA_MAP, dmaMap(0x4000n, page)), empty)
        assert.deepStrictEqual(client.ask(DMA_MAP, payload), answer)
      })
    )
  }

  it.scoped("one more than the limit: EINVAL", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving({}, { maxDmaMaps: 64 })
      const client = connect().version()
      for (let index = 0n; index < 64n; index++)
        assert.deepStrictEqual(client.ask(DMA_MAP, dmaMap(index * page, page)), empty)
      assert.strictEqual(client.ask(DMA_MAP, dmaMap(64n * page, page)), 22)
    })
  )

  it.scoped("where descriptors cannot come, their flags say nothing", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      assert.deepStrictEqual(
        connect(false)
          .version()
          .ask(DMA_MAP, dmaMap(0n, page, 7)),
        empty
      )
    })
  )
})

describe("DMA_MAP with a descriptor", () => {
  const withFiles = Effect.gen(function* () {
    const memory = new Uint8Array(0x10000)
    const mapped: Array<string> = []
    const closed: Array<number> = []
    const host: Host = {
      close: (descriptor) => void closed.push(descriptor),
      signal: () => undefined,
      mapDescriptor: (descriptor, offset, size, protection) => {
        mapped.push(`${descriptor} ${offset}+${size} ${protection.read} ${protection.write}`)
        if (descriptor === 13) return Either.left(new EACCES({}))
        const bytes = memory.subarray(Number(offset), Number(offset + size))
        return Either.right({
          read: (at, length) => Either.right(bytes.subarray(at, at + length)),
          write: (at, data) => Either.right(bytes.set(data, at)),
          close: () => void closed.push(descriptor)
        })
      }
    }
    return { ...(yield* serving({}, { host })), memory, mapped, closed }
  })

  it.scoped("uses its memory without a message, as the protection says", () =>
    Effect.gen(function* () {
      const { connect, device, mapped, memory } = yield* withFiles
      const client = connect().version()
      assert.deepStrictEqual(client.ask(DMA_MAP, dmaMap(0n, page, 7, 32, 0x2000n), { descriptors: [7] }), empty)
      assert.deepStrictEqual(client.ask(DMA_MAP, dmaMap(page, page, 9), { descriptors: [8] }), empty)
      assert.deepStrictEqual(mapped, ["7 8192+4096 true true", "8 0+4096 true false"])
      client.ask(Command.REGION_READ, read(0, 0, 4))
      const sent = client.messages.length
      const { user } = device
      assert.isDefined(user)
      const written = user?.dma.write(0x10n, new Uint8Array([1, 2]))
      assert.isTrue(Either.isEither(written) && Either.isRight(written))
      assert.deepStrictEqual(memory.subarray(0x2010, 0x2012), new Uint8Array([1, 2]))
      const fault = yield* Effect.flip(user?.dma.write(page, new Uint8Array(1)) ?? Effect.void)
      assert.deepInclude(fault, { address: page, direction: "write" })
      assert.strictEqual(client.messages.length, sent)
    })
  )

  it.scoped("takes one descriptor, closes the rest; each is closed once", () =>
    Effect.gen(function* () {
      const { closed, connect } = yield* withFiles
      const client = connect().version()
      client.ask(DMA_MAP, dmaMap(0n, page), { descriptors: [7, 8, 9] })
      assert.deepStrictEqual(closed, [8, 9])
      client.ask(DMA_MAP, dmaMap(page, page), { descriptors: [10] })
      client.ask(DMA_MAP, dmaMap(2n * page, page), { descriptors: [11] })
      client.ask(DMA_UNMAP, dmaUnmap(page, page))
      assert.deepStrictEqual(closed, [8, 9, 10])
      client.lose()
      assert.deepStrictEqual(closed, [8, 9, 10, 7, 11])
    })
  )

  it.scoped("that cannot be mapped gives its errno; refused ones are closed", () =>
    Effect.gen(function* () {
      const { closed, connect, mapped } = yield* withFiles
      const client = connect().version()
      assert.strictEqual(client.ask(DMA_MAP, dmaMap(0n, page), { descriptors: [13] }), 13)
      assert.strictEqual(client.ask(DMA_MAP, dmaMap(0n, 1n), { descriptors: [14] }), 22)
      assert.strictEqual(client.ask(DMA_MAP, new Uint8Array(3), { descriptors: [15] }), 22)
      assert.deepStrictEqual([closed, mapped.length], [[13, 14, 15], 1])
      assert.deepStrictEqual(client.ask(DMA_MAP, dmaMap(0n, page), { descriptors: [16] }), empty)
    })
  )

  it.scoped("is closed when nothing here can map one", () =>
    Effect.gen(function* () {
      const { closed, connect } = yield* serving()
      assert.deepStrictEqual(
        connect()
          .version()
          .ask(DMA_MAP, dmaMap(0n, page, 7), { descriptors: [7] }),
        empty
      )
      assert.deepStrictEqual(closed, [7])
    })
  )
})

describe("DMA_UNMAP", () => {
  const head = { pageSize: page, bitmapBytes: 8n }
  const cases: ReadonlyArray<readonly [name: string, payload: Uint8Array, answer: number | "repeated"]> = [
    ["of 8 bytes", dmaUnmap(0n, page).subarray(0, 8), 22],
    ["with a bitmap, of 24 bytes", dmaUnmap(0n, page, 1, 48), 22],
    ["with argsz 8", dmaUnmap(0n, page, 0, 8), 22],
    ["with argsz above 1 MiB", dmaUnmap(0n, page, 0, 1024 * 1024 + 8), 22],
    ["with an absurd bitmap size", dmaUnmap(0n, page, 1, 48, { ...head, bitmapBytes: 2n ** 64n - 1n }), 22],
    ["with a bitmap while not logging", dmaUnmap(0n, page, 1, 48, head), 22],
    ["with flag 4", dmaUnmap(0n, page, 4), 22],
    ["of all, with an address", dmaUnmap(page, 0n, 2), 22],
    ["of all, with a size", dmaUnmap(0n, page, 2), 22],
    ["of all, with a bitmap", dmaUnmap(0n, 0n, 3, 48, head), 22],
    ["of all", dmaUnmap(0n, 0n, 2), "repeated"],
    ["of an unknown address", dmaUnmap(0x9000n, page), 2],
    ["of part of a mapping", dmaUnmap(0n, page / 2n), 2],
    ["of two mappings", dmaUnmap(0n, 2n * page), 2],
    ["of a mapping", dmaUnmap(0n, page), "repeated"],
    ["of a mapping, with more bytes", new Uint8Array([...dmaUnmap(0n, page), 1, 2]), "repeated"]
  ]
  for (const [name, payload, answer] of cases) {
    it.scoped(`${name}: ${answer}`, () =>
      Effect.gen(function* () {
        const { connect } = yield* serving()
        const client = connect().version()
        client.ask(DMA_MAP, dmaMap(0n, page))
        client.ask(DMA_MAP, dmaMap(page, page))
        assert.deepStrictEqual(client.ask(DMA_UNMAP, payload), answer === "repeated" ? payload.slice(0, 24) : answer)
      })
    )
  }

  it.scoped("of all succeeds with nothing mapped", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const payload = dmaUnmap(0n, 0n, 2)
      assert.deepStrictEqual(connect().version().ask(DMA_UNMAP, payload), payload)
    })
  )

  it.scoped("gives the bitmap of written pages", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version()
      const start = Messages.DmaLoggingStart.encode({ pageSize: page, ranges: [] })
      assert.notStrictEqual(client.ask(Command.DEVICE_FEATURE, feature(6 | SET, start)), 22)
      client.ask(DMA_MAP, dmaMap(0x1_0000n, 16n * page))
      device.dirty.add(0x1_1000n)
      device.dirty.add(0x1_f000n)
      const wrong = [
        { ...head, pageSize: 0n },
        { ...head, pageSize: 3n },
        { ...head, bitmapBytes: 16n },
        { ...head, pageSize: 1n << 24n }
      ]
      for (const bitmap of wrong) {
        assert.strictEqual(client.ask(DMA_UNMAP, dmaUnmap(0x1_0000n, 16n * page, 1, 64, bitmap)), 22)
      }
      assert.strictEqual(client.ask(DMA_UNMAP, dmaUnmap(0x2_0000n, 16n * page, 1, 48, head)), 2)
      const bits = new Uint8Array([0x02, 0x80, 0, 0, 0, 0, 0, 0])
      assert.deepStrictEqual(
        client.ask(DMA_UNMAP, dmaUnmap(0x1_0000n, 16n * page, 1, 48, head)),
        Messages.DmaUnmap.encodeReply({ argsz: 48, flags: 1, address: 0x1_0000n, size: 16n * page, bitmap: head, bits })
      )
      assert.strictEqual(client.ask(DMA_UNMAP, dmaUnmap(0x1_0000n, 16n * page)), 2)
    })
  )
})
