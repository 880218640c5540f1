/** What somebody at the terminal types in answer to a question. */
import { Context, Effect, Layer } from "effect"
import { createInterface } from "node:readline"

export class Answers extends Context.Tag("@stopcopy/cli/Answers")<
  Answers,
  {
    /** Whether somebody is there: standard input and output are a terminal. */
    readonly isTerminal: boolean
    /** The line that is typed; empty when the input ends. */
    readonly ask: (question: string) => Effect.Effect<string>
  }
>() {
  /** Of this process. Not in raw mode: Ctrl-C stays a signal. */
  static readonly layerProcess: Layer.Layer<Answers> = Layer.sync(Answers, () => ({
    isTerminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
    ask: (question) =>
      Effect.async<string>((resume) => {
        const lines = createInterface({ input: process.stdin, terminal: false })
        process.stdout.write(question)
        lines.once("line", (line) => {
          resume(Effect.succeed(line))
          lines.close()
        })
        lines.once("close", () => resume(Effect.succeed("")))
        return Effect.sync(() => lines.close())
      })
  }))
}
