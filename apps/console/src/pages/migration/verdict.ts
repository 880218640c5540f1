/** How a migration stands or ended, in words. Pure. */
import { ends, type Migration } from "@stopcopy/coordinator-api"
import { millisText } from "../../text/units.ts"
import type { Tone } from "../../ui/tone.ts"

interface Said {
  readonly tone: Tone
  readonly title: string
  readonly text: string
}

const guestOf = ({ from, group, to, verdict }: Migration): string =>
  `${group === "" ? "The guest" : group} is on ${verdict?.guest === "destination" ? to : from}.`

/** A sentence with a full stop; a reason may be one or not. */
const sentence = (text: string): string => (text === "" || /[.!?\]]$/.test(text) ? text : `${text}.`)

const ended = (migration: Migration): Said => {
  const { endedAt, phase, queuedAt, verdict } = migration
  const after = endedAt === null ? "" : ` after ${millisText(Math.max(0, endedAt - queuedAt))}`
  const why = sentence(verdict?.reason ?? "")
  switch (phase) {
    case "completed":
      return { tone: "good", title: `Completed${after}`, text: guestOf(migration) }
    case "refused":
      return { tone: "bad", title: "Refused; nothing was touched", text: `${why} ${guestOf(migration)}` }
    case "cancelled":
      return { tone: "neutral", title: `Cancelled${after}`, text: `${why} ${guestOf(migration)}`.trim() }
    default:
      return { tone: "bad", title: `Failed${after}`, text: `${why} ${guestOf(migration)}` }
  }
}

/** What a queued migration waits for. */
const waiting = ({ attempt, lastReason, retryAt, waiting: reasons = [] }: Migration, now: number): Said => {
  const again =
    retryAt === null
      ? ""
      : `Attempt ${attempt + 1} in ${millisText(Math.max(0, retryAt - now))}; the last one: ${sentence(lastReason ?? "no reason was given")}`
  const why = reasons.map(({ reason, untilAt }) =>
    sentence(untilAt === null ? reason : `${reason}, for ${millisText(Math.max(0, untilAt - now))}`)
  )
  const text = [again, ...why].filter((part) => part !== "").join(" ")
  return { tone: "neutral", title: "Waits for its turn", text: text === "" ? "It is about to start." : text }
}

/** `now`: milliseconds since 1970. Undefined: there is nothing to say that the phases do not. */
export const verdictOf = (migration: Migration, now: number): Said | undefined => {
  const { cause, phase } = migration
  if (ends.includes(phase)) return ended(migration)
  if (phase === "queued") return waiting(migration, now)
  if (cause !== null) return { tone: "warn", title: "It goes back to the source", text: sentence(cause) }
  return undefined
}
