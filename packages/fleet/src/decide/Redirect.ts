/** Decides where else a migration goes that waits: the queue keeps its place, the VFs of the old destination are free again. */
import { Either } from "effect"
import type { CommandOf } from "../Command.ts"
import { accept, type Decision, refuse } from "../Decision.ts"
import * as Tables from "../internal/Table.ts"
import { because, unknown } from "../Refused.ts"
import type { Fleet } from "../State.ts"
import { hostNamed, locateAll, placed } from "./Submit.ts"

export const redirect = (state: Fleet, { at, migration: id, to }: CommandOf<"Redirect">): Decision => {
  const migration = Tables.get(state.migrations, id)
  if (migration === undefined) {
    const done = state.finished.find((each) => each.id === id)
    if (done === undefined) return refuse("unknown", unknown("migration", id, "look at the list"))
    const [rule, remedy] = ["what has ended goes nowhere else", "begin another migration"]
    return refuse("conflict", because("fleet.migration.finished", rule, id, "redirect", done.outcome, remedy))
  }
  if (migration.phase === "running") {
    const [rule, remedy] = ["a migration that runs keeps its destination", "cancel it first"]
    return refuse("conflict", because("fleet.migration.running", rule, id, "redirect", "running", remedy))
  }
  const { from, moves } = migration
  const names = moves.map(({ source }) => source)
  const found = Either.flatMap(hostNamed(state, from), (host) =>
    Either.flatMap(locateAll(host, names), (sources) => placed(state, { at, from, to }, sources))
  )
  return Either.match(found, {
    onLeft: ({ kind, refusals }) => refuse(kind, ...refusals),
    onRight: (place) => {
      const { evacuation, downtimeLimitMs, group, priority, queuedAt } = migration
      const order = { id, group, from, priority, downtimeLimitMs, evacuation, queuedAt, ...place }
      return accept([{ _tag: "MigrationRedirected", migration: id, ...place }], { _tag: "Queued", order })
    }
  })
}
