/** Malformed headers: the table of section 2 and test_request_errors of section 19. The stream stays in step, or ends. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Header, Message } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import { answerOf, type MemoryConnection } from "../support/MemoryConnection.ts"
import { read, words } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const message = (header: Partial<Header.Header>, payload: Uint8Array = new Uint8Array(0)): Uint8Array => {
  const bytes = new Uint8Array(16 + payload.byteLength)
  const size = bytes.byteLength
  Header.encodeHeader(new DataView(bytes.buffer), 0, { id: 9, command: 4, size, flags: 0, error: 0, ...header })
  bytes.set(payload, 16)
  return bytes
}

/** What comes back for these bytes and a good command behind them in the same chunk. */
const answers = (client: MemoryConnection, bytes: Uint8Array) => {
  const good = Message.encodeCommand(10, Command.REGION_READ, read(0, 0, 4))
  client.raw(new Uint8Array([...bytes, ...good]))
  return client.messages.slice(1).map((reply) => [reply.id, typeof answerOf(reply) === "number" ? reply.error : 0])
}

describe("a malformed header", () => {
  const info = words(16, 0, 0, 0)
  const cases: ReadonlyArray<readonly [name: string, bytes: Uint8Array]> = [
    ["of a reply that nobody waits for", message({ flags: 1 }, info)],
    ["of type 2", message({ flags: 2 }, info)],
    ["with a size of 15", message({ size: 15 })],
    ["with a size of 0", message({ size: 0 })],
    ["without the payload that its command has", message({})],
    ["of SET_IRQS without payload", message({ command: Command.DEVICE_SET_IRQS })],
    ["of command 0", message({ command: 0 }, info)],
    ["of command 14", message({ command: 14 }, info)],
    ["of command 19", message({ command: 19 }, info)],
    ["of command 999", message({ command: 999 }, info)],
    ["of DMA_READ", message({ command: Command.DMA_READ }, info)],
    ["of DMA_WRITE", message({ command: Command.DMA_WRITE }, info)]
  ]
  for (const [name, bytes] of cases) {
    it.scoped(`${name} is EINVAL, and the stream stays in step`, () =>
      Effect.gen(function* () {
        const { connect } = yield* serving()
        const client = connect().version()
        assert.deepStrictEqual(answers(client, bytes), [
          [9, 22],
          [10, 0]
        ])
        assert.isFalse(client.isClosed)
      })
    )
  }

  it.scoped("with a size above the limit is EINVAL, and the connection ends", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version()
      assert.deepStrictEqual(answers(client, message({ size: 1024 * 1024 + 33 })), [[9, 22]])
      assert.isTrue(client.isClosed)
      assert.deepStrictEqual(device.calls, ["attach", "detach"])
    })
  )

  it.scoped("with reserved flags and an error in a command is served", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect().version()
      assert.deepStrictEqual(answers(client, message({ flags: 0xffff_ffc0, error: 5 }, info)), [
        [9, 0],
        [10, 0]
      ])
    })
  )

  it.scoped("DEVICE_RESET may have a payload", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect().version()
      assert.deepStrictEqual(client.ask(Command.DEVICE_RESET, words(1, 2, 3)), new Uint8Array(0))
    })
  )

  it.scoped("the largest message is taken", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect().version()
      assert.strictEqual(client.ask(Command.REGION_WRITE, new Uint8Array(1024 * 1024 + 16)), 22)
      assert.isFalse(client.isClosed)
    })
  )
})

describe("descriptors", () => {
  it.scoped("are of the last message that starts in a chunk", () =>
    Effect.gen(function* () {
      const { closed, connect, signalled } = yield* serving()
      const client = connect().version()
      const set = Message.encodeCommand(1, Command.DEVICE_SET_IRQS, words(20, 0x24, 2, 0, 1))
      const fire = Message.encodeCommand(2, Command.DEVICE_SET_IRQS, words(20, 0x21, 2, 0, 1))
      // The second message begins in the first chunk, so the descriptor is its.
      client.raw(new Uint8Array([...fire, ...set.subarray(0, 5)]), [41])
      client.raw(set.subarray(5, 30))
      client.raw(new Uint8Array([...set.subarray(30), ...fire]))
      assert.deepStrictEqual([signalled, closed], [[41], []])
      assert.deepStrictEqual(
        client.messages.slice(1).map(answerOf),
        [1, 2, 3].map(() => new Uint8Array(0))
      )
    })
  )

  it.scoped("of a message that never ends are closed with the connection, once", () =>
    Effect.gen(function* () {
      const { closed, connect } = yield* serving()
      const client = connect().version()
      client.raw(Message.encodeCommand(1, Command.DEVICE_SET_IRQS, words(20, 0x24, 2, 0, 1)).subarray(0, 20), [41, 42])
      client.raw(new Uint8Array(1), [43])
      assert.deepStrictEqual(closed, [])
      client.lose()
      assert.deepStrictEqual(closed, [41, 42, 43])
    })
  )
})
