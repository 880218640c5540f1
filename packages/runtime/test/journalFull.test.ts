/** No space for more, as the operating system says it: a limit of file sizes. SQLite calls that an I/O error; a journal calls it full. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Schema } from "effect"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { bundled } from "@stopcopy/workbench"
import { device } from "./Device.ts"
import { temporaryFile } from "./files.ts"
import { appendUntilFull } from "./journalFull.child.ts"
import { lift, missingCommands, spawnLimited } from "./limits.ts"

/** Kibibytes that a file may have: less than a write-ahead log wants. */
const limit = 2000

const Said = Schema.parseJson(
  Schema.Struct({ bytes: Schema.Int, writes: Schema.Int, tags: Schema.Array(Schema.String) })
)

if (missingCommands.length > 0)
  console.warn(`no test of a full disk: ${missingCommands.join(" and ")} cannot be run here`)

/** What the journal has of both actors, once its chain is verified. */
const kept = (file: string) =>
  Effect.gen(function* () {
    yield* Verify.verify()
    const system = yield* ActorSystem
    const moved = yield* system.actor(device, "moved")
    const taped = yield* system.actor(device, "taped")
    return { bytes: moved.unsafeState().files[0]?.bytes, writes: taped.unsafeState().writes }
  }).pipe(Effect.provide(ActorSystem.layer), Effect.provide(layerSqlite({ file })))

it.scoped.skipIf(missingCommands.length > 0)(
  "a full disk is a typed error, nothing acknowledged is lost, and appends go on when there is space again",
  () =>
    Effect.gen(function* () {
      const script = yield* bundled(
        "journalFull",
        `import { ${appendUntilFull.name} as run } from "./journalFull.child.ts"; await run(process.argv[2])`,
        import.meta.dirname
      )
      const file = yield* temporaryFile
      const child = spawnLimited(limit, script, file)
      const ended = once(child, "close")
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const said = Effect.flatMap(
        Effect.promise(() => lines.next()),
        ({ value }) => Schema.decodeUnknown(Said)(value)
      )
      const full = yield* said
      assert.deepStrictEqual(full.tags.slice(0, 2), ["JournalFull", "JournalFull"])
      assert.isAbove(full.bytes, 0)
      assert.isAbove(full.writes, 0)
      lift(child.pid)
      child.stdin.end("\n")
      const on = yield* said
      assert.deepStrictEqual(on.tags, ["kept", "kept", "kept"])
      assert.deepStrictEqual(yield* Effect.promise(() => ended), [0, null])
      assert.deepStrictEqual(yield* kept(file), { bytes: on.bytes, writes: on.writes })
    })
)
