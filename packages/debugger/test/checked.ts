/** A journal to be checked, and what a report says of it. */
import { assert } from "@effect/vitest"
import type { CheckReport } from "@stopcopy/debugger"
import { Effect } from "effect"
import { initial } from "./Valve.ts"
import { freshSource, tell } from "./worlds.ts"
import type { Told } from "./worlds.ts"

/** What valves `a` and `b` are told: events 1 to 6. */
export const some: ReadonlyArray<Told> = [
  { command: { _tag: "Turn", by: 30 } },
  { command: { _tag: "Log", file: 1, text: "x" } },
  { command: { _tag: "Poke", register: 4, value: 77 } },
  { command: { _tag: "Draw" } },
  { command: { _tag: "Turn", by: 100 } },
  { id: "b", command: { _tag: "Turn", by: 1 } }
]

/** State of valve `a` after event 4. */
export const afterFour = {
  ...initial,
  position: 30,
  turns: 1,
  lot: 7,
  registers: { "bank0.4": 77 },
  files: [{ file: 1, lines: 1 }]
}

/** The journal of that. */
export const world = Effect.gen(function* () {
  const source = yield* freshSource("one")
  yield* tell(source, some)
  return source
})

/** The divergence of a report. */
export const found = ({ divergence }: CheckReport) => {
  assert.isDefined(divergence)
  const { changes, ...rest } = divergence
  return { ...rest, changes: changes.map(({ path, old, new: now }) => [path.join("."), old, now]) }
}

/** The counts of a report. */
export const counts = ({ bases, batches, commands, entries, events, skipped, snapshots }: CheckReport) => ({
  batches,
  events,
  commands,
  entries,
  snapshots,
  bases,
  skipped: skipped.map(({ count, reason, what }) => `${count} ${what}: ${reason}`)
})
