/** The end of standard input, for a service that is a child: it comes also when the process that holds the other end is killed. */
import { Effect } from "effect"

/** Waits for the end. What is written to standard input is passed over. */
export const endOfInput: Effect.Effect<string> = Effect.async((resume) => {
  const { stdin } = process
  const ended = (): void => resume(Effect.succeed("standard input has ended"))
  stdin.once("end", ended)
  // A terminal that is gone, or a closed descriptor, is the end too.
  stdin.once("error", ended)
  stdin.resume()
  // An input that is still open would keep the process.
  return Effect.sync(() => stdin.off("end", ended).destroy())
})
