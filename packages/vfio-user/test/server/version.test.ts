/** VERSION: the tables of section 4 of the specification, and what must come first. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Messages, type Options } from "@stopcopy/vfio-user"
import { Effect, Either } from "effect"
import { answerOf, type MemoryConnection } from "../support/MemoryConnection.ts"
import { serving } from "../support/serving.ts"

const bytesOf = (minor: number, text: string, major = 0): Uint8Array =>
  new Uint8Array([major & 0xff, major >> 8, minor, 0, ...new TextEncoder().encode(text)])

const proposal = (capabilities: object): string => `${JSON.stringify({ capabilities })}\0`

/** The errno and then the end, or the reply as data. */
const outcome = (client: MemoryConnection, payload: Uint8Array, descriptors: ReadonlyArray<number> = []) => {
  const answer = client.ask(Command.VERSION, payload, { descriptors })
  if (typeof answer === "number") return `${answer}${client.isClosed ? ", closed" : ""}`
  return Either.getOrThrow(Messages.Version.decode(answer))
}

describe("a proposal", () => {
  const accepted: ReadonlyArray<readonly [name: string, text: string]> = [
    ["no JSON", ""],
    ["an empty object", "{}\0"],
    ["spaces", ' { "capabilities" : { } } \0'],
    ["a number", "42\0"],
    ["an array", "[]\0"],
    ["text behind the value", "{} and more }\0"],
    ["a NUL inside", "{}\0more\0"],
    ["max_msg_fds 0", proposal({ max_msg_fds: 0 })],
    ["max_msg_fds 1024", proposal({ max_msg_fds: 1024 })],
    ["max_data_xfer_size 0", proposal({ max_data_xfer_size: 0 })],
    ["max_data_xfer_size -1", proposal({ max_data_xfer_size: -1 })],
    ["migration.pgsize 0", proposal({ migration: { pgsize: 0 } })],
    ["migration.pgsize 4096", proposal({ migration: { pgsize: 4096 } })],
    ["twin_socket", proposal({ twin_socket: { supported: true } })],
    ["pgsizes of any type", proposal({ pgsizes: "many", max_dma_maps: [], write_multiple: 1, stopcopy: 7 })],
    ["4112 bytes", `${" ".repeat(4105)}{}\0`],
    ["unknown keys", '{"capabilities":{"other":1},"another":2}\0']
  ]
  for (const [name, text] of accepted) {
    it.scoped(`with ${name} is accepted`, () =>
      Effect.gen(function* () {
        const { connect, device } = yield* serving()
        assert.deepNestedInclude(outcome(connect(), bytesOf(1, text)), {
          major: 0,
          minor: 1,
          "capabilities.maxMsgFds": 8,
          "capabilities.maxDataXferSize": 1024 * 1024,
          "capabilities.pageSizes": 4096,
          "capabilities.maxDmaMaps": 65_535,
          "capabilities.migration.pageSize": 4096,
          "capabilities.twinSocket": undefined,
          "capabilities.writeMultiple": undefined,
          "capabilities.extensions": undefined
        })
        assert.deepStrictEqual(device.calls, ["attach"])
      })
    )
  }

  const refused: ReadonlyArray<readonly [name: string, payload: Uint8Array]> = [
    ["no payload", new Uint8Array(0)],
    ["3 bytes", new Uint8Array(3)],
    ["major 999", bytesOf(0, "{}\0", 999)],
    ["no NUL", bytesOf(0, "{}")],
    ["a NUL alone", bytesOf(0, "\0")],
    ["half an object", bytesOf(0, "{\0")],
    ["half a string", bytesOf(0, '"\0')],
    ["null", bytesOf(0, "null\0")],
    ["capabilities that are a string", bytesOf(0, '{"capabilities":"23"}\0')],
    ["capabilities that are null", bytesOf(0, '{"capabilities":null}\0')],
    ["capabilities that are an array", bytesOf(0, '{"capabilities":[]}\0')],
    ["capabilities that are a number", bytesOf(0, '{"capabilities":1}\0')],
    ["max_msg_fds foo", bytesOf(0, proposal({ max_msg_fds: "foo" }))],
    ["max_msg_fds 1.5", bytesOf(0, proposal({ max_msg_fds: 1.5 }))],
    ["max_msg_fds true", bytesOf(0, proposal({ max_msg_fds: true }))],
    ["max_msg_fds -1", bytesOf(0, proposal({ max_msg_fds: -1 }))],
    ["max_msg_fds 1025", bytesOf(0, proposal({ max_msg_fds: 1025 }))],
    ["max_data_xfer_size foo", bytesOf(0, proposal({ max_data_xfer_size: "foo" }))],
    ["migration 23", bytesOf(0, proposal({ migration: "23" }))],
    ["migration.pgsize foo", bytesOf(0, proposal({ migration: { pgsize: "foo" } }))],
    ["migration.pgsize 4095", bytesOf(0, proposal({ migration: { pgsize: 4095 } }))],
    ["twin_socket that is no object", bytesOf(0, proposal({ twin_socket: true }))],
    ["twin_socket.supported 1", bytesOf(0, proposal({ twin_socket: { supported: 1 } }))]
  ]
  for (const [name, payload] of refused) {
    it.scoped(`with ${name} is refused, and the connection ends`, () =>
      Effect.gen(function* () {
        const { connect, device } = yield* serving()
        assert.strictEqual(outcome(connect(), payload), "22, closed")
        assert.deepStrictEqual(device.calls, [])
      })
    )
  }

  it.scoped("with descriptors is refused, and they are closed", () =>
    Effect.gen(function* () {
      const { closed, connect } = yield* serving()
      assert.strictEqual(outcome(connect(), bytesOf(0, ""), [7, 8]), "22, closed")
      assert.deepStrictEqual(closed, [7, 8])
    })
  )

  it.scoped("gets the smaller minor", () =>
    Effect.gen(function* () {
      for (const [proposed, answered] of [
        [0, 0],
        [2, 2],
        [9, 2]
      ] as const) {
        const { connect } = yield* serving()
        assert.deepInclude(outcome(connect(), bytesOf(proposed, "")), { minor: answered })
      }
    })
  )

  it.scoped("is answered with the server's own limits", () =>
    Effect.gen(function* () {
      const options: Partial<Options> = { maxDataXferSize: 8192, maxDmaMaps: 3, pageSizes: 0x20_1000, maxMsgFds: 2 }
      const { connect } = yield* serving({ withoutMigration: true }, options)
      assert.deepNestedInclude(outcome(connect(), bytesOf(0, "")), {
        "capabilities.maxDataXferSize": 8192,
        "capabilities.maxDmaMaps": 3,
        "capabilities.pageSizes": 0x20_1000,
        "capabilities.maxMsgFds": 2,
        "capabilities.migration": undefined
      })
    })
  )

  it.scoped("of write_multiple and extensions is answered with what both have", () =>
    Effect.gen(function* () {
      const stopcopy = { p2p: true, data_size: true, precopy_info: false }
      const { connect } = yield* serving({ flags: 5 })
      const reply = outcome(connect(false), bytesOf(0, proposal({ write_multiple: true, stopcopy })))
      assert.deepNestedInclude(reply, {
        "capabilities.writeMultiple": true,
        "capabilities.maxMsgFds": 0,
        "capabilities.extensions": { p2p: false, dataSize: true, precopyInfo: false }
      })
    })
  )
})

