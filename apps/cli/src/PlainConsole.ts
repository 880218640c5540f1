/** The console without ANSI sequences where they are not wanted: `@effect/cli` colours its help and its errors always. */
import { type Console, Effect } from "effect"
import { stripVTControlCharacters } from "node:util"

/** Whether a stream of this process may get ANSI sequences: a terminal, and NO_COLOR is not set. */
export const mayColour = (stream: { readonly isTTY?: boolean }): boolean =>
  stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === ""

/** Without the empty lines at the end that `@effect/cli` adds to its texts. */
const shown = (stream: { readonly isTTY?: boolean }, value: unknown): string => {
  const text = mayColour(stream) ? String(value) : stripVTControlCharacters(String(value))
  return text.trimEnd()
}

/** `base`, whose standard output and standard error are plain unless they are terminals. */
export const plainConsole = (base: Console.Console): Console.Console => ({
  ...base,
  log: (text) => base.log(shown(process.stdout, text)),
  error: (text) => base.error(shown(process.stderr, text))
})

/** How every message of this program begins. */
const ownMessage = /^stopcopy: /

/** `base` whose standard error gets messages of this program alone: those of `@effect/cli` are said in another way. */
export const withoutErrors = (base: Console.Console): Console.Console => ({
  ...base,
  error: (text) => (ownMessage.test(String(text)) ? base.error(text) : Effect.void)
})

/** `base` whose standard output gets every text as `change` makes it. */
export const changing = (base: Console.Console, change: (text: string) => string): Console.Console => ({
  ...base,
  log: (text) => base.log(change(String(text)))
})
