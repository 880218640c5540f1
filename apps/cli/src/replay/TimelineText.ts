/** Events of a timeline as lines of text, or as lines of JSON. */
import type { Moment } from "@stopcopy/debugger"
import { DateTime, Either } from "effect"
import { parsed, summaryOf } from "./Summary.ts"

/** UTC with microseconds, as a journal keeps it: `2026-01-02T03:04:05.678901Z`. */
export const timeText = (micros: number): string => {
  const millis = Math.floor(micros / 1000)
  const iso = DateTime.formatIso(DateTime.unsafeMake(millis))
  return `${iso.slice(0, -1)}${String(micros - millis * 1000).padStart(3, "0")}Z`
}

/** The time of day in `timeText`. */
const clockAt = 11

/** Time of day, UTC with microseconds. */
export const clockText = (micros: number): string => timeText(micros).slice(clockAt, -1)

/** Widths of the columns, in characters. `label` 0: there is only one journal, which is not named. */
export interface Widths {
  readonly label: number
  readonly sequence: number
  readonly stream: number
}

const typeWidth = 20

/** Journal (if there are several), sequence, time of day (UTC), stream, type, payload. */
export const momentText = (moment: Moment, widths: Widths): string => {
  const { sequence, stream, time, type } = moment.envelope
  const label = widths.label === 0 ? [] : [moment.source.label.padEnd(widths.label)]
  return [
    ...label,
    String(sequence).padStart(widths.sequence),
    clockText(time),
    stream.padEnd(widths.stream),
    type.padEnd(typeWidth),
    summaryOf(moment)
  ]
    .join("  ")
    .trimEnd()
}

/** What is known of an event's payload. */
const payloadFields = ({ envelope, event, json }: Moment): object => {
  if (Either.isRight(event)) return { payload: parsed(json) }
  const shown = json === "" ? {} : envelope.payload === null ? { redacted: parsed(json) } : { raw: parsed(json) }
  return { problem: event.left.message, ...shown }
}

/** All of an event, its payload whole, as a JSON value. */
export const momentFields = (moment: Moment): object => {
  const { batch, causation, correlation, sequence, stream, time, type, version } = moment.envelope
  return {
    journal: moment.source.label,
    sequence,
    time: timeText(time),
    stream,
    version,
    batch,
    type,
    correlation,
    causation,
    ...(moment.failure === undefined ? {} : { failure: moment.failure }),
    ...payloadFields(moment)
  }
}
