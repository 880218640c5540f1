/**
 * A write-ahead log that was cut off, torn or changed. What a cut beyond the last *durable* batch takes was never durable: the journal goes on
 * from there. Every other change is told, with the last good batch.
 */
import { assert, it } from "@effect/vitest"
import { Journal, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Either } from "effect"
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { walDamage } from "../src/sqlite/WalCheck.ts"
import { temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"

/** Files of a journal whose process died: durable up to a batch, and a few that were only *written*. */
interface Died {
  readonly database: Uint8Array
  readonly wal: Uint8Array
  readonly shm: Uint8Array
  readonly durableBatch: number
  /** Bytes of the log when that batch was durable. */
  readonly durableBytes: number
  readonly lastBatch: number
}

const append = (version: number, durability: "written" | "durable") =>
  Effect.flatMap(Journal, (journal) =>
    journal.append(request([own("a", version)], [json({ version })], { durability }))
  )

const died = Effect.gen(function* () {
  const file = yield* temporaryFile
  return yield* Effect.gen(function* () {
    for (let version = 0; version < 6; version++) yield* append(version, version === 5 ? "durable" : "written")
    const durableBytes = statSync(`${file}-wal`).size
    for (let version = 6; version < 10; version++) yield* append(version, "written")
    const files = { database: readFileSync(file), wal: readFileSync(`${file}-wal`), shm: readFileSync(`${file}-shm`) }
    return { ...files, durableBytes, durableBatch: 6, lastBatch: 10 }
  }).pipe(Effect.provide(layerSqlite({ file })))
})

/** Opens the files with another log; the last sequence that verifies, or why not. */
const opened = (files: Died, wal: Uint8Array, shm?: Uint8Array) =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    writeFileSync(file, files.database)
    writeFileSync(`${file}-wal`, wal)
    if (shm !== undefined) writeFileSync(`${file}-shm`, shm)
    const verified = Effect.provide(Verify.verify(), layerSqlite({ file }))
    return yield* Effect.either(Effect.map(verified, ({ sequence }) => sequence))
  })

const changed = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0x40
  return copy
}

it.scoped("a log cut off anywhere behind the last durable batch gives that batch at least, and whole ones only", () =>
  Effect.gen(function* () {
    const files = yield* died
    const seen = new Set<number>()
    const { durableBytes, wal } = files
    for (let cut = durableBytes; cut <= wal.byteLength; cut += 1777) {
      const sequence = Either.getOrThrow(yield* opened(files, files.wal.subarray(0, cut)))
      assert.isAtLeast(sequence, files.durableBatch)
      seen.add(sequence)
    }
    assert.isAbove(seen.size, 3, "cuts end at different batches")
  })
)

it.scoped("a log that ends in zeros from a sector on, as after a power loss, is one that was cut off", () =>
  Effect.gen(function* () {
    const files = yield* died
    const torn = Uint8Array.from(files.wal).fill(0, Math.ceil((files.wal.byteLength - 3000) / 512) * 512)
    const sequence = Either.getOrThrow(yield* opened(files, torn))
    assert.isAtLeast(sequence, files.durableBatch)
    assert.isBelow(sequence, files.lastBatch)
  })
)

it.scoped("every changed byte of the log is noticed, with the index of a process that died and without", () =>
  Effect.gen(function* () {
    const { shm, wal } = yield* died
    assert.isUndefined(walDamage(wal, () => shm))
    assert.isUndefined(walDamage(wal, () => undefined))
    for (let at = 0; at < wal.byteLength; at += at % 4120 < 60 ? 1 : 61) {
      for (const index of [shm, undefined]) {
        const damage = walDamage(changed(wal, at), () => index)
        assert.isTrue(damage !== undefined && damage.offset <= at, `byte ${at} was changed and not noticed`)
      }
    }
  })
)

it.scoped("a frame that nobody committed is no damage, nor is what an earlier log left behind", () =>
  Effect.gen(function* () {
    const { shm, wal } = yield* died
    const frames = (wal.byteLength - 32) / 4120
    const last = 32 + (frames - 1) * 4120
    const older = Uint8Array.from({ length: 4120 }, (_, at) => at % 251)
    assert.isUndefined(walDamage(Buffer.concat([wal, older]), () => shm))
    const unfinished = changed(wal.subarray(last), 4000)
    assert.isUndefined(walDamage(Buffer.concat([wal, unfinished]), () => shm))
    assert.deepStrictEqual(
      walDamage(Buffer.concat([wal.subarray(0, last), unfinished]), () => shm),
      {
        frame: frames,
        offset: last
      }
    )
    for (const length of [0, 10, 31, 32, 40, 55])
      assert.isUndefined(walDamage(wal.subarray(0, length), () => undefined))
    assert.isUndefined(walDamage(new Uint8Array(5000), () => undefined))
  })
)

it.scoped(
  "a damaged log is left as it is, and cutting it off where the message says goes on from the batch it names",
  () =>
    Effect.gen(function* () {
      const files = yield* died
      const file = yield* temporaryFile
      writeFileSync(file, files.database)
      writeFileSync(`${file}-wal`, changed(files.wal, files.wal.byteLength - 5000))
      const before = readFileSync(`${file}-wal`)
      const error = yield* Effect.flip(Effect.provide(Verify.verify(), layerSqlite({ file })))
      assert.deepStrictEqual(readFileSync(`${file}-wal`), before)
      assert.isFalse(existsSync(`${file}-shm`))
      const cut = Number(/at byte (\d+)/.exec(error.message)?.[1])
      copyFileSync(`${file}-wal`, `${file}-wal-kept`)
      writeFileSync(`${file}-wal`, before.subarray(0, cut))
      const { batch } = yield* Effect.provide(Verify.verify(), layerSqlite({ file }))
      assert.include(error, { _tag: "JournalDamaged", lastGood: batch, batch: batch + 1 })
      assert.isAbove(batch, 0)
    })
)
