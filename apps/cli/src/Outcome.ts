/**
 * How a command ends when it does not end well, as exit codes: 1, the answer is no (a corrupt block, views that differ, a
 * migration that failed); 2, the command could not be carried out as it was given. Operator commands tell more: 3, refused,
 * nothing was touched; 4, cancelled; 5, in doubt; 6, the coordinator did not answer.
 */
import { Data } from "effect"
import { withoutControls } from "./Lines.ts"

/** Exit codes besides 0 and 130 (interrupted). */
export const exitCodes = { Negative: 1, Misuse: 2, Refused: 3, Cancelled: 4, InDoubt: 5, Unanswered: 6 } as const

/** The answer is no. `message` is one line, empty when everything has been said already. */
export class Negative extends Data.TaggedError("Negative")<{ readonly message: string }> {}

/** Wrong or missing input: nothing was done. `message` is one line that names the value and the remedy. */
export class Misuse extends Data.TaggedError("Misuse")<{ readonly message: string }> {}

/** Rules speak against it, and nothing was touched. `message` has a line for each rule, unless they were told already. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** It was cancelled, and the guest is where it was. */
export class Cancelled extends Data.TaggedError("Cancelled")<{ readonly message: string }> {}

/** Nobody but an operator, or a side that comes back, can end the migration. */
export class InDoubt extends Data.TaggedError("InDoubt")<{ readonly message: string }> {}

/** The coordinator did not answer: what it did, or does, is not known. */
export class Unanswered extends Data.TaggedError("Unanswered")<{ readonly message: string }> {}

/** Every way in which a command may end but well. */
export type Outcome = Negative | Misuse | Refused | Cancelled | InDoubt | Unanswered

/** One line without control characters: names that come from files may have any. */
export const oneLine = (message: string): string => withoutControls(message.replaceAll(/\s*\n\s*/g, " "))

/** An error of a package as a misuse: their messages are one line already. */
export const misuse = (error: { readonly message: string }): Misuse => new Misuse({ message: oneLine(error.message) })

/** The same for work that has begun. */
export const negative = (error: { readonly message: string }): Negative =>
  new Negative({ message: oneLine(error.message) })
