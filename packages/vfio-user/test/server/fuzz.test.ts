/** Hostile clients: mutated messages and random bytes through the whole server. It answers or closes, throws nothing, keeps no memory and no descriptor. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Header, Message, Messages } from "@stopcopy/vfio-user"
import { Effect, Utils } from "effect"
import { answerOf, type MemoryConnection } from "../support/MemoryConnection.ts"
import { dmaMap, dmaUnmap, feature, GET, irqs, migData, PROBE, read, SET, words, write } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const start = Messages.DmaLoggingStart.encode({ pageSize: 4096n, ranges: [{ iova: 0n, length: 8192n }] })
const report = { iova: 0n, length: 65_536n, pageSize: 4096n, bitmap: new Uint8Array(0) }
const multi = Messages.RegionWriteMulti.encodeRequest(
  [0, 8, 16].map((offset) => ({ offset, region: 0, data: new Uint8Array(4) }))
)

/** Good commands: what is mutated. */
const seeds: ReadonlyArray<readonly [command: number, payload: Uint8Array]> = [
  [Command.DEVICE_GET_INFO, words(16, 0, 0, 0)],
  [Command.DEVICE_GET_REGION_INFO, words(32, 0, 0, 0, 0, 0, 0, 0)],
  [Command.DEVICE_GET_REGION_IO_FDS, words(16, 0, 0, 0)],
  [Command.DEVICE_GET_IRQ_INFO, words(16, 0, 2, 0)],
  [Command.DEVICE_SET_IRQS, irqs(0x24, 2, 0, 2)],
  [Command.DEVICE_SET_IRQS, irqs(0x22, 2, 0, 3, new Uint8Array([1, 0, 1]))],
  [Command.REGION_READ, read(0, 16, 4)],
  [Command.REGION_READ, read(7, 0, 256)],
  [Command.REGION_WRITE, write(0, 16, new Uint8Array(4))],
  [Command.REGION_WRITE_MULTI, multi],
  [Command.DMA_MAP, dmaMap(0n, 4096n)],
  [Command.DMA_UNMAP, dmaUnmap(0n, 4096n)],
  [Command.DMA_UNMAP, dmaUnmap(0n, 4096n, 1, 48, { pageSize: 4096n, bitmapBytes: 8n })],
  [Command.DEVICE_RESET, new Uint8Array(0)],
  [Command.DEVICE_FEATURE, feature(1 | GET | PROBE)],
  [Command.DEVICE_FEATURE, feature(2 | GET, new Uint8Array(0), 16)],
  [Command.DEVICE_FEATURE, feature(2 | SET, Messages.MigState.encode(3))],
  [Command.DEVICE_FEATURE, feature(2 | SET, Messages.MigState.encode(4))],
  [Command.DEVICE_FEATURE, feature(6 | SET, start)],
  [Command.DEVICE_FEATURE, feature(8 | GET, Messages.DmaLoggingReport.encode(report), 4096)],
  [Command.MIG_DATA_READ, migData(100)],
  [Command.MIG_DATA_WRITE, migData(8, new Uint8Array(8))]
]

/** Numbers below a limit, the same ones every time. */
const numbers = (seed: number): Below => {
  const random = new Utils.PCGRandom(seed)
  return (below) => random.integer(below)
}

type Below = (below: number) => number

const mutate = (below: Below, message: Uint8Array): Uint8Array => {
  for (let left = below(4); left > 0; left--) {
    const at = below(message.byteLength)
    message[at] = [0, 1, 0xff, 0x80, below(256)][below(5)] ?? 0
  }
  return below(8) === 0 ? message.subarray(0, 16 + below(message.byteLength - 15)) : message
}

/** Small and stated right, so that most messages pass the header; one in a hundred keeps the size it was mutated to. */
const restate = (below: Below, message: Uint8Array): Uint8Array => {
  if (message.byteLength >= 16 && below(100) !== 0) {
    const view = new DataView(message.buffer, message.byteOffset)
    view.setUint32(4, message.byteLength, true)
    view.setUint32(8, below(16) === 0 ? view.getUint32(8, true) : 0, true)
  }
  return message
}

