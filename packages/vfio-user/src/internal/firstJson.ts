/** The first JSON value of a text that may go on behind it, as json-c reads it for libvfio-user. */
import { Either } from "effect"

/** Parses the first value; what follows an object, array or string is ignored. `undefined` when there is none. Never throws. */
export const firstJson = (text: string): unknown =>
  Either.getOrUndefined(Either.try((): unknown => JSON.parse(firstValue(text.trimStart()))))

const firstValue = (text: string): string => {
  if (text.startsWith('"')) return text.slice(0, endOfString(text, 0))
  if (!text.startsWith("{") && !text.startsWith("[")) return /^[^\s,:[\]{}"]*/.exec(text)?.[0] ?? ""
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') at = endOfString(text, at) - 1
    else if (character === "{" || character === "[") depth++
    else if ((character === "}" || character === "]") && --depth === 0) return text.slice(0, at + 1)
  }
  return text
}

/** Behind the closing quote of the string that opens at `from`; the end of the text when it has none. */
const endOfString = (text: string, from: number): number => {
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === "\\") at++
    else if (character === '"') return at + 1
  }
  return text.length
}
