/** Commands that meet: of one client without waiting, around a command that takes long, and of a second client. */
import { MigrationStates } from "@stopcopy/vfio"
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import { type Bench, good } from "../Bench.ts"
import { type Clause, clause, text } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { configRegion } from "../Facts.ts"
import { getState, read, setState, wordAt, write } from "../requests.ts"
import { proposal } from "../../client/negotiate.ts"

const lineAt = 0x3c
const rounds = 50

/** Writes and reads of one register without waiting: each read sees the write before it. */
const seen = ({ wire }: Bench) =>
  Effect.gen(function* () {
    for (let value = 0; value < rounds; value++) {
      wire.send(Command.REGION_WRITE, write(configRegion, lineAt, Uint8Array.of(value)))
      wire.send(Command.REGION_READ, read(configRegion, lineAt, 1))
    }
    for (let value = 0; value < rounds; value++) {
      yield* good(yield* wire.reply)
      const { payload } = yield* good(yield* wire.reply)
      if (payload[16] !== value)
        return yield* new Broken({ expected: `${value}, written just before`, found: `${payload[16]}` })
    }
    yield* good(yield* wire.ask(Command.REGION_WRITE, write(configRegion, lineAt, Uint8Array.of(0))))
  })

/** Commands behind a change of state are answered behind it, and see it. */
const behindState = (bench: Bench) =>
  Effect.gen(function* () {
    const { wire } = bench
    for (const state of ["STOP", "RUNNING", "STOP_COPY", "RUNNING"] as const) {
      const number = MigrationStates.toNumber(state)
      const ids = [
        wire.send(Command.DEVICE_FEATURE, setState(number)),
        wire.send(Command.DEVICE_FEATURE, getState()),
        wire.send(Command.DEVICE_FEATURE, getState())
      ]
      const replies = [yield* wire.reply, yield* wire.reply, yield* wire.reply]
      for (const reply of replies) yield* good(reply)
      if (replies.some(({ id }, index) => id !== ids[index])) {
        return yield* new Broken({ expected: "replies in the order of the commands", found: "another order" })
      }
      const found = replies.slice(1).map(({ payload }) => wordAt(payload, 8))
      if (found.some((each) => each !== number)) {
        return yield* new Broken({ expected: `${state} behind the request for it`, found: found.join(", ") })
      }
    }
  })

const behindReset = ({ wire }: Bench) =>
  Effect.gen(function* () {
    const ids: Array<number> = []
    for (let round = 0; round < 5; round++) {
      ids.push(wire.send(Command.REGION_READ, read(configRegion, 0, 4)))
      ids.push(wire.send(Command.DEVICE_RESET))
      ids.push(wire.send(Command.REGION_READ, read(configRegion, 0, 4)))
    }
    for (const id of ids) {
      const reply = yield* good(yield* wire.reply)
      if (reply.id !== id) return yield* new Broken({ expected: `id ${id}`, found: `id ${reply.id}` })
    }
  })

/** The device is the first client's: a second one waits or is turned away, and gets it when the first has gone. */
const secondClient = (bench: Bench) =>
  Effect.gen(function* () {
    const second = yield* bench.another
    const id = second.send(Command.VERSION, proposal(second.passesDescriptors))
    for (let times = 0; times < 20; times++) yield* bench.lives
    const isTurnedAway = second.isClosed
    yield* bench.leave
    if (isTurnedAway || second.isClosed) {
      yield* bench.over(yield* bench.anotherClient).lives
      return "turned away"
    }
    const reply = yield* second.next
    if (reply === undefined) return "turned away"
    if (reply.id !== id) return yield* new Broken({ expected: `a reply with id ${id}`, found: `one with ${reply.id}` })
    yield* good(reply)
    yield* bench.over(second).lives
    return "served behind the first"
  })

const order = [text("Command Concurrency")]

export const concurrency: ReadonlyArray<Clause> = [
  clause({
    name: "concurrent.registers",
    rule: "a read sees the write before it, without waiting between them",
    sources: order,
    needs: ["config space"],
    check: seen
  }),
  clause({
    name: "concurrent.state",
    rule: "commands behind a change of state see the new state",
    sources: order,
    needs: ["migration"],
    check: behindState
  }),
  clause({
    name: "concurrent.reset",
    rule: "commands around a reset are answered in order",
    sources: [...order, text("VFIO_USER_DEVICE_RESET")],
    needs: ["reset", "config space"],
    check: behindReset
  }),
  clause({
    name: "concurrent.clients",
    rule: "a second client does not disturb the first, and has its turn",
    sources: [text("Socket")],
    check: secondClient
  })
]
