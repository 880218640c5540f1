/** The header of every message: what a reply repeats, what a malformed one is answered with, and which messages have no reply. */
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import * as Header from "../../Header.ts"
import { encodeCommand, encodeReply } from "../../Message.ts"
import { type Bench, wellFormed } from "../Bench.ts"
import { type Clause, clause, library, text } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { isGood } from "../Facts.ts"
import { deviceInfo, read, words } from "../requests.ts"

/** DEVICE_GET_INFO with a header of its own. */
const withHeader = (header: Partial<Header.Header>, payload: Uint8Array = deviceInfo()): Uint8Array => {
  const message = encodeCommand(1, Command.DEVICE_GET_INFO, payload)
  const view = new DataView(message.buffer)
  Header.encodeHeader(view, 0, { ...Header.decodeHeader(view, 0), ...header })
  return message
}

const echoes = ({ wire }: Bench) =>
  Effect.gen(function* () {
    for (const id of [0, 1, 0x1234, 0xffff]) {
      yield* wellFormed(yield* wire.ask(Command.DEVICE_GET_INFO, deviceInfo(), { id }))
      yield* wellFormed(yield* wire.ask(Command.DEVICE_GET_INFO, deviceInfo(1), { id }))
    }
  })

const idsMayRepeat = ({ wire }: Bench) =>
  Effect.gen(function* () {
    for (let times = 0; times < 3; times++) wire.send(Command.DEVICE_GET_INFO, deviceInfo(), { id: 7 })
    for (let times = 0; times < 3; times++) {
      const { id } = yield* wire.reply
      if (id !== 7) return yield* new Broken({ expected: "three replies with id 7", found: `one with id ${id}` })
    }
  })

const errorInCommand = (bench: Bench) =>
  Effect.gen(function* () {
    bench.wire.raw(withHeader({ error: 99 }))
    const reply = yield* bench.wire.reply
    if (!isGood(reply)) return yield* new Broken({ expected: "success", found: `errno ${reply.error}` })
  })

/** Commands that must be refused while the connection goes on. */
const refused = (commands: ReadonlyArray<number>) => (bench: Bench) =>
  Effect.gen(function* () {
    for (const command of commands) {
      yield* bench.refuses(`command ${command}`, command, words(16, 0, 0, 0))
      yield* bench.lives
    }
  })

/** A message that is answered with an error or ignored, or ends the connection; a server that goes on is in step. */
const refusedOrClosed = (what: string, bytes: Uint8Array, mayIgnore: boolean) => (bench: Bench) =>
  Effect.gen(function* () {
    const { wire } = bench
    wire.raw(bytes)
    const id = wire.send(Command.DEVICE_GET_INFO, deviceInfo())
    const first = yield* wire.next
    if (first === undefined) return "the connection ends"
    if (mayIgnore && first.id === id && isGood(first)) return "ignored"
    if (isGood(first)) return yield* new Broken({ expected: `an error for ${what}`, found: "success" })
    const second = yield* wire.next
    if (second === undefined) return "an error reply, then the end"
    if (second.id !== id || !isGood(second)) {
      return yield* new Broken({ expected: "the reply to the next command", found: `errno ${second.error}` })
    }
    yield* bench.lives
    return "an error reply, and the connection goes on, as libvfio-user has it"
  })

const saysNothing = (bench: Bench) =>
  Effect.gen(function* () {
    const { wire } = bench
    wire.send(Command.DEVICE_GET_INFO, deviceInfo(), { wantsReply: false })
    wire.send(Command.DEVICE_GET_INFO, deviceInfo(1), { wantsReply: false })
    wire.send(Command.REGION_READ, read(0xffff, 0, 4), { wantsReply: false })
    wire.send(999, deviceInfo(), { wantsReply: false })
    yield* bench.lives
  })

const errorForm = ({ wire }: Bench) =>
  Effect.gen(function* () {
    const reply = yield* wire.ask(Command.DEVICE_GET_INFO, deviceInfo(1))
    yield* wellFormed(reply)
    if (isGood(reply)) return yield* new Broken({ expected: "an error for argsz 1", found: "success" })
    if (reply.error === 0 || reply.error > 4096) {
      return yield* new Broken({ expected: "a positive Linux errno", found: `errno ${reply.error}` })
    }
    return reply.size === Header.headerBytes
      ? "a header alone, as the text has it"
      : "with a payload, as libvfio-user has it"
  })

const header = [text("Header")]
const malformed = [...header, library("test/py/test_request_errors.py")]

export const headers: ReadonlyArray<Clause> = [
  clause({
    name: "header.echo",
    rule: "a reply repeats id and command, and is a reply",
    sources: header,
    check: echoes
  }),
  clause({
    name: "header.error",
    rule: "an error reply has flags 0x21 and a positive errno",
    sources: header,
    check: errorForm
  }),
  clause({
    name: "header.ids",
    rule: "ids may repeat while in flight",
    sources: header,
    check: idsMayRepeat
  }),
  clause({
    name: "header.errno",
    rule: "the errno field of a command means nothing",
    sources: header,
    check: errorInCommand
  }),
  clause({
    name: "header.noReply",
    rule: "a command that wants no reply gets none, whether it succeeds or fails",
    sources: [...header, text("Command Concurrency")],
    check: saysNothing
  }),
  clause({
    name: "header.command",
    rule: "a command that there is not is refused, and the stream stays in step",
    sources: [text("Commands"), library("lib/libvfio-user.c, handle_request")],
    check: refused([0, 14, 19, 999, 0xffff])
  }),
  clause({
    name: "header.direction",
    rule: "commands of the other direction are refused",
    sources: [text("Commands"), library("lib/libvfio-user.c, handle_request")],
    check: refused([Command.DMA_READ, Command.DMA_WRITE])
  }),
  clause({
    name: "header.reply",
    rule: "a reply that nobody waits for is refused or ignored",
    sources: malformed,
    check: refusedOrClosed("a reply", encodeReply(1, Command.DMA_READ), true)
  }),
  clause({
    name: "header.small",
    rule: "a size below 16 is refused, or ends the connection",
    sources: malformed,
    check: refusedOrClosed("size 15", withHeader({ size: 15 }, new Uint8Array(0)), false)
  }),
  clause({
    name: "header.large",
    rule: "an absurd size is refused, or ends the connection",
    sources: [...malformed, text("Message sizes")],
    check: refusedOrClosed("size 2 GiB", withHeader({ size: 0x8000_0000 }, new Uint8Array(0)), false)
  })
]
