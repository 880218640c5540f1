/** Section: commands on their way into a journal, by durability and by how many actors ask at once. */
import { Effect } from "effect"
import { emmett } from "./emmett.ts"
import { insertRate, readRows, syncRate } from "./floor.ts"
import type { BareRows } from "./floor.ts"
import { closedLoopRate, submittedRate, sustained, systemIn, warmActors } from "./load.ts"
import { inFolder, rateOf, rowsOf, type Section, type Subject, takeTurns } from "@stopcopy/workbench"
import {
  durableLoads,
  emmettAppends,
  floorCommands,
  floorTransactionRows,
  sustainedActors,
  sustainedCommands,
  sustainedAtOnce,
  writtenCommands,
  rounds
} from "./sizes.ts"

/** What the floor inserts: written by the runtime, by as many actors as the sustained row has. */
const sampleRows: Effect.Effect<BareRows, unknown> = inFolder((file) =>
  Effect.gen(function* () {
    yield* systemIn(
      file,
      Effect.flatMap(warmActors(sustainedActors), (actors) =>
        sustained(actors, floorCommands - sustainedActors, sustainedAtOnce)
      )
    )
    return readRows(file)
  })
)

const sustainedRate = inFolder((file) =>
  systemIn(
    file,
    Effect.flatMap(warmActors(sustainedActors), (actors) =>
      rateOf(sustainedCommands, sustained(actors, sustainedCommands, sustainedAtOnce))
    )
  )
)

const many = (actors: number): string => `${actors.toLocaleString("en-US")} ${actors === 1 ? "actor" : "actors"}`

const common = { word: "durable", unit: "commands/s" } as const
const toFloor = { key: "floor", to: "floor" }
/** The load that the targets speak of. */
const targetLoad = 1024
const targets = [
  { ...toFloor, target: 0.25, wanted: 0.5 },
  { key: "emmett own", to: "Emmett with one connection", target: 15 },
  { key: "emmett injected", to: "Emmett over better-sqlite3" }
]

const floors = (bare: BareRows): ReadonlyArray<Subject> => [
  {
    ...common,
    key: "syncs",
    name: "the disk: 4 KiB and a sync, one after the other",
    unit: "syncs/s",
    measure: syncRate
  },
  {
    ...common,
    key: "floor",
    name: `floor: the same rows bare, ${floorTransactionRows} rows a transaction, FULL`,
    measure: insertRate(bare)
  }
]

const loads: ReadonlyArray<Subject> = [
  ...durableLoads.map(({ actors, commandsEach }) => ({
    ...common,
    key: many(actors),
    name: `${many(actors)}, each waits for its answer`,
    against: actors === targetLoad ? targets : [toFloor],
    measure: closedLoopRate(actors, commandsEach, "durable")
  })),
  {
    ...common,
    key: "sustained",
    name: `sustained until the last is committed, ${many(sustainedActors)}, ${sustainedAtOnce} commands an askAll`,
    against: [{ ...toFloor, target: 0.6 }],
    measure: sustainedRate
  },
  {
    ...common,
    key: "journal",
    name: "the journal alone: the same appends, encoded beforehand",
    against: [toFloor],
    measure: submittedRate(sustainedCommands, sustainedActors)
  },
  {
    ...common,
    key: "written",
    name: "1 actor, each waits for its answer",
    word: "written",
    against: [toFloor],
    measure: closedLoopRate(1, writtenCommands, "written")
  }
]

export const append: Effect.Effect<Section, unknown> = Effect.gen(function* () {
  const other = yield* emmett("append", emmettAppends)
  const subjects = [...floors(yield* sampleRows), ...loads, ...other.subjects]
  return {
    title: "Commands into a SQLite journal: one batch row and one record row each",
    rows: rowsOf(subjects, yield* takeTurns(subjects, rounds)),
    notes: other.notes()
  }
})