const next = (below: Below, id: number): Uint8Array => {
  if (below(200) === 0) return Uint8Array.from({ length: below(200) + 1 }, () => below(256))
  const [command, payload] = seeds[below(seeds.length)] ?? [0, new Uint8Array(0)]
  return restate(below, mutate(below, Message.encodeCommand(id, command, payload)))
}

/** What came back is well formed; forgets it. */
const checkAnswers = (client: MemoryConnection): number => {
  const { length } = client.messages
  for (const message of client.messages) {
    if ((message.flags & Header.typeMask) === Header.typeReply) answerOf(message)
  }
  client.messages.length = 0
  client.sends.length = 0
  return length
}

const capabilities = { writeMultiple: true, extensions: { p2p: true, dataSize: true, precopyInfo: true } }

describe("a hostile client", () => {
  for (const setup of [{}, { gate: Effect.yieldNow() }]) {
    it.scoped(`is answered or cut off, by a device that answers ${"gate" in setup ? "later" : "at once"}`, () =>
      Effect.gen(function* () {
        const below = numbers(1)
        const { closed, connect, device, logs } = yield* serving(setup)
        let [given, answers, connections, messages] = [0, 0, 0, 0]
        while (messages < 10_000) {
          const client = connect().version(capabilities)
          connections++
          while (!client.isClosed && messages < connections * 100 && messages < 10_000) {
            const bytes = next(below, messages++ & 0xffff)
            const descriptors = Array.from({ length: below(10) === 0 ? below(4) : 0 }, () => given++)
            const split = below(bytes.byteLength + 1)
            client.raw(bytes.slice(0, split), descriptors)
            client.raw(bytes.slice(split))
            for (let waits = 0; client.isPaused && waits < 100; waits++) yield* Effect.yieldNow()
            answers += checkAnswers(client)
          }
          client.lose()
          while (device.user !== undefined) yield* Effect.yieldNow()
        }
        assert.isAbove(answers, 5000)
        // Every descriptor that came in was closed, and none twice.
        assert.deepStrictEqual(
          [...closed].sort((left, right) => left - right),
          Array.from({ length: given }, (_, index) => index)
        )
        assert.deepStrictEqual(
          logs.filter((line) => line.startsWith("ERROR")),
          []
        )
        const client = connect().version(capabilities)
        assert.isFalse(client.isClosed)
      })
    )
  }

  it.scoped("that sends random bytes from the start is cut off or waits for more", () =>
    Effect.gen(function* () {
      const below = numbers(2)
      const { connect, device } = yield* serving()
      for (let round = 0; round < 2000; round++) {
        const client = connect()
        const bytes = Uint8Array.from({ length: below(64) + 1 }, () => below(256))
        client.raw(bytes)
        assert.isTrue(client.isClosed || bytes.byteLength < 16 || client.messages.length === 0)
        client.lose()
      }
      assert.strictEqual(device.user, undefined)
      assert.isFalse(connect().version().isClosed)
    })
  )

  it.scoped("that mutates its proposal is answered or cut off", () =>
    Effect.gen(function* () {
      const below = numbers(3)
      const { connect } = yield* serving()
      for (let round = 0; round < 2000; round++) {
        const client = connect()
        const proposal = Messages.Version.encode({ major: 0, minor: 1, capabilities })
        const message = mutate(below, Message.encodeCommand(round & 0xff, Command.VERSION, proposal))
        client.raw(restate(below, message))
        const waits = client.messages.length === 0 && !client.isClosed
        checkAnswers(client)
        assert.isTrue(waits || client.isClosed || client.ask(Command.DEVICE_RESET) !== 22)
        client.lose()
      }
    })
  )
})
