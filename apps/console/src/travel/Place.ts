/** Places of a timeline as people read them: which event, when, in words. Pure. */
import type { Chronicle } from "@stopcopy/debugger"

/** An event by its journal and sequence, as the command line writes it too: `source:17`. Before the first: `start`. */
export const placeText = (chronicle: Chronicle, place: number): string => {
  const moment = chronicle.moments[place]
  return moment === undefined ? "start" : `${moment.source.label}:${moment.envelope.sequence}`
}

/** The place that a text means; undefined if there is none. */
export const placeOf = (chronicle: Chronicle, text: string): number | undefined => {
  if (text === "start") return -1
  const parts = /^(.*):(\d+)$/s.exec(text)
  const source = chronicle.sources.findIndex(({ label }) => label === parts?.[1])
  return source < 0 ? undefined : chronicle.place(source, Number(parts?.[2]))
}

const microsPerMilli = 1000
const microsPerSecond = 1_000_000

/** A time in microseconds since 1970 as the hour of the day with its microseconds, in UTC. */
export const clockText = (micros: number): string => {
  const fraction = String(Math.trunc(micros % microsPerSecond)).padStart(6, "0")
  return `${new Date(micros / microsPerMilli).toISOString().slice(11, 19)}.${fraction}`
}

/** A length of time, in microseconds, with three digits that count. */
export const spanText = (micros: number): string => {
  const size = Math.abs(micros)
  if (size < microsPerMilli) return `${micros} µs`
  if (size < microsPerSecond) return `${(micros / microsPerMilli).toFixed(size < 10_000 ? 2 : 1)} ms`
  return `${(micros / microsPerSecond).toFixed(2)} s`
}
