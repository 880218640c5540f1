/**
 * `pnpm bench wire`: accesses of 4 bytes and migrations between two processes over a UNIX socket, both on one core, against the floor measured in the same run:
 * an echo of the same sizes, over the same transport, with the same client. What it does not measure: accesses of other sizes, more than one client, DMA, the
 * disk (*written*: the kernel writes back later).
 */
import { rowsOf, sectionText, type Subject, takeTurns } from "@stopcopy/workbench"
import { Effect } from "effect"
import { cpus } from "node:os"
import { accesses } from "./wire/accesses.ts"
import { serve } from "./wire/child.ts"
import { durableMigrations, migrations } from "./wire/cycle.ts"

/** Measurements of each row; the fastest counts, the first warms up. */
const rounds = 3

const sections: ReadonlyArray<readonly [title: string, subjects: ReadonlyArray<Subject>]> = [
  ["Migrations (to reach: 130 us a cycle, 80 us or 9 round trips of blackout)", migrations],
  ["Migrations with the durable records of a real one", durableMigrations],
  ["One access at a time", accesses("messages", 1)],
  ["32 accesses at a time (to reach: 740,000 reads/s, 500,000 recorded writes/s)", accesses("messages", 32)]
]

const measure = Effect.gen(function* () {
  process.stdout.write(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}\n`)
  for (const [title, subjects] of sections) {
    const start = performance.now()
    const figures = yield* takeTurns(subjects, rounds)
    const rows = rowsOf(subjects, figures)
    const notes = rows.map(({ name, value }) => `${(1_000_000 / value).toFixed(2).padStart(8)} us an access: ${name}`)
    process.stdout.write(sectionText({ title, rows, notes }, performance.now() - start))
  }
})

const [, , served, way, path] = process.argv
const isChild =
  (served === "echo" || served === "device" || served === "qat") && (way === "messages" || way === "descriptors")

await Effect.runPromise(isChild && path !== undefined ? serve(served, way, path) : measure)
