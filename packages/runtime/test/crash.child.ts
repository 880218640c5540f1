/** A child process that appends as fast as it can and says each event's sequence once it is *written*. Never ends by itself. */
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { device } from "./Device.ts"

/** Asks between two looks at the event loop. */
const burst = 100

const program = Effect.gen(function* () {
  const system = yield* ActorSystem
  const one = yield* system.actor(device, "0")
  yield* one.ask({ _tag: "Open", file: 0 })
  for (let value = 0; ; value++) {
    yield* one.ask({ _tag: "Write", offset: 0, value })
    yield* one.ask({ _tag: "Move", file: 0, bytes: new Uint8Array(value % 500) })
    writeSync(1, `${one.unsafePosition()}\n`)
    if (value % burst === 0) yield* Effect.yieldNow()
  }
})

/** What the child does with the file it is given. */
export const appendForever = (file: string): Promise<never> =>
  Effect.runPromise(program.pipe(Effect.provide(ActorSystem.layer), Effect.provide(layerSqlite({ file }))))
