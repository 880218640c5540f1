/**
 * `pnpm bench wire`: REGION_READs of 4 bytes between two processes over a UNIX socket, against the floor measured in the same run: an echo of the same
 * sizes, over the same transport, with the same client. What it does not measure: devices that take time, accesses of other sizes, journals, more
 * than one client.
 */
import { rowsOf, sectionText, type Subject, takeTurns } from "@stopcopy/workbench"
import { Effect } from "effect"
import { cpus } from "node:os"
import { serve } from "./wire/child.ts"
import { clientWork, pipelined, sequential } from "./wire/reads.ts"

/** Measurements of each row; the fastest counts, the first warms up. */
const rounds = 3

const sections: ReadonlyArray<readonly [title: string, subjects: ReadonlyArray<Subject>]> = [
  ["The client alone", clientWork],
  ["One read at a time", sequential],
  ["32 reads at a time", pipelined]
]

const measure = Effect.gen(function* () {
  process.stdout.write(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}\n`)
  for (const [title, subjects] of sections) {
    const start = performance.now()
    const figures = yield* takeTurns(subjects, rounds)
    const notes = rowsOf(subjects, figures).map(
      ({ name, value }) => `${(1_000_000 / value).toFixed(2).padStart(8)} us a read: ${name}`
    )
    process.stdout.write(sectionText({ title, rows: rowsOf(subjects, figures), notes }, performance.now() - start))
  }
})

const [, , served, way, path] = process.argv
const isChild = (served === "echo" || served === "device") && (way === "messages" || way === "descriptors")

await Effect.runPromise(isChild && path !== undefined ? serve(served, way, path) : measure)
