/** A migration in words: where it goes, how it stands, how it ended. */
import { type Downtime, ends, type Migration, type MigrationSummary, type Resolution } from "@stopcopy/coordinator-api"
import { columns, listed, plural } from "../Columns.ts"
import { oneLine } from "../Outcome.ts"
import { blockersLines } from "./Blockers.ts"
import { bytesText, microsText, millisText, timeText } from "./Units.ts"

const microsPerMilli = 1000

/** Whether it has ended. */
export const hasEnded = ({ phase }: Pick<Migration, "phase">): boolean => ends.includes(phase)

/** `m-1: web-1, 2 VFs, from alpha to beta`. */
export const headline = ({ from, group, id, moves, to }: MigrationSummary): string =>
  `${id}: ${group}, ${plural(moves.length, "VF")}, from ${from} to ${to}`

/** What a request of the API has, as options of this program. */
const optionsOf: ReadonlyArray<readonly [field: RegExp, option: string]> = [
  [/\bdowntimeLimitMillis\b/, "downtimeLimitMillis (--downtime-limit)"],
  [/\bwhenOver\b/, "whenOver (--patience)"]
]

const withOptions = (text: string): string =>
  optionsOf.reduce((said, [field, option]) => said.replace(field, option), text)

/** How long the guest would stand still, against what it may. */
const forecastText = ({ downtimeLimitMillis, forecast }: Migration): string =>
  forecast === null
    ? `downtime limit ${millisText(downtimeLimitMillis)}`
    : `forecast ${microsText(forecast.micros)} of at most ${millisText(forecast.limitMillis)}`

const doubtText = ({ device, message, side, step }: Migration["doubts"][number]): string =>
  `${step} at the ${side}${device === null ? "" : ` (${device})`}: ${message}`

/** What is in doubt, a line each. */
export const doubtLines = ({ doubts }: Migration): ReadonlyArray<string> =>
  doubts.map((doubt) => `  ${doubtText(doubt)}`)

type Waiting = NonNullable<Migration["waiting"]>[number]

const reasonToWait =
  (now: number) =>
  ({ reason, untilAt }: Waiting): string =>
    untilAt === null ? reason : `${reason}, for ${millisText(Math.max(0, untilAt - now))}`

/** What waits for its turn says why. */
const waitingText = ({ attempt, lastReason, priority, retryAt, waiting = [] }: Migration, now: number): string => {
  const again =
    retryAt === null
      ? []
      : [
          `attempt ${attempt + 1} in ${millisText(Math.max(0, retryAt - now))}; the last one: ${withOptions(lastReason ?? "no reason was given")}`
        ]
  const waits = waiting.length === 0 ? [] : [`waits: ${waiting.map(reasonToWait(now)).join("; ")}`]
  const said = [...again, ...waits]
  return said.length === 0 ? `priority ${priority}` : said.join("; ")
}

/** What belongs to the phase: bytes and forecast where the guest moves. */
export const standingText = (migration: Migration, now: number): string => {
  const { bytes, cause, inDoubt, now: steps, phase } = migration
  if (inDoubt) return `in doubt: ${migration.doubts.map(doubtText).join("; ")}`
  if (phase === "queued") return waitingText(migration, now)
  const doing = steps.length === 0 ? "" : `; ${listed(steps, 4)}`
  const why = cause === null ? "" : `; goes back: ${withOptions(cause)}`
  return `${bytesText(bytes)}, ${forecastText(migration)}${doing}${why}`
}

/** The parts of a downtime, in their order. */
export const downtimeParts = [
  "drain",
  "stop",
  "save",
  "transfer",
  "load",
  "verify",
  "vote",
  "commit",
  "resume",
  "other"
] as const

/** `: drain 1.2 ms, stop 0.3 ms ...`, without the parts that took nothing. */
const partsText = (downtime: Downtime): string => {
  const split = downtimeParts
    .filter((part) => downtime[part] > 0)
    .map((part) => `${part} ${microsText(downtime[part])}`)
  return split.length === 0 ? "" : `: ${split.join(", ")}`
}

const guestText = ({ from, group, to, verdict }: MigrationSummary): string =>
  `${group} is on ${verdict?.guest === "destination" ? to : from}`

/** Why it ended so, behind a colon; empty where it completed, and where the blockers say it. The phase stands before it: not said again. */
export const reasonText = ({ phase, verdict }: MigrationSummary): string => {
  const reason =
    verdict === null || phase === "refused" ? "" : oneLine(verdict.reason.replace(/^it was cancelled(: |$)/, ""))
  return reason === "" ? "" : `: ${withOptions(reason)}`
}

