/**
 * Decides what is asked of a migration, and what the outcome of a step means. Pure. Before the commit whatever goes wrong leads back; behind it only
 * forward, in doubt for as long as it takes. Source: `docs/architecture.md`, "The way of one migration".
 */
import { Behavior } from "@stopcopy/runtime"
import { measure } from "./Downtime.ts"
import type { Cause } from "./Failure.ts"
import { MigrationDenied } from "./Failure.ts"
import type { Command, MigrationCommand } from "./MigrationCommand.ts"
import type { MigrationEvent } from "./MigrationEvent.ts"
import { evolve } from "./MigrationEvolve.ts"
import { type Migration, laneOf, mainStep } from "./MigrationState.ts"
import { decideOutcome } from "./OutcomeDecide.ts"
import { resolutions, whyNot } from "./Resolve.ts"
import { standstill } from "./Standstill.ts"
import { back, forward, isEnd, type Phase, sideOf, type Step } from "./Step.ts"

/** Events and the phase that they lead to, or why nothing happened. */
type Decision = Behavior.Decision<MigrationEvent, Phase, MigrationDenied>

const deny = (code: string, rule: string, asked: string, is: string, remedy: string): Decision =>
  Behavior.refuse(
    [],
    new MigrationDenied({
      refusal: { code: `migration.${code}`, rule, where: "migration", source: asked, destination: is, remedy }
    })
  )

/** The end of it, if these events leave nothing to be done. */
const ending = (state: Migration): ReadonlyArray<MigrationEvent> => {
  if (state.lanes.length > 0 || isEnd(state.phase) || state.phase === "queued") return []
  const downtime = measure(state.work) ?? null
  if (state.cause === null) return [{ _tag: "Ended", phase: "completed", downtime }]
  return [{ _tag: "Ended", phase: state.cause._tag === "CancelAsked" ? "cancelled" : "failed", downtime }]
}

/** Accepts the events, and the end where they lead to it. */
const happened = (state: Migration, events: ReadonlyArray<MigrationEvent>): Decision => {
  const after = events.reduce(evolve, state)
  const end = events.length === 0 ? [] : ending(after)
  return Behavior.accept([...events, ...end], end.reduce(evolve, after).phase)
}

/** The way back from the step that is under way. */
const turnBack = (state: Migration, cause: Cause): ReadonlyArray<MigrationEvent> => {
  const at = mainStep(state)
  const ways = at === undefined ? { source: [], destination: [] } : back(at)
  const lanes = [...laneOf("source", ways.source), ...laneOf("destination", ways.destination)]
  return [{ _tag: "TurnedBack", cause, phase: cause._tag === "CancelAsked" ? "cancelling" : "recovering", lanes }]
}

const submit = (state: Migration, { order }: Command<"Submit">): Decision => {
  if (state.order === null) return happened(state, [{ _tag: "Queued", order }])
  const [asked, is] = [JSON.stringify(order), JSON.stringify(state.order)]
  if (asked === is) return happened(state, [])
  return deny("order.other", "an id stands for one order", asked, is, "use another id")
}

const start = (state: Migration): Decision => {
  if (state.order === null) return deny("unknown", "a migration is submitted first", "start", "unknown", "submit it")
  if (state.phase !== "queued") return happened(state, [])
  return happened(state, [{ _tag: "Started", lanes: laneOf("main", forward) }])
}

const isNext = ({ lanes }: Migration, step: Step): boolean => lanes.some(({ steps }) => steps[0] === step)

/** The outcome of a step that is not the next one any more comes too late and changes nothing. */
const reportDone = (state: Migration, report: Command<"ReportDone">): Decision => {
  if (!isNext(state, report.step)) return happened(state, [])
  const decided = decideOutcome(state, report)
  return happened(state, decided._tag === "Onward" ? decided.events : turnBack(state, decided.cause))
}

const reportFailed = (state: Migration, { failure, step }: Command<"ReportFailed">): Decision => {
  if (!isNext(state, step)) return happened(state, [])
  if (step === "inspect") {
    const { message: rule, side } = failure
    const host = state.order?.[side] ?? side
    const remedy = "make the host answer, then try again"
    const found = { code: "migration.unreachable", where: host, rule, source: "", destination: "", remedy }
    return happened(state, [{ _tag: "Refused", blockers: [failure.refusal ?? { ...found, [side]: failure.code }] }])
  }
  if (state.cause === null && !state.committed) {
    return happened(state, turnBack(state, { _tag: "StepFailed", step, failure }))
  }
  const side = sideOf(step)
  if (side !== undefined && state.vouched.includes(side)) {
    return happened(state, [{ _tag: "StepSkipped", step, failure }])
  }
  const known = state.lanes.find(({ steps }) => steps[0] === step)?.doubt
  return happened(state, known?.code === failure.code ? [] : [{ _tag: "Doubted", step, failure }])
}

const cancel = (state: Migration, { reason }: Command<"Cancel">): Decision => {
  if (state.order === null) return deny("unknown", "a migration is submitted first", "cancel", "unknown", "submit it")
  if (state.phase === "cancelled" || state.phase === "cancelling") return happened(state, [])
  if (isEnd(state.phase)) {
    return deny("ended", "what has ended cannot be cancelled", "cancel", state.phase, "look at its verdict")
  }
  if (state.cause !== null) return happened(state, [])
  if (state.committed) {
    const remedy = "let it end; then move the guest back, if it should be there"
    return deny("cancel.committed", "behind the commit there is no way back", "cancel", state.phase, remedy)
  }
  return happened(state, turnBack(state, { _tag: "CancelAsked", reason }))
}

const resolve = (state: Migration, { by, verdict }: Command<"Resolve">): Decision => {
  const possible = resolutions(state)
  const chosen = possible.find((one) => one.verdict === verdict)
  if (chosen === undefined) {
    const is = possible.length === 0 ? state.phase : `possible: ${possible.map((one) => one.verdict).join(", ")}`
    return deny(
      "resolve",
      "only what is in doubt can be resolved, to a side that can have the guest",
      verdict,
      is,
      whyNot(state, verdict)
    )
  }
  const { lanes, vouched } = chosen
  return happened(state, [{ _tag: "Resolved", verdict, by, vouched, lanes }])
}

/** A guest that has been standing still for longer than allowed runs again where it is, rather than waiting for the rest of the way. */
const checkClock = (state: Migration, { at }: Command<"CheckClock">): Decision => {
  const stands = standstill(state)
  if (stands === undefined || at <= stands.until) return happened(state, [])
  const millis = Math.round((at - stands.since) / 1000)
  const limitMillis = state.order?.limits.downtimeMillis ?? 0
  return happened(state, turnBack(state, { _tag: "StoodTooLong", millis, limitMillis }))
}

export const decide = (state: Migration, command: MigrationCommand): Decision => {
  switch (command._tag) {
    case "Submit":
      return submit(state, command)
    case "Start":
      return start(state)
    case "ReportDone":
      return reportDone(state, command)
    case "ReportFailed":
      return reportFailed(state, command)
    case "Cancel":
      return cancel(state, command)
    case "Resolve":
      return resolve(state, command)
    case "CheckClock":
      return checkClock(state, command)
  }
}
