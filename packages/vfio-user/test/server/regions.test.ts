/** Region accesses: the tables of section 7, order, batches of writes, commands without replies. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Message, Messages } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import { answerOf } from "../support/MemoryConnection.ts"
import { registers } from "../support/MemoryDevice.ts"
import { read, words, write } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { REGION_READ, REGION_WRITE, REGION_WRITE_MULTI } = Command
const four = new Uint8Array([1, 2, 3, 4])
const mebibyte = 1024 * 1024

describe("an access", () => {
  const cases: ReadonlyArray<readonly [name: string, command: number, payload: Uint8Array, errno: number]> = [
    ["a read of 15 bytes of payload", REGION_READ, new Uint8Array(15), 22],
    ["a write of 15 bytes of payload", REGION_WRITE, new Uint8Array(15), 22],
    ["a read of more than 1 MiB", REGION_READ, read(0, 0, mebibyte + 1), 22],
    ["a write with less data than count", REGION_WRITE, write(0, 0, four, 5), 22],
    ["a write with more data than count", REGION_WRITE, write(0, 0, four, 3), 22],
    ["a read of region 9", REGION_READ, read(9, 0, 4), 22],
    ["a write of region 0xffffffff", REGION_WRITE, write(0xffff_ffff, 0, four), 22],
    ["a read past the end", REGION_READ, read(0, 0xffd, 4), 22],
    ["a write past the end", REGION_WRITE, write(0, 0xffd, four), 22],
    ["a read at the last offset", REGION_READ, words(0xffff_ffff, 0xffff_ffff, 0, 4), 22],
    ["a read of an absent region", REGION_READ, read(1, 0, 1), 22],
    ["a read of nothing in an absent region", REGION_READ, read(1, 0, 0), 22],
    ["a write of a read-only region", REGION_WRITE, write(2, 0, four), 22],
    ["a read that the device refuses", REGION_READ, read(0, registers.refuses, 4), 16],
    ["a write that the device refuses", REGION_WRITE, write(0, registers.refuses, four), 16],
    ["a read that the device's journal loses", REGION_READ, read(0, registers.loses, 4), 5],
    ["a write that the device's journal loses", REGION_WRITE, write(0, registers.loses, four), 5],
    ["a read at which the device throws", REGION_READ, read(0, registers.throws, 4), 5],
    ["a write at which the device throws", REGION_WRITE, write(0, registers.throws, four), 5],
    ["several writes, not agreed on", REGION_WRITE_MULTI, new Uint8Array(8), 22]
  ]
  for (const [name, command, payload, errno] of cases) {
    it.scoped(`${name}: ${errno}, and the next one is served`, () =>
      Effect.gen(function* () {
        const { connect } = yield* serving()
        const client = connect().version()
        assert.strictEqual(client.ask(command, payload), errno)
        assert.deepStrictEqual(client.ask(REGION_READ, read(0, 0, 4)), write(0, 0, new Uint8Array(4)))
      })
    )
  }

  it.scoped("reads what was written, and repeats offset, region and count", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect().version()
      assert.deepStrictEqual(client.ask(REGION_WRITE, write(0, 0x10, four)), read(0, 0x10, 4))
      assert.deepStrictEqual(client.ask(REGION_READ, read(0, 0xf, 6)), write(0, 0xf, new Uint8Array([0, ...four, 0])))
      assert.deepStrictEqual(client.ask(REGION_READ, read(7, 0xfff, 1)), write(7, 0xfff, new Uint8Array(1)))
      assert.deepStrictEqual(client.ask(REGION_READ, read(0, 0x1000, 0)), read(0, 0x1000, 0))
      assert.deepStrictEqual(client.ask(REGION_WRITE, read(0, 0, 0)), read(0, 0, 0))
      const longer = new Uint8Array([...read(0, 0x10, 1), 9, 9])
      assert.deepStrictEqual(client.ask(REGION_READ, longer), write(0, 0x10, new Uint8Array([1])))
    })
  )

  it.scoped("of a whole region is served", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version()
      const data = new Uint8Array(0xf00).map((_, index) => index)
      assert.deepStrictEqual(client.ask(REGION_WRITE, write(0, 0, data)), read(0, 0, 0xf00))
      assert.deepStrictEqual(client.ask(REGION_READ, read(0, 0, 0xf00)), write(0, 0, data))
      assert.deepStrictEqual(device.bar.subarray(0, 0xf00), data)
    })
  )

  it.scoped("without a reply is done, also when it fails, and nothing is answered", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version()
      const before = client.messages.length
      client.command(REGION_WRITE, write(0, 4, four), { wantsReply: false })
      client.command(REGION_WRITE, write(1, 4, four), { wantsReply: false })
      client.command(REGION_READ, read(0, 4, 4), { wantsReply: false })
      client.command(REGION_READ, read(9, 4, 4), { wantsReply: false })
      client.command(Command.DEVICE_GET_INFO, words(1, 0, 0, 0), { wantsReply: false })
      client.command(99, four, { wantsReply: false })
      assert.strictEqual(client.messages.length, before)
      assert.deepStrictEqual(device.bar.subarray(4, 8), four)
    })
  )

  it.scoped("closes descriptors that it has no use for", () =>
    Effect.gen(function* () {
      const { closed, connect } = yield* serving()
      const client = connect().version()
      client.ask(REGION_READ, read(0, 0, 4), { descriptors: [5] })
      client.ask(REGION_WRITE, write(0, 0, four), { descriptors: [6, 7] })
      client.ask(Command.DEVICE_RESET, undefined, { descriptors: [8] })
      assert.deepStrictEqual(closed, [5, 6, 7, 8])
    })
  )
})

/** One chunk of several commands, with ids from 100. */
const chunk = (...commands: ReadonlyArray<readonly [command: number, payload: Uint8Array]>): Uint8Array => {
  const messages = commands.map(([command, payload], index) => Message.encodeCommand(100 + index, command, payload))
  const bytes = new Uint8Array(messages.reduce((size, message) => size + message.byteLength, 0))
  let at = 0
  for (const message of messages) {
    bytes.set(message, at)
    at += message.byteLength
  }
  return bytes
}

