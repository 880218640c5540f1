/** Lines of results. What journals hold may be anything: no control character of it reaches a terminal. */
import { Console, Effect } from "effect"

const control = /\p{Cc}/gu

/** The text with `?` in place of every control character. */
export const withoutControls = (text: string): string => text.replaceAll(control, "?")

/** A value as one line of JSON. Control characters that JSON allows in strings are written as escapes. */
export const jsonLine = (value: object): string =>
  JSON.stringify(value).replaceAll(control, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** Prints lines at once; nothing if there are none. */
export const printLines = (lines: ReadonlyArray<string>): Effect.Effect<void> =>
  lines.length === 0 ? Effect.void : Console.log(lines.map(withoutControls).join("\n"))
