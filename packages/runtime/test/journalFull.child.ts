/**
 * A child process that appends until its journal is full, in each way that an append can be asked for, and goes on when it is told that there
 * is space again. Each line is what it knows to be acknowledged.
 */
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Either } from "effect"
import { readSync, writeSync } from "node:fs"
import { device } from "./Device.ts"

/** Bytes that one command adds. */
const chunkBytes = 20_000

const program = Effect.gen(function* () {
  const system = yield* ActorSystem
  const moved = yield* system.actor(device, "moved")
  const taped = yield* system.actor(device, "taped")
  let bytes = 0
  let writes = 0
  const move = (durability: "written" | "durable") =>
    Effect.map(
      Effect.either(moved.ask({ _tag: "Move", file: 0, bytes: new Uint8Array(chunkBytes) }, { durability })),
      (answer) => {
        if (Either.isRight(answer)) bytes += chunkBytes
        return Either.isRight(answer) ? "kept" : answer.left._tag
      }
    )
  const write = Effect.map(Effect.either(taped.ask({ _tag: "Write", offset: 0, value: writes })), (answer) => {
    if (Either.isRight(answer)) writes++
    return Either.isRight(answer) ? "kept" : answer.left._tag
  })
  const say = (tags: ReadonlyArray<string>) =>
    Effect.sync(() => void writeSync(1, `${JSON.stringify({ bytes, writes, tags })}\n`))
  yield* moved.ask({ _tag: "Open", file: 0 })
  while ((yield* move("written")) === "kept") yield* write
  yield* say([yield* move("written"), yield* move("durable"), yield* write])
  yield* Effect.sync(() => readSync(0, new Uint8Array(1)))
  yield* say([yield* move("written"), yield* move("durable"), yield* write])
})

/** What the child does with the file it is given. */
export const appendUntilFull = (file: string): Promise<void> =>
  Effect.runPromise(program.pipe(Effect.provide(ActorSystem.layer), Effect.provide(layerSqlite({ file, tapes: true }))))
