/**
 * Commands per second of one local actor, by journal and durability, against the floor: the same rows (a batch and a record for
 * each command, same tables, same bytes) inserted bare in 100-command transactions at synchronous FULL, in the same run.
 * What it does not measure: other disks (a durable row is mostly the disk's sync), contention, reading, big payloads, restarts.
 */
import { ActorSystem, Behavior, Journal } from "@stopcopy/runtime"
import { layerSqlite, loadSqlite } from "@stopcopy/runtime/sqlite"
import type { Durability } from "@stopcopy/runtime"
import { Effect, Layer, Schema } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"

/** Commands in one measurement. */
const commands = 20_000
/** Durable commands in one: each waits for the disk. */
const durableCommands = 1000
/** Commands in one transaction of the floor. */
const floorTransaction = 100
/** Measurements of each row; the fastest counts, the first warms up. */
const rounds = 3

const Counted = Schema.TaggedStruct("Counted", { by: Schema.Int, note: Schema.String })

const counter = Behavior.make({
  name: "counter",
  version: 1,
  state: Schema.Struct({ total: Schema.Int }),
  command: Schema.TaggedStruct("Count", { by: Schema.Int }),
  event: Counted,
  initial: { total: 0 },
  decide: (_, { by }) => Behavior.accept([Counted.make({ by, note: "one more on the way" })], by),
  evolve: (state, { by }) => ({ total: state.total + by })
})

const now = Effect.sync(() => performance.now())

/** Commands per second of `count` commands, one after the other. */
const asked = (count: number, durability: Durability) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const one = yield* system.actor(counter, "bench")
    const start = yield* now
    for (let by = 0; by < count; by++) yield* one.ask({ _tag: "Count", by }, { durability })
    return (count * 1000) / ((yield* now) - start)
  }).pipe(Effect.provide(ActorSystem.layer))

const inserts = `INSERT INTO batch VALUES (?, ?, ?, ?, NULL, 'counter/bench', 1, ?, NULL, ?);
INSERT INTO record VALUES (?, 1, ?, 1, ?, 'Counted', 1, 1, ?, NULL)`.split(";")

/** The same rows without runtime: events per second. */
const floor = (file: string) =>
  Effect.gen(function* () {
    yield* Effect.scoped(Layer.build(layerSqlite({ file })))
    const database = (yield* loadSqlite()).open({ file, readOnly: false })
    database.exec("PRAGMA synchronous = FULL; INSERT INTO stream VALUES (1, 'counter/bench', 'counter', NULL)")
    const [batch, record] = inserts.map((sql) => database.prepare(sql))
    const hash = new Uint8Array(32)
    const utf8 = new TextEncoder()
    const start = yield* now
    for (let id = 1; id <= commands; id++) {
      if (id % floorTransaction === 1) database.exec("BEGIN IMMEDIATE")
      const by = id - 1
      const command = utf8.encode(JSON.stringify({ _tag: "Count", by }))
      const payload = utf8.encode(JSON.stringify({ _tag: "Counted", by, note: "one more on the way" }))
      batch?.run(id, id, 1_700_000_000_000_000 + id, `counter/bench@${id}`, command, hash)
      record?.run(id, id, id, payload)
      if (id % floorTransaction === 0) database.exec("COMMIT")
    }
    const rate = (commands * 1000) / ((yield* now) - start)
    database.close()
    return rate
  })

const inFolder = <A, E>(use: (file: string) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-bench-"))),
    (folder) => use(join(folder, "journal.db")),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )

const rows = [
  ["floor: bare inserts, 100 a transaction", "durable", inFolder(floor)],
  ["actor over memory", "none", Effect.provide(asked(commands, "written"), Journal.layerMemory)],
  [
    "actor over SQLite",
    "written",
    inFolder((file) => Effect.provide(asked(commands, "written"), layerSqlite({ file })))
  ],
  [
    "actor over SQLite, one at a time",
    "durable",
    inFolder((file) => Effect.provide(asked(durableCommands, "durable"), layerSqlite({ file })))
  ]
] as const

const report = Effect.gen(function* () {
  const lines = [`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}`]
  let base: number | undefined
  for (const [name, durability, measure] of rows) {
    const rates = yield* Effect.replicateEffect(measure, rounds)
    const best = Math.max(...rates)
    base ??= best
    const rate = Math.round(best).toLocaleString("en-US").padStart(10)
    lines.push(
      `${name.padEnd(40)} ${durability.padEnd(8)} ${rate} commands/s ${(best / base).toFixed(2).padStart(6)} x floor`
    )
  }
  process.stdout.write(`${lines.join("\n")}\n`)
})

await Effect.runPromise(report)
