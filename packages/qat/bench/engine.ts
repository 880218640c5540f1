/**
 * `pnpm bench engine`: requests through a ring, and register accesses, with everything recorded, against floors measured in the same run. What it does not
 * measure: a guest in another process, memory that must be asked for, rings that share an engine, the disk (*written*: the kernel writes
 * back later).
 */
import { loadSqlite } from "@stopcopy/runtime/sqlite"
import { Effect } from "effect"
import { cpus } from "node:os"
import { place, rowsOf, sectionText, type Subject, takeTurns } from "@stopcopy/workbench"
import { registerSubjects } from "./engine/registers.ts"
import { workSubjects } from "./engine/work.ts"

/** Measurements of each row; the fastest counts, the first warms up. */
const rounds = 3

const sections: ReadonlyArray<readonly [title: string, subjects: ReadonlyArray<Subject>]> = [
  ["Requests through a ring of 512, 256 under way", workSubjects],
  ["Register accesses", registerSubjects]
]

const main = Effect.gen(function* () {
  yield* loadSqlite("better-sqlite3")
  process.stdout.write(
    `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}; journals in ${place}\n`
  )
  for (const [title, subjects] of sections) {
    const start = performance.now()
    const figures = yield* takeTurns(subjects, rounds)
    process.stdout.write(sectionText({ title, rows: rowsOf(subjects, figures) }, performance.now() - start))
  }
})

await Effect.runPromise(main)
