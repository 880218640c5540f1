/** A process that appends is killed: what it acknowledged as *written* is there, without a hole, and the chain is whole. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Stream } from "effect"
import { build } from "esbuild"
import { spawn } from "node:child_process"
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { appendForever } from "./crash.child.ts"
import { device } from "./Device.ts"
import { temporaryFile } from "./files.ts"

/** Acknowledgements after which the child is killed. */
const kills = [1, 150, 700]

/** The child as one file, below this package so that it finds better-sqlite3. */
const bundledChild = Effect.acquireRelease(
  Effect.promise(async () => {
    const folder = join(import.meta.dirname, "../dist/crash")
    await mkdir(folder, { recursive: true })
    const outfile = join(folder, `crash-${process.pid}.mjs`)
    await build({
      stdin: {
        contents: `import { ${appendForever.name} as run } from "./crash.child.ts"; await run(process.argv[2])`,
        resolveDir: import.meta.dirname,
        loader: "ts"
      },
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["@stopcopy/source"],
      external: ["better-sqlite3"]
    })
    return outfile
  }),
  (outfile) => Effect.promise(() => rm(outfile, { force: true }))
)

/** Runs the child until it acknowledged `count` times, kills it, and gives the last sequence that it acknowledged. */
const killAfter = async (script: string, file: string, count: number): Promise<number> => {
  const child = spawn(process.execPath, [script, file], { stdio: ["ignore", "pipe", "inherit"] })
  let acknowledged = 0
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line)
    lines++
    if (lines === count) child.kill("SIGKILL")
  }
  assert.isAtLeast(lines, count, "the child ended by itself")
  return acknowledged
}

const journalOf = (file: string, acknowledged: number) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const verified = yield* Verify.verify()
    assert.isAtLeast(verified.sequence, acknowledged)
    const sequences = yield* Stream.runFold(journal.events(0), 0, (last, event) => {
      assert.strictEqual(event.sequence, last + 1)
      return event.sequence
    })
    assert.strictEqual(sequences, verified.sequence)
    return verified.sequence
  }).pipe(Effect.provide(layerSqlite({ file, readOnly: true })))

it.scoped("after SIGKILL nothing acknowledged is lost, and the next process goes on", () =>
  Effect.gen(function* () {
    const script = yield* bundledChild
    for (const count of kills) {
      const file = yield* temporaryFile
      const acknowledged = yield* Effect.promise(() => killAfter(script, file, count))
      const last = yield* journalOf(file, acknowledged)
      const one = yield* Effect.flatMap(ActorSystem, (system) => system.actor(device, "0")).pipe(
        Effect.provide(ActorSystem.layer),
        Effect.provide(layerSqlite({ file }))
      )
      assert.strictEqual(one.unsafePosition(), last)
      const again = yield* Effect.promise(() => killAfter(script, file, count))
      assert.isAbove(yield* journalOf(file, again), last)
    }
  })
)