describe("the first message", () => {
  it.scoped("is VERSION, or the connection ends with EINVAL", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect()
      assert.deepStrictEqual([client.ask(Command.DEVICE_GET_INFO, new Uint8Array(16)), client.isClosed], [22, true])
    })
  )

  const malformed: ReadonlyArray<readonly [name: string, size: number, flags: number]> = [
    ["a size below 16", 15, 0],
    ["a size above 4128", 4129, 0],
    ["a size above that of any message", 1024 * 1024 + 33, 0],
    ["the type of a reply", 16, 1]
  ]
  for (const [name, size, flags] of malformed) {
    it.scoped(`with ${name} ends the connection without a reply`, () =>
      Effect.gen(function* () {
        const { connect } = yield* serving()
        const client = connect()
        const header = new DataView(new ArrayBuffer(16))
        header.setUint16(2, Command.VERSION, true)
        header.setUint32(4, size, true)
        header.setUint32(8, flags, true)
        client.raw(new Uint8Array(header.buffer))
        assert.deepStrictEqual([client.messages.length, client.isClosed], [0, true])
      })
    )
  }

  it.scoped("comes once: VERSION again is EINVAL, and the connection lives", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect().version()
      assert.strictEqual(client.ask(Command.VERSION, bytesOf(0, "")), 22)
      assert.isFalse(client.isClosed)
      assert.instanceOf(client.ask(Command.DEVICE_RESET), Uint8Array)
    })
  )

  it.scoped("may be followed by commands that do not wait for its reply", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const client = connect()
      const id = client.command(Command.VERSION, bytesOf(0, ""))
      const next = client.command(Command.DEVICE_RESET)
      assert.deepStrictEqual(
        client.messages.map((message) => message.id),
        [id, next]
      )
      assert.strictEqual(client.messages.map(answerOf).length, 2)
    })
  )
})
