/** A migration in terms of the API. Pure. */
import type { Migration, MigrationSummary, Phase } from "@stopcopy/coordinator-api"
import type { Waiting } from "@stopcopy/fleet"
import { isInDoubt, type Migration as Attempt, resolutions } from "@stopcopy/migration"
import type { Known } from "./Known.ts"
import { causeText, verdictOf } from "./outcomes.ts"

const microsPerMilli = 1000

/** What the fleet knows; of one that ended long ago what its last attempt has, without group and priority. */
const kept = ({ attempt, id, kept: keeps }: Known) => {
  const fromAttempt = {
    group: "",
    from: attempt.order?.source ?? "",
    to: attempt.order?.destination ?? "",
    moves: attempt.order?.members ?? [],
    evacuation: null,
    priority: 0,
    attempt: 1,
    queuedAt: (attempt.work[0]?.began ?? 0) / microsPerMilli
  }
  if (keeps === undefined) return { id, ...fromAttempt }
  if (keeps._tag === "Live") {
    const { attempt: number, evacuation, from, group, moves, priority, queuedAt, to } = keeps.of
    const pairs = moves.map(({ destination, source }) => ({ source, destination }))
    return { id, group, from, to, moves: pairs, evacuation, priority, attempt: number, queuedAt }
  }
  const { attempts, evacuation, from, group, priority = 0, queuedAt, to } = keeps.of
  return { ...fromAttempt, id, group, from, to, evacuation, priority, attempt: attempts, queuedAt }
}

/** A migration that waits for its turn, or for another attempt, is queued whatever its last attempt came to. */
export const phaseOf = ({ attempt, kept: keeps }: Pick<Known, "attempt" | "kept">): Phase => {
  if (keeps?._tag === "Finished") return keeps.of.outcome
  return keeps !== undefined && keeps.of.phase !== "running" ? "queued" : attempt.phase
}

const endedVerdict = ({ attempt, kept: keeps }: Known): MigrationSummary["verdict"] => {
  if (keeps?._tag === "Live") return null
  const own = verdictOf(attempt)
  if (keeps === undefined) return own ?? null
  const { outcome, reason } = keeps.of
  return own !== undefined && own.outcome === outcome ? own : { outcome, guest: "source", reason }
}

const endedAt = ({ attempt, kept: keeps }: Known): number | null => {
  if (keeps !== undefined) return keeps._tag === "Finished" ? keeps.of.finishedAt : null
  const last = attempt.work.at(-1)
  return last === undefined ? null : last.ended / microsPerMilli
}

export const summaryOf = (known: Known): MigrationSummary => {
  const { attempt } = known
  return {
    ...kept(known),
    phase: phaseOf(known),
    inDoubt: isInDoubt(attempt),
    endedAt: endedAt(known),
    verdict: endedVerdict(known),
    downtimeMicros: attempt.downtime?.whole ?? null
  }
}

const stepsOf = ({ work }: Attempt): Migration["steps"] =>
  work.map(({ began, ended, moved, step }) => ({
    step,
    beganAt: began / microsPerMilli,
    endedAt: ended / microsPerMilli,
    bytes: moved?.bytes ?? 0
  }))

const doubtsOf = ({ lanes }: Attempt): Migration["doubts"] =>
  lanes.flatMap(({ doubt, steps: [step] }) => {
    if (doubt === null) return []
    const { code, device, message, side } = doubt
    return [{ step, side, device, code, message }]
  })

const downtimeOf = ({ downtime }: Attempt): Migration["downtime"] => {
  if (downtime === null) return null
  const { bytes: _, ...parts } = downtime
  return parts
}

const waitingOf = ({ code, reason, until }: Waiting) => ({ code, reason, untilAt: until })

const limitOf = ({ attempt, kept: keeps }: Known): number =>
  keeps?._tag === "Live" ? keeps.of.downtimeLimitMs : (attempt.order?.limits.downtimeMillis ?? 0)

export const migrationOf = (known: Known, waiting?: ReadonlyArray<Waiting>): Migration => {
  const { attempt, kept: keeps } = known
  const live = keeps?._tag === "Live" ? keeps.of : undefined
  const limit = limitOf(known)
  const { forecast } = attempt
  const steps = stepsOf(attempt)
  return {
    ...summaryOf(known),
    blockers: attempt.blockers,
    steps,
    now: attempt.lanes.map(({ steps: [step] }) => step),
    bytes: steps.reduce((sum, { bytes }) => sum + bytes, 0),
    forecast: forecast === null ? null : { ...forecast, limitMillis: limit },
    downtime: downtimeOf(attempt),
    downtimeLimitMillis: limit,
    committed: attempt.committed,
    cause: attempt.cause === null ? null : causeText(attempt.cause),
    lastReason: live?.lastReason ?? null,
    retryAt: live?.retryAt ?? null,
    ...(waiting === undefined || live === undefined || live.phase === "running"
      ? {}
      : { waiting: waiting.map(waitingOf) }),
    doubts: doubtsOf(attempt),
    resolutions: resolutions(attempt).map(({ consequences, verdict }) => ({ verdict, consequences })),
    left: attempt.left.map(({ failure: { message }, step }) => ({ step, message }))
  }
}
