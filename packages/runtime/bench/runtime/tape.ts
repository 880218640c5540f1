/** Section: register accesses in batches, against one bare write of as many entries. */
import { ActorSystem } from "@stopcopy/runtime"
import { Effect } from "effect"
import { closeSync, openSync, writeSync } from "node:fs"
import { accessBatch } from "./accessBatch.ts"
import { systemIn } from "./load.ts"
import { inFolder, rateOf, rowsOf, type Section, type Subject, takeTurns } from "@stopcopy/workbench"
import { accesses, registers } from "./registers.ts"
import { accessBatches, accessEntryBytes, accessesInBatch, rounds } from "./sizes.ts"

const all = accessBatches * accessesInBatch

/** One `write` a batch and nothing else. */
const bareRate = inFolder((file) =>
  rateOf(
    all,
    Effect.sync(() => {
      const descriptor = openSync(file, "a")
      const entries = new Uint8Array(accessesInBatch * accessEntryBytes)
      for (let batch = 0; batch < accessBatches; batch++) {
        entries.fill(batch)
        writeSync(descriptor, entries)
      }
      closeSync(descriptor)
    })
  )
)

const accessRate = inFolder((file) =>
  systemIn(
    file,
    Effect.gen(function* () {
      const system = yield* ActorSystem
      const actor = yield* system.actor(registers, "bench")
      return yield* rateOf(
        all,
        Effect.gen(function* () {
          for (let first = 0; first < all; first += accessesInBatch) {
            yield* accessBatch(actor, accesses(first, accessesInBatch))
          }
        })
      )
    }),
    true
  )
)

const subjects: ReadonlyArray<Subject> = [
  {
    key: "floor",
    name: `floor: one bare write of ${accessesInBatch} entries of ${accessEntryBytes} bytes`,
    word: "written",
    unit: "accesses/s",
    measure: bareRate
  },
  {
    key: "accesses",
    name: `register accesses, ${accessesInBatch} in a batch`,
    word: "written",
    unit: "accesses/s",
    atLeast: 1_000_000,
    against: [{ key: "floor", to: "floor" }],
    measure: accessRate
  }
]

export const tape: Effect.Effect<Section, unknown> = Effect.map(takeTurns(subjects, rounds), (figures) => ({
  title: "Register accesses, packed",
  rows: rowsOf(subjects, figures)
}))
