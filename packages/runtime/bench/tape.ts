/**
 * Register accesses per second onto a tape in batches of 32, and on the way into packed runs, against the floor: the same bytes handed to a
 * bare `writeSync` in the same run. Every row is *written*: handed to the kernel, not synced. What it does not measure: deciding, the
 * journal, the disk (the kernel writes back later), rotation, other batch sizes than those shown.
 */
import { TapeRun, maxTapeBytes } from "@stopcopy/runtime"
import type { Tape, TapeIdentity } from "@stopcopy/runtime"
import { openTapes, readTails, tapeFileName } from "@stopcopy/runtime/tapes"
import { Effect, Either } from "effect"
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"

/** Writes in one measurement. */
const writes = 30_000
/** Entries in one write. */
const batch = 32
/** Measurements of each row; the fastest counts, the first warms up. */
const rounds = 7
/** Entries that the owner of a tape collects before the journal takes them. */
const taken = 4096

const identity: TapeIdentity = {
  stream: "vf/bench",
  behavior: "vf",
  schemaVersion: 1,
  type: "RegisterWritten",
  entryBytes: 16
}
const journalId = "0".repeat(32)
const startTime = 1_700_000_000_000_000
const entries = Uint8Array.from({ length: batch * identity.entryBytes }, (_, index) => index)

const now = Effect.sync(() => performance.now())

/** Entries per second of `count` entries that `run` takes. */
const timed = (count: number, run: () => void) =>
  Effect.gen(function* () {
    const start = yield* now
    run()
    return (count * 1000) / ((yield* now) - start)
  })

/** Begins the file again where an owner would: the size of the file is part of what a write costs. */
const write = (tape: Tape, index: number): void => {
  if (tape.bytes() > maxTapeBytes) Either.getOrThrow(tape.rotate())
  Either.getOrThrow(tape.write(index * batch + 1, startTime + index, entries, batch))
}

const withTape = (folder: string, use: (tape: Tape) => void) =>
  Effect.acquireUseRelease(
    Effect.sync(() =>
      Either.getOrThrow(Either.flatMap(openTapes({ folder, journalId }), (tapes) => tapes.open(identity)))
    ),
    (tape) => timed(writes * batch, () => use(tape)),
    (tape) => Effect.sync(() => tape.close())
  )

const onTape = (folder: string) =>
  withTape(folder, (tape) => {
    for (let index = 0; index < writes; index++) write(tape, index)
  })

const onTapeAndRun = (folder: string) =>
  withTape(folder, (tape) => {
    const run = new TapeRun(identity)
    for (let index = 0; index < writes; index++) {
      write(tape, index)
      run.add(index * batch + 1, startTime + index, entries, batch)
      if (run.entries >= taken) run.take()
    }
  })

/** The bytes of `batch` entries as a tape has them. */
const tapeBytes = (folder: string): Uint8Array => {
  const tape = Either.getOrThrow(Either.flatMap(openTapes({ folder, journalId }), (tapes) => tapes.open(identity)))
  const header = tape.bytes()
  write(tape, 0)
  tape.close()
  return readFileSync(join(folder, tapeFileName(identity.stream))).subarray(header)
}

const floor = (folder: string) => {
  const bytes = tapeBytes(folder)
  return Effect.acquireUseRelease(
    Effect.sync(() => openSync(join(folder, "floor"), "w", 0o600)),
    (fd) =>
      timed(writes * batch, () => {
        let position = 0
        for (let index = 0; index < writes; index++) {
          if (position > maxTapeBytes) {
            ftruncateSync(fd, 0)
            position = 0
          }
          position += writeSync(fd, bytes, 0, bytes.byteLength, position)
        }
      }),
    (fd) => Effect.sync(() => closeSync(fd))
  )
}

const readBack = (folder: string) =>
  Effect.gen(function* () {
    const tape = Either.getOrThrow(Either.flatMap(openTapes({ folder, journalId }), (tapes) => tapes.open(identity)))
    let index = 0
    while (tape.bytes() < maxTapeBytes) write(tape, index++)
    tape.close()
    return yield* timed(index * batch, () =>
      Effect.runSync(readTails(folder, journalId, () => Either.right({ version: 0, taken: 0 })))
    )
  })

const inFolder = (use: (folder: string) => Effect.Effect<number>) =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-bench-"))),
    use,
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )

const rows = [
  [`floor: bare writeSync, ${batch} entries each`, floor],
  [`tape, ${batch} entries a write`, onTape],
  [`tape and packed runs, ${batch} entries a write`, onTapeAndRun],
  [`reading back a tape of ${maxTapeBytes / 1024 / 1024} MiB`, readBack]
] as const

const report = Effect.gen(function* () {
  const lines = [`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}`]
  // Round by round, so that what else the machine does meets every row.
  const measured = yield* Effect.replicateEffect(
    Effect.forEach(rows, ([, measure]) => inFolder(measure)),
    rounds
  )
  let base: number | undefined
  for (const [index, [name]] of rows.entries()) {
    const best = Math.max(...measured.map((rates) => rates[index] ?? 0))
    base ??= best
    const rate = Math.round(best).toLocaleString("en-US").padStart(11)
    lines.push(`${name.padEnd(44)} written ${rate} entries/s ${(best / base).toFixed(2).padStart(6)} x floor`)
  }
  process.stdout.write(`${lines.join("\n")}\n`)
})

await Effect.runPromise(report)
