/** Messages as a stream: several in one write, one in several, many without waiting, more than a socket holds. */
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import { encodeCommand } from "../../Message.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, library, text } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { configRegion, isGood } from "../Facts.ts"
import { deviceInfo, irqInfo, read, regionInfo } from "../requests.ts"
import type { Wire } from "../Wire.ts"

/** Replies to these ids come in this order. */
const inOrder = (wire: Wire, ids: ReadonlyArray<number>): Effect.Effect<void, Broken> =>
  Effect.gen(function* () {
    for (const id of ids) {
      const reply = yield* wire.reply
      if (reply.id !== id) {
        return yield* new Broken({ expected: `the reply to id ${id} next`, found: `the one to id ${reply.id}` })
      }
    }
  })

/** One of several commands that change nothing. */
const harmless = (index: number): readonly [command: number, payload: Uint8Array] => {
  const all = [
    [Command.DEVICE_GET_INFO, deviceInfo()],
    [Command.DEVICE_GET_REGION_INFO, regionInfo(index % 9)],
    [Command.DEVICE_GET_IRQ_INFO, irqInfo(index % 5)],
    [Command.REGION_READ, read(0xffff, 0, 4)]
  ] as const
  return all[index % all.length] ?? all[0]
}

const together = ({ wire }: Bench) =>
  Effect.gen(function* () {
    const messages = Array.from({ length: 20 }, (_, index) => encodeCommand(index + 1, ...harmless(index)))
    const bytes = new Uint8Array(messages.reduce((sum, { byteLength }) => sum + byteLength, 0))
    let at = 0
    for (const message of messages) {
      bytes.set(message, at)
      at += message.byteLength
    }
    wire.raw(bytes)
    yield* inOrder(
      wire,
      messages.map((_, index) => index + 1)
    )
  })

/** The pieces are sent in writes of their own, with a pass of the event loop between them. */
const inPieces = (cuts: ReadonlyArray<number>) => (bench: Bench) =>
  Effect.gen(function* () {
    const { wire } = bench
    const message = encodeCommand(1, Command.DEVICE_GET_INFO, deviceInfo())
    for (const [index, cut] of cuts.entries()) {
      wire.raw(message.slice(cut, cuts[index + 1] ?? message.byteLength))
      yield* Effect.sleep(1)
    }
    const reply = yield* wire.next
    if (reply === undefined) return "as libvfio-user has it: a split message ends the connection"
    if (isGood(reply)) {
      yield* bench.lives
      return "as the text has it: a message may come in pieces"
    }
    return "as libvfio-user has it: a split message is refused, and the stream is out of step"
  })

/** Fewer than fill the buffer of a socket whose reader waits: libvfio-user blocks at 167 such replies. */
const unreadCommands = 100

const pipelined = ({ wire }: Bench) =>
  Effect.gen(function* () {
    const ids = Array.from({ length: unreadCommands }, (_, index) => wire.send(...harmless(index)))
    yield* inOrder(wire, ids)
  })

const manyRounds = 8

const reading = ({ facts, wire }: Bench) =>
  Effect.gen(function* () {
    const size = facts.regions[configRegion]?.size ?? 0
    const count = Math.min(size, facts.maxDataBytes)
    for (let round = 0; round < manyRounds; round++) {
      const ids = Array.from({ length: 50 }, () => wire.send(Command.REGION_READ, read(configRegion, 0, count)))
      yield* inOrder(wire, ids)
    }
  })

const longerRequest = (bench: Bench) =>
  Effect.gen(function* () {
    const payload = new Uint8Array(64)
    payload.set(deviceInfo())
    const reply = yield* bench.answers(Command.DEVICE_GET_INFO, payload)
    yield* bench.lives
    return isGood(reply) ? "more bytes than the structure are passed over, as libvfio-user does" : "refused"
  })

const stream = text("Message sizes")

export const streams: ReadonlyArray<Clause> = [
  clause({
    name: "stream.together",
    rule: "several messages in one write are answered one by one, in order",
    sources: [text("Command Concurrency")],
    check: together
  }),
  clause({
    name: "stream.header",
    rule: "a header in two pieces is awaited, or ends the connection",
    sources: [stream, library("lib/tran_sock.c, get_msg")],
    check: inPieces([0, 7])
  }),
  clause({
    name: "stream.body",
    rule: "a body in pieces is awaited, or refused",
    sources: [stream, library("lib/tran_sock.c, recv_blocking")],
    check: inPieces([0, 16, 20])
  }),
  clause({
    name: "stream.pipelined",
    rule: `${unreadCommands} commands without waiting are answered in order`,
    sources: [text("Command Concurrency")],
    check: pipelined
  }),
  clause({
    name: "stream.reading",
    rule: "a client that reads while it writes never stands still",
    sources: [text("Socket"), text("Command Concurrency")],
    needs: ["config space"],
    check: reading
  }),
  clause({
    name: "stream.longer",
    rule: "a request that is longer than its structure leaves the stream in step",
    sources: [stream, library("lib/libvfio-user.c, is_valid_header")],
    check: longerRequest
  })
]
