/** Section: reading a history back, against rows in pages and JSON.parse, and against Emmett. */
import { pageRecords } from "@stopcopy/runtime"
import Database from "better-sqlite3"
import { Effect } from "effect"
import { emmett } from "./emmett.ts"
import { fill, fold, restoreMillis, timelineMillis } from "./history.ts"
import { inFolder, millisOf, rowsOf, type Section, type Subject, takeTurns } from "@stopcopy/workbench"
import { quickRounds, replayedEvents } from "./sizes.ts"
import { verifiedMillis } from "./verified.ts"

interface PayloadRow {
  readonly sequence: number
  readonly payload: Buffer
}

/** Every record row, whole, in pages of the size that the journal reads, its payload parsed. */
const readBare = (file: string): number => {
  const database = new Database(file, { readonly: true })
  const page = database.prepare<[number, number], PayloadRow>(
    "SELECT * FROM record WHERE sequence > ? ORDER BY sequence LIMIT ?"
  )
  let parsed = 0
  for (let after = 0; ;) {
    const rows = page.all(after, pageRecords)
    for (const { payload } of rows) if (JSON.parse(payload.toString()) !== null) parsed += 1
    const last = rows.at(-1)
    if (last === undefined) break
    after = last.sequence
  }
  database.close()
  return parsed
}

const common = { word: "none", unit: "events/s" } as const
const toFloor = { key: "floor", to: "floor" }
const toEmmett = { key: "emmett own", to: "Emmett aggregateStream" }
const toInjected = { key: "emmett injected", to: "Emmett over better-sqlite3" }

/** Events per second from milliseconds for all. */
const perSecond = <E>(millis: Effect.Effect<number, E>) => Effect.map(millis, (each) => (replayedEvents * 1000) / each)

const subjects = (file: string): ReadonlyArray<Subject> => [
  {
    ...common,
    key: "floor",
    name: `floor: rows in pages of ${pageRecords} and JSON.parse`,
    measure: perSecond(millisOf(Effect.sync(() => readBare(file))))
  },
  {
    ...common,
    key: "fold",
    name: "Replay.stateAt, with schemas",
    against: [{ ...toFloor, target: 0.3 }, { ...toEmmett, target: 2 }, toInjected],
    measure: perSecond(Effect.map(fold(file), ({ millis }) => millis))
  },
  {
    ...common,
    key: "restore",
    name: "restoring the actor, with schemas",
    against: [{ ...toFloor, target: 0.3 }, toEmmett],
    measure: perSecond(restoreMillis(file))
  },
  {
    ...common,
    key: "timeline",
    name: "Replay.timeline, with schemas, as values and text",
    against: [toFloor, toEmmett],
    measure: perSecond(timelineMillis(file))
  },
  {
    ...common,
    key: "verified",
    name: "fold of verified records, without schemas",
    against: [{ ...toFloor, target: 0.8 }, toEmmett],
    measure: perSecond(verifiedMillis(file))
  }
]

export const replay: Effect.Effect<Section, unknown> = inFolder((file) =>
  Effect.gen(function* () {
    yield* fill(file, 0, replayedEvents)
    const other = yield* emmett("aggregate", replayedEvents, `${file}.emmett`)
    const all = [...subjects(file), ...other.subjects]
    return {
      title: `Reading ${replayedEvents.toLocaleString("en-US")} events of one actor from a SQLite journal`,
      rows: rowsOf(all, yield* takeTurns(all, quickRounds)),
      notes: other.notes()
    }
  })
)
