/** Bytes, lengths of time and times as people read them, and lengths of time as they write them. */
import { DateTime, Either } from "effect"
import { Misuse } from "../Outcome.ts"

const kib = 1024
const byteUnits = ["KiB", "MiB", "GiB", "TiB"] as const

/** `512 bytes`, `1.5 KiB`, `12.0 MiB`. */
export const bytesText = (bytes: number): string => {
  if (bytes < kib) return bytes === 1 ? "1 byte" : `${bytes} bytes`
  const power = Math.min(byteUnits.length, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / kib ** power).toFixed(1)} ${byteUnits[power - 1]}`
}

const [milli, second, minute, hour] = [1000, 1_000_000, 60_000_000, 3_600_000_000]
/** From here on tenths of milliseconds say nothing. */
const tenth = 100_000

/** A length of time in microseconds: `850 us`, `12.4 ms`, `300 ms`, `3.1 s`, `4 min 5 s`, `2 h 3 min`. */
export const microsText = (micros: number): string => {
  if (micros < milli) return `${Math.round(micros)} us`
  if (micros < second) return `${(micros / milli).toFixed(micros < tenth ? 1 : 0)} ms`
  if (micros < minute) return `${(micros / second).toFixed(1)} s`
  const [whole, part] = micros < hour ? ([minute, second] as const) : ([hour, minute] as const)
  const [big, small] = micros < hour ? (["min", "s"] as const) : (["h", "min"] as const)
  return `${Math.floor(micros / whole)} ${big} ${Math.floor((micros % whole) / part)} ${small}`
}

/** The same of whole milliseconds. */
export const millisText = (millis: number): string =>
  millis < second / milli ? `${Math.round(millis)} ms` : microsText(millis * milli)

/** A time in milliseconds since 1970, UTC: `2026-01-02T03:04:05Z`. */
export const timeText = (millis: number): string =>
  `${DateTime.formatIso(DateTime.unsafeMake(Math.floor(millis))).slice(0, -".000Z".length)}Z`

const unitMillis: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }
/** Seven days: as long as the coordinator takes. */
const mostMillis = 604_800_000

/** `300ms`, `2.5s`, `10min`, `1h` in whole milliseconds. */
export const parseMillis = (option: string, text: string): Either.Either<number, Misuse> => {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|min|h|d)$/.exec(text) ?? []
  const millis = Number(amount) * (unitMillis[unit] ?? 0)
  return Number.isInteger(millis) && millis >= 1 && millis <= mostMillis
    ? Either.right(millis)
    : Either.left(
        new Misuse({
          message: `${option} '${text}' is no length of time: write 300ms, 2s, 10min or 1h, from 1ms to 7d`
        })
      )
}
