/**
 * How a command ends when it does not end well, as exit codes: 1, the answer is no (a corrupt block, views that differ, a
 * migration that failed); 2, the command could not be carried out as it was given.
 */
import { Data } from "effect"
import { withoutControls } from "./Lines.ts"

/** Exit codes besides 0 and 130 (interrupted). */
export const exitCodes = { Negative: 1, Misuse: 2 } as const

/** The answer is no. `message` is one line, empty when everything has been said already. */
export class Negative extends Data.TaggedError("Negative")<{ readonly message: string }> {}

/** Wrong or missing input: nothing was done. `message` is one line that names the value and the remedy. */
export class Misuse extends Data.TaggedError("Misuse")<{ readonly message: string }> {}

/** One line without control characters: names that come from files may have any. */
const oneLine = (message: string): string => withoutControls(message.replaceAll(/\s*\n\s*/g, " "))

/** An error of a package as a misuse: their messages are one line already. */
export const misuse = (error: { readonly message: string }): Misuse => new Misuse({ message: oneLine(error.message) })

/** The same for work that has begun. */
export const negative = (error: { readonly message: string }): Negative =>
  new Negative({ message: oneLine(error.message) })
