/** One event of a timeline as a line of text, or as a line of JSON. */
import type { Replay } from "@stopcopy/runtime"
import { DateTime, Either } from "effect"
import { payloadText } from "./Payload.ts"

/** UTC with microseconds, as a journal keeps it: `2026-01-02T03:04:05.678901Z`. */
export const timeText = (micros: number): string => {
  const millis = Math.floor(micros / 1000)
  const iso = DateTime.formatIso(DateTime.unsafeMake(millis))
  return `${iso.slice(0, -1)}${String(micros - millis * 1000).padStart(3, "0")}Z`
}

/** Widths of the columns, in characters. */
interface Widths {
  readonly sequence: number
  readonly stream: number
}

const typeWidth = 20
/** The time of day in `timeText`. */
const clockAt = 11

const parsed = (json: string): unknown => JSON.parse(json)

const summary = ({ event }: Replay.Moment): string =>
  Either.match(event, {
    onLeft: ({ message }) => `not readable: ${message}`,
    onRight: ({ json }) => payloadText(parsed(json))
  })

/** Sequence, time of day (UTC), stream, type, payload. */
export const momentText = (moment: Replay.Moment, widths: Widths): string => {
  const { sequence, stream, time, type } = moment.envelope
  return [
    String(sequence).padStart(widths.sequence),
    timeText(time).slice(clockAt, -1),
    stream.padEnd(widths.stream),
    type.padEnd(typeWidth),
    summary(moment)
  ]
    .join("  ")
    .trimEnd()
}

/** All of an event, its payload whole, as one line of JSON. */
export const momentJson = ({ envelope, event }: Replay.Moment): string => {
  const { batch, causation, correlation, sequence, stream, time, type, version } = envelope
  return JSON.stringify({
    sequence,
    time: timeText(time),
    stream,
    version,
    batch,
    type,
    correlation,
    causation,
    ...Either.match(event, {
      onLeft: ({ message }) => ({ problem: message }),
      onRight: ({ json }) => ({ payload: parsed(json) })
    })
  })
}
