/** Bytes, lengths of time and times as people read them. Pure. */

const kib = 1024
const byteUnits = ["KiB", "MiB", "GiB", "TiB"] as const

/** `512 B`, `1.5 KiB`, `12.0 MiB`. */
export const bytesText = (bytes: number): string => {
  if (bytes < kib) return `${bytes} B`
  const power = Math.min(byteUnits.length, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / kib ** power).toFixed(1)} ${byteUnits[power - 1]}`
}

const [milli, second, minute, hour, day] = [1e3, 1e6, 6e7, 3.6e9, 8.64e10]

/** Two units, the second only if it is not 0. */
const pairText = (micros: number, big: number, small: number, names: readonly [string, string]): string => {
  const rest = Math.floor((micros % big) / small)
  return `${Math.floor(micros / big)} ${names[0]}${rest === 0 ? "" : ` ${rest} ${names[1]}`}`
}

/** A length of time in microseconds: `850 µs`, `12.4 ms`, `300 ms`, `3.1 s`, `4 min 5 s`, `2 h 3 min`, `3 d 1 h`. */
export const microsText = (micros: number): string => {
  if (micros < milli) return `${Math.round(micros)} µs`
  if (micros < second) return `${(micros / milli).toFixed(micros < 1e5 ? 1 : 0)} ms`
  if (micros < minute) return `${(micros / second).toFixed(1)} s`
  if (micros < hour) return pairText(micros, minute, second, ["min", "s"])
  return micros < day ? pairText(micros, hour, minute, ["h", "min"]) : pairText(micros, day, hour, ["d", "h"])
}

/** The same of milliseconds; whole ones where there is no more to say. */
export const millisText = (millis: number): string =>
  Number.isInteger(millis) && millis < milli ? `${millis} ms` : microsText(millis * milli)

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" })

/** A time in milliseconds since 1970, of this day: `14:05:09`. */
export const clockText = (millis: number): string => clock.format(millis)

/** The same with its day: `30 Nov 2026, 14:05:09`. */
export const timeText = (millis: number): string => full.format(millis)

const minutes = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" })
const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" })

/** A time on an axis whose marks are about `periodMillis` apart: no finer than that. */
export const axisText = (millis: number, periodMillis: number): string => {
  if (periodMillis < 60_000) return clock.format(millis)
  return periodMillis < 3 * 3_600_000 ? minutes.format(millis) : days.format(millis)
}

/** How long ago that is, for times that people look at: `now`, `12 s ago`, `2 h 3 min ago`. */
export const agoText = (millis: number, now: number): string => {
  const ago = now - millis
  if (ago < 2000) return "now"
  return `${ago < 60_000 ? `${Math.floor(ago / 1000)} s` : millisText(Math.floor(ago / 60_000) * 60_000)} ago`
}

/** `1 VF`, `2 VFs`. */
export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`
