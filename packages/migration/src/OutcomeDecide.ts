/** What the outcome of a step means: on, or back and why. Pure. */
import type { DeviceDescription } from "@stopcopy/agent"
import * as Downtime from "./Downtime.ts"
import type { Cause } from "./Failure.ts"
import { above } from "./GroupEpochs.ts"
import type { Command, Outcome } from "./MigrationCommand.ts"
import type { MigrationEvent } from "./MigrationEvent.ts"
import type { Migration, Moving } from "./MigrationState.ts"
import type { Order } from "./Order.ts"
import { preflight, type Sides } from "./Preflight.ts"

type Report = Command<"ReportDone">
type Of<Tag extends Outcome["_tag"]> = Extract<Outcome, { readonly _tag: Tag }>

/** Either these events, or the way back. */
type Decided =
  | { readonly _tag: "Onward"; readonly events: ReadonlyArray<MigrationEvent> }
  | { readonly _tag: "Back"; readonly cause: Cause }

const onward = (...events: ReadonlyArray<MigrationEvent>): Decided => ({ _tag: "Onward", events })
const back = (cause: Cause): Decided => ({ _tag: "Back", cause })

const done = ({ began, ended, outcome, step }: Report): MigrationEvent => {
  const moved =
    outcome._tag === "Moved"
      ? { bytes: outcome.bytes, saveMicros: outcome.saveMicros, transferMicros: outcome.transferMicros }
      : null
  return { _tag: "StepDone", step, began, ended, moved }
}

/** The devices of both sides, by `0 NAME` for the source and `1 NAME` for the destination. */
const devicesOf = ({ destination, source }: Sides): ReadonlyMap<string, DeviceDescription> =>
  new Map(
    [source, destination].flatMap((host, side) =>
      host.pfs.flatMap(({ vfs }) => vfs.map((vf) => [`${side} ${vf.name}`, vf] as const))
    )
  )

const inspected = (order: Order, report: Report, sides: Sides): Decided => {
  const blockers = preflight(order, sides)
  if (blockers.length > 0) return onward({ _tag: "Refused", blockers })
  const devices = devicesOf(sides)
  const group = order.members.map((member): Moving => {
    const [from, to] = [devices.get(`0 ${member.source}`), devices.get(`1 ${member.destination}`)]
    const flags = (from?.migrationFlags ?? 0) & (to?.migrationFlags ?? 0)
    return { ...member, ownEpoch: from?.epoch ?? 0, flags, socketPath: to?.socketPath ?? "" }
  })
  const named = order.members.flatMap(({ destination, source }) => [`0 ${source}`, `1 ${destination}`])
  const accepted = above(named.map((name) => devices.get(name)?.epoch ?? 0))
  return onward({ _tag: "Accepted", epochs: accepted, group }, done(report))
}

/** Fresh data, and the forecast against the limit. Without history there is no forecast, and nothing is held back. */
const judged = (state: Migration, order: Order, report: Report, found: Of<"Judged">): Decided => {
  const blockers = preflight(order, found, "again")
  if (blockers.length > 0) return back({ _tag: "Blocked", blockers })
  const forecast = Downtime.forecast(found.history, found.bytes)
  if (forecast === undefined) return onward(done(report))
  const { downtimeMillis: limitMillis, whenOver } = order.limits
  if (forecast.micros <= limitMillis * 1000) return onward({ _tag: "Forecasted", forecast }, done(report))
  const since = state.waitingSince ?? report.began
  const patience = whenOver._tag === "Wait" ? whenOver.millis * 1000 : 0
  if (report.ended - since >= patience) return back({ _tag: "OverForecast", forecast, limitMillis })
  return state.waitingSince === null ? onward({ _tag: "Deferred", forecast, at: report.began }) : onward()
}

const compared = (report: Report, { difference, digests }: Of<"Compared">): Decided =>
  difference === null ? onward({ _tag: "Agreed", digests }, done(report)) : back({ _tag: "Differs", ...difference })

export const decideOutcome = (state: Migration, report: Report): Decided => {
  const { order } = state
  const { outcome, step } = report
  if (order !== null && outcome._tag === "Inspected") return inspected(order, report, outcome)
  if (order !== null && outcome._tag === "Judged") return judged(state, order, report, outcome)
  if (outcome._tag === "Compared") return compared(report, outcome)
  return step === "commit" ? onward({ _tag: "Committed" }, done(report)) : onward(done(report))
}
