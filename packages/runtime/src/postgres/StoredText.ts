/**
 * Text as PostgreSQL can hold it: its `text` has no NUL character. A NUL is stored as `\0` and a backslash as `\\`; all other text
 * is stored as it is. A half of a surrogate pair, which is no text in UTF-8 either, becomes U+FFFD, as everywhere else.
 */

const special = /[\0\\\uD800-\uDFFF]/
const specials = /[\0\\]|\p{Surrogate}/gu

const escapeOf = (found: string): string => {
  if (found === "\0") return String.raw`\0`
  return found === "\\" ? "\\\\" : "\uFFFD"
}

/** The stored form of a text. */
export const toStored = (text: string): string => (special.test(text) ? text.replaceAll(specials, escapeOf) : text)

/** The stored form of a text that may be missing. */
export const toStoredOptional = (text: string | null): string | null => (text === null ? null : toStored(text))

/** The text of a stored form. */
export const fromStored = (stored: string): string =>
  stored.includes("\\")
    ? stored.replaceAll(/\\(.)/gsu, (_, escaped: string) => (escaped === "0" ? "\0" : escaped))
    : stored
