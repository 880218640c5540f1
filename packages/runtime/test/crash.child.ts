/**
 * A child process that appends at full speed in every way there is, and says after each durable answer what has been acknowledged to all of
 * its actors. Never ends by itself.
 */
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { codeOf } from "../src/internal/noSpace.ts"
import { chunkOf, entriesAtOnce, movers, opened, taped, written } from "./crash.data.ts"
import { device } from "./Device.ts"

/** Says a line; whoever listens may be behind. */
const say = (line: string): void => {
  for (let said = false; !said;) {
    try {
      writeSync(1, line)
      said = true
    } catch (thrown) {
      if (codeOf(thrown) !== "EAGAIN") throw thrown
    }
  }
}

const program = Effect.gen(function* () {
  const system = yield* ActorSystem
  const acknowledged = new Map<string, number>()

  /** Moves chunks into the actor's file, each with its number in it, and counts those that are acknowledged. */
  const move = (id: string, durability: "written" | "durable") =>
    Effect.gen(function* () {
      const one = yield* system.actor(device, id)
      if ((yield* one.state).files.length === 0) yield* one.ask({ _tag: "Open", file: opened }, { durability })
      let next = ((yield* one.state).files[0]?.bytes ?? 0) / chunkOf(0).byteLength
      for (; ; next++) {
        yield* one.ask({ _tag: "Move", file: opened, bytes: chunkOf(next) }, { durability })
        acknowledged.set(id, next + 1)
        if (durability === "durable") say(`${JSON.stringify([...acknowledged])}\n`)
        else yield* Effect.yieldNow()
      }
    })

  /** Writes registers through the tape, each value one more than the last. */
  const write = Effect.gen(function* () {
    const one = yield* system.actor(device, taped)
    for (let value = (yield* one.state).writes; ; value += entriesAtOnce) {
      yield* one.askAll(
        Array.from({ length: entriesAtOnce }, (_, index) => ({ _tag: "Write", offset: index, value: value + index }))
      )
      acknowledged.set(taped, value + entriesAtOnce)
      // A transition closes the run now and then.
      if (value % 1024 === 0) yield* one.ask({ _tag: "Drain", id: value })
      yield* one.ask({ _tag: "Reset" })
      yield* Effect.yieldNow()
    }
  })

  yield* Effect.all([...movers.map((id) => move(id, "durable")), move(written, "written"), write], {
    concurrency: "unbounded"
  })
})

/** What the child does with the file it is given, with a spool or without. */
export const appendForever = (file: string, spool: boolean): Promise<unknown> =>
  Effect.runPromise(
    program.pipe(
      Effect.provide(ActorSystem.layerWith({ snapshotEvents: 200 })),
      Effect.provide(layerSqlite({ file, tapes: true, spool }))
    )
  )
