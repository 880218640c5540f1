/** The journal of the demonstration of release 0.1.0: later code must replay every actor in it to the same states. */
import { assert, it } from "@effect/vitest"
import { MigrationFile, Pf, Vf } from "@stopcopy/qat"
import { ActorSystem, Journal, Replay, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer, Schema } from "effect"
import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"

const known = Replay.registry(
  Replay.replayable(Pf.behavior),
  Replay.replayable(Vf.behavior),
  Replay.replayable(MigrationFile.behavior)
)

/** Last batch and event, and SHA-256 of the JSON of the state of each stream: at the end, and halfway. */
const Expectation = Schema.Struct({
  batch: Schema.Int,
  sequence: Schema.Int,
  last: Schema.Record({ key: Schema.String, value: Schema.String }),
  halfway: Schema.Record({ key: Schema.String, value: Schema.String })
})

const digestsAt = (sequence: number) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const digests: Record<string, string> = {}
    for (const { stream } of yield* journal.streams()) {
      const { state } = yield* Replay.stateAt(known, stream, sequence)
      digests[stream] = createHash("sha256").update(state.json).digest("hex")
    }
    return digests
  })

const expectation = Effect.gen(function* () {
  const { batch, sequence } = yield* Verify.verify()
  return { batch, sequence, last: yield* digestsAt(sequence), halfway: yield* digestsAt(Math.floor(sequence / 2)) }
})

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-golden-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** A copy of the journal, and what is expected of it. */
const golden = Effect.gen(function* () {
  const file = join(yield* folder, "demo.db")
  const read = (ending: string) => readFile(new URL(`golden/demo-0.1.0.${ending}`, import.meta.url))
  yield* Effect.promise(async () => writeFile(file, gunzipSync(await read("db.gz"))))
  const text = yield* Effect.promise(() => read("json"))
  return { file, expected: yield* Schema.decode(Schema.parseJson(Expectation))(text.toString()) }
})

it.scoped("it verifies and replays to the states it had, read only and open for writing", () =>
  Effect.gen(function* () {
    const { expected, file } = yield* golden
    for (const readOnly of [true, false]) {
      assert.deepStrictEqual(yield* Effect.provide(expectation, layerSqlite({ file, readOnly })), expected)
    }
  })
)

it.scoped("actors of today go on from it", () =>
  Effect.gen(function* () {
    const { expected, file } = yield* golden
    yield* Effect.gen(function* () {
      const system = yield* ActorSystem
      for (const stream of Object.keys(expected.last).filter((name) => /^vf\/[^/]*$/.test(name))) {
        const vf = yield* system.actor(Vf.behavior, stream.slice("vf/".length))
        const { state } = yield* Replay.stateAt(known, stream)
        assert.deepStrictEqual(vf.unsafeState(), state.value)
        yield* vf.ask({ _tag: "ResetDone" })
      }
    }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes: true }))))
    const { sequence } = yield* Effect.provide(Verify.verify(), layerSqlite({ file, readOnly: true }))
    assert.isAbove(sequence, expected.sequence)
  })
)
