/** Standard output that takes no more: its reader is gone, or its disk is full. */
import { Effect } from "effect"
import { getSystemErrorMap } from "node:util"
import { exitCodes } from "./Outcome.ts"

/** What the operating system says, without Node's wording around it. */
const reasonOf = ({ errno, message }: NodeJS.ErrnoException): string =>
  (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ?? message

/**
 * Waits for the first failure of standard output and answers with the exit code: 0 when the reader wanted no more (`| head`), else
 * 1, and one line has said why. A failure that is found only after the program has ended still sets the exit code.
 */
export const outputFailed: Effect.Effect<number> = Effect.async<number>((resume) => {
  // Nothing is written there but why a command fails: without a reader its exit code still says that.
  process.stderr.on("error", () => undefined)
  let failed = false
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (failed) return
    failed = true
    const closed = error.code === "EPIPE"
    if (!closed) process.stderr.write(`stopcopy: cannot write to standard output: ${reasonOf(error)}\n`)
    const code = closed ? 0 : exitCodes.Negative
    process.exitCode = code
    resume(Effect.succeed(code))
  })
})