describe("a chunk of several commands", () => {
  const multi = (...offsets: ReadonlyArray<number>): Uint8Array =>
    Messages.RegionWriteMulti.encodeRequest(offsets.map((offset) => ({ offset, region: 0, data: four })))
  const commands = chunk(
    [REGION_WRITE, write(0, 0, four)],
    [REGION_WRITE, write(0, registers.refuses, four)],
    [REGION_WRITE, write(1, 0, four)],
    [REGION_WRITE_MULTI, multi(8, registers.refuses, 0x2000, 12)],
    [REGION_READ, read(0, 0, 4)],
    [REGION_WRITE, write(0, 16, four)],
    [REGION_WRITE, write(0, 20, four)],
    [Command.DEVICE_RESET, new Uint8Array(0)],
    [REGION_READ, read(0, 16, 4)]
  )
  const check = Effect.fnUntraced(function* (split: number | undefined) {
    const { connect, device } = yield* serving()
    const client = connect().version({ writeMultiple: true })
    const before = client.sends.length
    if (split === undefined) client.raw(commands)
    else {
      client.raw(commands.slice(0, split))
      client.raw(commands.slice(split))
    }
    const replies = client.messages.slice(1)
    assert.deepStrictEqual(
      replies.map(({ id }) => id),
      replies.map((_, index) => 100 + index)
    )
    const done = new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0])
    assert.deepStrictEqual(replies.map(answerOf), [
      read(0, 0, 4),
      16,
      22,
      done,
      write(0, 0, four),
      read(0, 16, 4),
      read(0, 20, 4),
      new Uint8Array(0),
      write(0, 16, new Uint8Array(4))
    ])
    return { batches: device.batches, sends: client.sends.length - before }
  })

  it.scoped("is answered in order; writes reach the device together, replies go out together", () =>
    Effect.gen(function* () {
      const { batches, sends } = yield* check(undefined)
      // Two writes and three of the four; then two.
      assert.deepStrictEqual(batches, [5, 2])
      // The reset runs in a fiber: what is before it goes out first.
      assert.strictEqual(sends, 2)
    })
  )

  it.scoped("may be split anywhere", () =>
    Effect.gen(function* () {
      for (let split = 1; split < commands.byteLength; split += 3) yield* check(split)
    })
  )

  it.scoped("may come byte by byte", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect().version({ writeMultiple: true })
      for (const byte of commands) client.raw(new Uint8Array([byte]))
      assert.strictEqual(client.messages.length, 10)
    })
  )

  it.scoped("of reads is answered in one send", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect().version()
      const reads = Array.from({ length: 500 }, (_, index) => [REGION_READ, read(0, index, 4)] as const)
      client.raw(chunk(...reads))
      assert.deepStrictEqual(client.sends.slice(1), [500 * 36])
    })
  )

  it.scoped("is answered in order where a multiple write of it is malformed", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version({ writeMultiple: true })
      const malformed = multi(0, 8).subarray(0, 55)
      client.raw(
        chunk([REGION_WRITE, write(0, 0, four)], [REGION_WRITE_MULTI, malformed], [REGION_WRITE, write(0, 4, four)])
      )
      const replies = client.messages.slice(1)
      assert.deepStrictEqual(
        replies.map(({ id }) => id),
        [100, 101, 102]
      )
      assert.deepStrictEqual(replies.map(answerOf), [read(0, 0, 4), 22, read(0, 4, 4)])
      assert.deepStrictEqual(device.batches, [2])
    })
  )

  it.scoped("a multiple write that is malformed does nothing", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version({ writeMultiple: true })
      const long = multi(0)
      long[8 + 12] = 9
      for (const payload of [long, multi(0, 8).subarray(0, 55), new Uint8Array(7)]) {
        assert.strictEqual(client.ask(REGION_WRITE_MULTI, payload), 22)
      }
      assert.deepStrictEqual(client.ask(REGION_WRITE_MULTI, new Uint8Array(8)), new Uint8Array(8))
      assert.deepStrictEqual(device.batches, [])
    })
  )
})
