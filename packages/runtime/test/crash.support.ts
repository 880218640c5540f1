/** Kills a process that appends at full speed, at random moments, and checks what it left. */
import { assert } from "@effect/vitest"
import { ActorSystem, Journal, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Random, Schema, Stream } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { bundled } from "@stopcopy/workbench"
import { appendForever } from "./crash.child.ts"
import { movers, numberIn, taped, written } from "./crash.data.ts"
import { device } from "./Device.ts"
import { temporaryFile } from "./files.ts"

/** Acknowledgements after which a child is killed, at most. */
const mostLines = 400

/** Kills on one file, one process after the other, before the next file is begun. */
const killsOnOneFile = 5

const Acknowledged = Schema.parseJson(Schema.Array(Schema.Tuple(Schema.String, Schema.Int)))

type Counts = ReadonlyMap<string, number>

/** Runs the child until it has said `count` lines, kills it, and gives the last counts that it said. */
const killAfter = async (script: string, file: string, count: number, spool: boolean): Promise<Counts> => {
  const child = spawn(process.execPath, [script, file, spool ? "spool" : "tables"], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const exit = once(child, "exit")
  let last = "[]"
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line may have been cut off by the kill.
    if (!line.endsWith("]]")) continue
    last = line
    lines++
    if (lines === count) child.kill("SIGKILL")
  }
  assert.isAtLeast(lines, count, "the child ended by itself")
  assert.deepStrictEqual(await exit, [null, "SIGKILL"])
  return new Map(Schema.decodeSync(Acknowledged)(last))
}

/** Chunks of one mover as the journal has them: numbered from 0, without a hole or a repetition. */
const chunksOf = (id: string) =>
  Effect.flatMap(Journal, (journal) =>
    Stream.runFoldEffect(journal.eventsOf(`device/${id}/file/0`), 0, (next, { payload, type }) => {
      if (type !== "FileMoved") return Effect.succeed(next)
      const { bytes } = Schema.decodeSync(Moved)(new TextDecoder().decode(payload ?? new Uint8Array()))
      assert.strictEqual(numberIn(bytes), next, `chunks of ${id}`)
      return Effect.succeed(next + 1)
    })
  )

const Moved = Schema.parseJson(Schema.Struct({ bytes: Schema.Uint8ArrayFromBase64 }))

/** Checks that everything acknowledged is there, once, and that the chain is whole; the last sequence. */
const checked = (file: string, acknowledged: Counts) =>
  Effect.gen(function* () {
    const { sequence } = yield* Verify.verify()
    for (const id of [...movers, written]) assert.isAtLeast(yield* chunksOf(id), acknowledged.get(id) ?? 0, id)
    const { last, writes } = (yield* Effect.flatMap(ActorSystem, (system) => system.actor(device, taped))).unsafeState()
    assert.isAtLeast(writes, acknowledged.get(taped) ?? 0, taped)
    // Values count up: a hole or a repetition would part them.
    if (writes > 0) assert.strictEqual(last, writes - 1)
    return sequence
  }).pipe(Effect.provide(ActorSystem.layer), Effect.provide(layerSqlite({ file, tapes: true })))

/** One file, killed a few times: how often. */
const killed = (script: string, counts: ReadonlyArray<number>, spool: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* temporaryFile
      let before = 0
      let kills = 0
      for (const count of counts) {
        const acknowledged = yield* Effect.promise(() => killAfter(script, file, count, spool))
        kills++
        const sequence = yield* checked(file, acknowledged)
        assert.isAbove(sequence, before)
        before = sequence
      }
      return kills
    })
  )

/** Kills `kills` processes at moments that `seed` chooses, two at a time, every other file with a spool; how many it killed. A failure names the seed. */
export const killings = (kills: number, seed: number) =>
  Effect.gen(function* () {
    const script = yield* bundled(
      "crash",
      `import { ${appendForever.name} as run } from "./crash.child.ts"; await run(process.argv[2], process.argv[3] === "spool")`,
      import.meta.dirname
    )
    const counts = yield* Effect.withRandom(
      Effect.replicateEffect(Random.nextIntBetween(1, mostLines), kills),
      Random.make(seed)
    )
    const files = Array.from({ length: Math.ceil(kills / killsOnOneFile) }, (_, index) =>
      counts.slice(index * killsOnOneFile, (index + 1) * killsOnOneFile)
    )
    const done = yield* Effect.forEach(files, (each, index) => killed(script, each, index % 2 === 1), {
      concurrency: 2
    })
    return done.reduce((sum, each) => sum + each, 0)
  }).pipe(Effect.tapErrorCause((cause) => Effect.logError(`killings with seed ${seed}`, cause)))
