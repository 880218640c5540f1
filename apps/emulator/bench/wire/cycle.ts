/** Migrations of a VF without a guest between two processes, over their sockets: the whole cycle, and the time in which neither side runs. */
import { type Client, makeClient } from "@stopcopy/vfio-user"
import { MigrationStates } from "@stopcopy/vfio"
import { inFolder, type Subject } from "@stopcopy/workbench"
import { Effect } from "effect"
import { dirname, join } from "node:path"
import { start, transportOf } from "./child.ts"

/** Cycles that warm up, and that count: before some thousand of them the compiler is still at work. */
const [warming, counted] = [1500, 500]
const blockBytes = 4096

const inOrder = <A, E>(...calls: ReadonlyArray<Effect.Effect<A, E>>) => Effect.all(calls, { concurrency: "unbounded" })

const go = (client: Client, state: Parameters<typeof MigrationStates.toNumber>[0]) =>
  Effect.as(client.setMigrationState(MigrationStates.toNumber(state)), new Uint8Array(0))

/** All that a saving session has now: of the block, and the read that finds the end. Errors tell that there is no more for now. */
const saved = (client: Client, state: "PRE_COPY" | "STOP_COPY") =>
  Effect.map(
    inOrder(
      go(client, state),
      client.readMigrationData(blockBytes),
      Effect.orElseSucceed(client.readMigrationData(blockBytes), () => new Uint8Array(0))
    ),
    (parts) => Buffer.concat(parts)
  )

interface Times {
  readonly cycle: number
  readonly blackout: number
}

const cycle = (source: Client, destination: Client) =>
  Effect.gen(function* () {
    const begun = performance.now()
    const setup = yield* saved(source, "PRE_COPY")
    yield* inOrder(go(destination, "RESUMING"), Effect.as(destination.writeMigrationData(setup), setup))
    const stopped = performance.now()
    const state = yield* saved(source, "STOP_COPY")
    yield* inOrder(
      Effect.as(destination.writeMigrationData(state), state),
      go(destination, "STOP"),
      go(destination, "RUNNING")
    )
    const end = performance.now()
    yield* go(source, "RUNNING")
    return { cycle: end - begun, blackout: end - stopped }
  })

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/** Medians, in milliseconds. */
const times = inFolder((file) =>
  Effect.gen(function* () {
    const transport = yield* transportOf("messages")
    const connected = (name: string) =>
      Effect.gen(function* () {
        const path = join(dirname(file), `${name}.sock`)
        yield* start("qat", "messages", path)
        return yield* makeClient((accept) => transport.connect(path, accept))
      })
    const [source, destination] = [yield* connected("source"), yield* connected("destination")]
    const all: Array<Times> = []
    for (let index = 0; index < warming + counted; index++) {
      const one = yield* index % 2 === 0 ? cycle(source, destination) : cycle(destination, source)
      if (index >= warming) all.push(one)
    }
    return { cycle: median(all.map((each) => each.cycle)), blackout: median(all.map(({ blackout }) => blackout)) }
  }).pipe(Effect.scoped)
)

/** Rates, as all rows are; a note says the time. */
export const migrations: ReadonlyArray<Subject> = (["cycle", "blackout"] as const).map((key) => ({
  key: `migration ${key}`,
  name: `migration of a VF, ${key}`,
  word: "written" as const,
  unit: "per s",
  measure: Effect.map(times, (found) => 1000 / found[key])
}))
