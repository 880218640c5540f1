/**
 * Emmett's SQLite store as rows of a section, each measurement in a process of its own: its packages are installed when the benchmark first
 * runs and may be missing, and whatever goes wrong in them must not end the run.
 */
import { Effect, Schema } from "effect"
import { runChild } from "./child.ts"
import type { Subject } from "@stopcopy/workbench"

/** What is measured: appends of one event each, or folding one stream of many events. */
type EmmettTask = "append" | "aggregate"

/** How the store gets at its file. */
export type EmmettMode = "own" | "default" | "injected"

/** What a process tells of one measurement. */
const Measured = Schema.Struct({
  synchronous: Schema.String,
  perSecond: Schema.Number,
  /** Appends that the store itself refused. */
  refused: Schema.Int
})
export type Measured = typeof Measured.Type

/** What cannot be measured: the modes, and why. */
const Missing = Schema.Struct({ modes: Schema.Array(Schema.String), reason: Schema.String })
export type Missing = typeof Missing.Type

const decodeMeasured = Schema.decodeUnknownSync(Measured)
const decodeMissing = Schema.decodeUnknownSync(Missing)

const release = "Emmett 0.42.4"
const texts: Readonly<Record<EmmettMode, string>> = {
  own: "one connection, its sqlite3 binding",
  default: "its default: a connection for each call",
  injected: "one connection, over better-sqlite3"
}

/** A connection for each call reads as one that is kept does: it is measured for appends only. */
const modesOf: Readonly<Record<EmmettTask, ReadonlyArray<EmmettMode>>> = {
  append: ["default", "own", "injected"],
  aggregate: ["own", "injected"]
}
const units = { append: "commands/s", aggregate: "events/s" }
const words = { append: "durable", aggregate: "none" } as const

interface Emmett {
  readonly subjects: ReadonlyArray<Subject>
  /** What is to be said when all is measured. */
  readonly notes: () => ReadonlyArray<string>
}

const subjectOf = (
  task: EmmettTask,
  mode: EmmettMode,
  args: ReadonlyArray<string>,
  told: Array<Measured>
): Subject => ({
  key: `emmett ${mode}`,
  name: `${release}, ${texts[mode]}`,
  word: words[task],
  unit: units[task],
  measure: Effect.map(runChild("emmett", [task, mode, ...args]), ([result]) => {
    const measured = decodeMeasured(result)
    told.push(measured)
    return measured.perSecond
  })
})

const noteOf = (mode: EmmettMode, told: ReadonlyArray<Measured>): string => {
  const refused = told.reduce((sum, each) => sum + each.refused, 0)
  const said = `${release}, ${texts[mode]}: synchronous ${told[0]?.synchronous ?? "unknown"}`
  return refused === 0 ? said : `${said}; ${refused} appends were refused by the store (SQLITE_BUSY of its own making)`
}

/**
 * The rows of Emmett that can be measured here, under the keys `emmett own`, `emmett default`, `emmett injected`: for `amount` appends or
 * events. What is to be folded is put into `file` first.
 */
export const emmett = (task: EmmettTask, amount: number, file = ""): Effect.Effect<Emmett, unknown> =>
  Effect.gen(function* () {
    const missing = (yield* runChild("emmett", ["probe"])).map((each) => decodeMissing(each))
    const modes = modesOf[task].filter((mode) => !missing.some((each) => each.modes.includes(mode)))
    const args = [String(amount), file]
    if (task === "aggregate" && modes.length > 0) yield* runChild("emmett", ["fill", "injected", ...args])
    const measured = new Map(modes.map((mode) => [mode, Array<Measured>()]))
    return {
      subjects: modes.map((mode) => subjectOf(task, mode, args, measured.get(mode) ?? [])),
      notes: () => [
        ...missing.map(({ reason }) => `${release}: rows are missing: ${reason}`),
        ...(task === "append" ? [...measured].map(([mode, all]) => noteOf(mode, all)) : [])
      ]
    }
  })
