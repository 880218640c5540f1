/** What a journal says, in a form that can be kept beside it: how far it goes, and the state of every actor after every event. */
import { Journal, Replay, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Either, Schema } from "effect"
import { createHash } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { gunzipSync, gzipSync } from "node:zlib"
import { temporaryFile } from "../files.ts"
import { known } from "./make.ts"

const Expectation = Schema.Struct({
  batch: Schema.Int,
  sequence: Schema.Int,
  snapshots: Schema.Int,
  /** JSON of the last state of each stream, or the name of the error of reading it. */
  states: Schema.Record({ key: Schema.String, value: Schema.String }),
  /** SHA-256 over the states, as in `states`, of each stream after each event of the journal. */
  history: Schema.Record({ key: Schema.String, value: Schema.String })
})

const stateAt = (stream: string, sequence?: number) =>
  Effect.map(
    Effect.either(Replay.stateAt(known, stream, sequence)),
    Either.match({ onLeft: ({ _tag }) => _tag, onRight: ({ state }) => state.json })
  )

/** What the journal at `file` says. */
export const expectationOf = (file: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const { batch, sequence } = yield* Verify.verify()
    const states: Record<string, string> = {}
    const history: Record<string, string> = {}
    for (const { stream } of yield* journal.streams()) {
      states[stream] = yield* stateAt(stream)
      const hash = createHash("sha256")
      for (let at = 0; at <= sequence; at++) hash.update(`${yield* stateAt(stream, at)}\n`)
      history[stream] = hash.digest("hex")
    }
    const snapshots = yield* Effect.map(journal.snapshot("device/0", sequence), (found) => found?.sequence ?? 0)
    return { batch, sequence, snapshots, states, history }
  }).pipe(Effect.provide(layerSqlite({ file, readOnly: true })))

/** A copy of the golden journal `path`, and what is expected of it. */
export const golden = (path: URL) =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.promise(async () => writeFile(file, gunzipSync(await readFile(new URL(`${path.href}.db.gz`)))))
    const text = yield* Effect.promise(() => readFile(new URL(`${path.href}.json`), "utf8"))
    const expected = yield* Schema.decode(Schema.parseJson(Expectation))(text)
    return { file, expected }
  })

/** Keeps the journal at `file`, which is closed, in `folder`. */
export const keep = (file: string, folder: string, name: string) =>
  Effect.gen(function* () {
    const expectation = yield* expectationOf(file)
    yield* Effect.promise(async () => {
      await writeFile(`${folder}/${name}.db.gz`, gzipSync(await readFile(file), { level: 9 }))
      await writeFile(`${folder}/${name}.json`, `${JSON.stringify(expectation, undefined, 2)}\n`)
    })
  })
