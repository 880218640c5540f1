/** Clients that go without a word, at the worst moments: the server stays, and serves the next one. */
import { MigrationStates } from "@stopcopy/vfio"
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import { encodeCommand } from "../../Message.ts"
import { proposal } from "../../client/negotiate.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, text } from "../Clause.ts"
import type { Broken } from "../Verdict.ts"
import { configRegion } from "../Facts.ts"
import { deviceInfo, read, setState } from "../requests.ts"

/** After this client has done something and gone, the next one is served. */
const goes =
  (leave: (bench: Bench) => Effect.Effect<void, Broken> | void) =>
  (bench: Bench): Effect.Effect<void, Broken> =>
    Effect.gen(function* () {
      const left = leave(bench)
      if (left !== undefined) yield* left
      const next = yield* bench.reconnected
      yield* next.lives
    })

const beforeVersion = (bytes: Uint8Array) => (bench: Bench) =>
  Effect.gen(function* () {
    bench.wire.raw(bytes)
    yield* bench.leave
    yield* bench.over(yield* bench.anotherClient).lives
  })

const info = encodeCommand(1, Command.DEVICE_GET_INFO, deviceInfo())

const parts = { sources: [text("Socket Disconnection Behavior"), text("Client Disconnection")] }

export const disconnects: ReadonlyArray<Clause> = [
  clause({
    ...parts,
    name: "disconnect.silent",
    rule: "a client may go before it has said anything",
    opening: "raw",
    check: (bench) =>
      Effect.gen(function* () {
        yield* bench.leave
        yield* bench.over(yield* bench.anotherClient).lives
      })
  }),
  clause({
    ...parts,
    name: "disconnect.version",
    rule: "a client may go in the middle of VERSION",
    opening: "raw",
    check: beforeVersion(encodeCommand(1, Command.VERSION, proposal(false)).slice(0, 30))
  }),
  clause({
    ...parts,
    name: "disconnect.header",
    rule: "a client may go in the middle of a header",
    check: goes(({ wire }) => wire.raw(info.slice(0, 9)))
  }),
  clause({
    ...parts,
    name: "disconnect.body",
    rule: "a client may go in the middle of a body",
    check: goes(({ wire }) => wire.raw(info.slice(0, 25)))
  }),
  clause({
    ...parts,
    name: "disconnect.replies",
    rule: "a client may go without taking its replies",
    check: goes(({ facts, wire }) => {
      const count = Math.min(facts.regions[configRegion]?.size ?? 16, 4096)
      for (let times = 0; times < 20; times++) wire.send(Command.REGION_READ, read(configRegion, 0, count))
    })
  }),
  clause({
    ...parts,
    name: "disconnect.state",
    rule: "a client may go while the device changes its state",
    needs: ["migration"],
    check: goes(({ wire }) => void wire.send(Command.DEVICE_FEATURE, setState(MigrationStates.toNumber("STOP_COPY"))))
  }),
  clause({
    ...parts,
    name: "disconnect.reset",
    rule: "a client may go while the device is reset",
    needs: ["reset"],
    check: goes(({ wire }) => void wire.send(Command.DEVICE_RESET))
  })
]
