/**
 * How a command ends when it does not end well, as exit codes: 1, it failed (a port that is in use, a journal that cannot be opened, an agent that cannot be
 * reached); 2, it could not be carried out as it was asked for, and nothing was begun.
 */
import { Data } from "effect"

/** Exit codes besides 0, and 128 with the number of the signal that ended it at once. */
export const exitCodes = { Failed: 1, Misuse: 2 } as const

/** `message` has a line for each thing that is wrong. */
export class Misuse extends Data.TaggedError("Misuse")<{ readonly message: string }> {}

export class Failed extends Data.TaggedError("Failed")<{ readonly message: string }> {}
