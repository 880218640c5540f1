/** What is redacted is gone from the disk: from the pages, from the write-ahead log, while the journal is open and after. */
import { assert, it } from "@effect/vitest"
import { Journal, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"

const secret = "a-key-that-nobody-may-keep"

/** Which files of the journal hold the secret. */
const holding = (file: string): ReadonlyArray<string> =>
  [file, `${file}-wal`].filter((path) => existsSync(path) && readFileSync(path).includes(secret))

it.scoped("redacted bytes are in no file of the journal any more", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.gen(function* () {
      const journal = yield* Journal
      const command = { stream: "a", schemaVersion: 1, bytes: `{"_tag":"Do","key":"${secret}"}` }
      const large = { key: secret, more: "x".repeat(10_000) }
      yield* journal.append(request([own("a", 0)], [json({ key: secret }), json(large)], { command }))
      yield* journal.append(request([own("a", 2)], [json({ key: "another" })]))
      assert.isNotEmpty(holding(file))
      yield* journal.redact({ sequences: [1, 2], commands: [1] })
      assert.deepStrictEqual(holding(file), [])
      assert.include(yield* Verify.verify(), { sequence: 3 })
    }).pipe(Effect.provide(layerSqlite({ file })))
    assert.deepStrictEqual(holding(file), [])
    assert.include(yield* Effect.provide(Verify.verify(), layerSqlite({ file, readOnly: true })), { sequence: 3 })
  })
)