/** How it ended, in one line. */
export const verdictText = (migration: MigrationSummary): string => {
  const { endedAt, phase, queuedAt } = migration
  const after = endedAt === null ? "" : ` after ${millisText(endedAt - queuedAt)}`
  const touched = phase === "refused" ? ", nothing was touched" : ""
  return `${phase}${after}${reasonText(migration)}; ${guestText(migration)}${touched}`
}

/** How long the guest stood still, and the limit if that was longer: a forecast may be wrong. */
const stoodText = (downtime: Downtime, limitMillis: number): string => {
  const isOver = downtime.whole > limitMillis * microsPerMilli
  const limit = `, its limit is ${millisText(limitMillis)}`
  const [whole, parts] = [microsText(downtime.whole), partsText(downtime)]
  return `  stood still for ${whole}${isOver ? limit : ""}${parts}`
}

/** How it ended, with everything that belongs to that. */
export const endLines = (migration: Migration): ReadonlyArray<string> => {
  const { blockers, bytes, downtime, downtimeLimitMillis, left } = migration
  return [
    verdictText(migration),
    ...(downtime === null ? [] : [stoodText(downtime, downtimeLimitMillis)]),
    ...(bytes === 0 ? [] : [`  moved ${bytesText(bytes)} of migration data`]),
    ...blockersLines(blockers),
    ...left.map(({ message, step }) => `  not done: ${step}: ${message}`)
  ]
}

/** What an operator would vouch for, and what follows from it. */
export const consequenceLines = (
  { from, to }: MigrationSummary,
  { consequences, verdict }: Resolution
): ReadonlyArray<string> => [
  `if the ${verdict} (${verdict === "source" ? from : to}) has the guest:`,
  ...consequences.split("\n").map((line) => `  ${line}`)
]

const stepLines = ({ steps }: Migration): ReadonlyArray<string> =>
  columns(
    steps.map(({ beganAt, bytes, endedAt, step }) => [
      `  ${step}`,
      timeText(beganAt),
      millisText(endedAt - beganAt),
      bytes === 0 ? "" : bytesText(bytes)
    ]),
    ["left", "left", "right", "right"]
  )

const factLines = (migration: Migration): ReadonlyArray<string> => {
  const { attempt, committed, downtimeLimitMillis, endedAt, evacuation, forecast, phase, priority, queuedAt } =
    migration
  return columns([
    ["  phase", migration.inDoubt ? `${phase}, in doubt` : phase],
    ["  queued", timeText(queuedAt)],
    ...(endedAt === null ? [] : [["  ended", timeText(endedAt)]]),
    ["  attempt", String(attempt)],
    ["  priority", String(priority)],
    ...(evacuation === null ? [] : [["  evacuation", evacuation]]),
    ["  downtime limit", millisText(downtimeLimitMillis)],
    ...(forecast === null
      ? []
      : [["  forecast", `${microsText(forecast.micros)}, from ${plural(forecast.samples, "migration")}`]]),
    ["  committed", committed ? "yes" : "no"]
  ])
}

/** Everything. */
export const migrationLines = (migration: Migration, now: number): ReadonlyArray<string> => {
  const { from, moves, to } = migration
  return [
    headline(migration),
    ...columns(moves.map(({ destination, source }) => [`  ${from}/${source}`, "->", `${to}/${destination}`])),
    ...factLines(migration),
    ...(migration.steps.length === 0 ? [] : ["steps", ...stepLines(migration)]),
    ...(hasEnded(migration) ? endLines(migration) : [`${migration.phase}: ${standingText(migration, now)}`]),
    ...migration.resolutions.flatMap((resolution) => consequenceLines(migration, resolution))
  ]
}

/** A list, the newest first. */
export const migrationTable = (migrations: ReadonlyArray<MigrationSummary>): ReadonlyArray<string> =>
  columns(
    [
      ["migration", "phase", "group", "VFs", "from", "to", "queued", "downtime"],
      ...migrations.map(({ downtimeMicros, from, group, id, inDoubt, moves, phase, queuedAt, to }) => [
        id,
        inDoubt ? `${phase}, in doubt` : phase,
        group,
        String(moves.length),
        from,
        to,
        timeText(queuedAt),
        downtimeMicros === null ? "" : microsText(downtimeMicros)
      ])
    ],
    ["left", "left", "left", "right", "left", "left", "left", "right"]
  )
