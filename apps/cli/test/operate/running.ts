/** Runs `stopcopy` in this process from its arguments: everything that it prints, and the exit code. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as ValidationError from "@effect/cli/ValidationError"
import { Clock, Duration, Effect, Layer } from "effect"
import { run } from "../../src/Commands.ts"
import { exitCodes } from "../../src/Outcome.ts"
import { Terminal } from "../../src/Terminal.ts"

export interface Ran {
  readonly code: number
  /** Standard output in lines. */
  readonly lines: ReadonlyArray<string>
  /** What it says on standard error in the end; empty if all is well. */
  readonly message: string
}

const clock = Clock.make()

/** Pauses are a tenth as long as they are. */
const hurry: Clock.Clock = {
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  currentTimeMillis: clock.currentTimeMillis,
  currentTimeNanos: clock.currentTimeNanos,
  unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis(),
  unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
  sleep: (duration) => clock.sleep(Duration.times(duration, 0.1))
}

/** A command whose coordinator has all its answers ready: nobody has to be spared. */
export const hurried = (args: ReadonlyArray<string>, ansi = false): Promise<Ran> => stopcopy(args, ansi, hurry)

/** Without a terminal, or with one of 200 columns. */
export const stopcopy = (args: ReadonlyArray<string>, ansi = false, by: Clock.Clock = clock): Promise<Ran> => {
  let output = ""
  const write = (text: string) => Effect.sync(() => void (output += text))
  const log = (text: unknown) => write(`${String(text)}\n`)
  const terminal = Layer.succeed(Terminal, { ansi, columns: 200, write, program: "stopcopy" })
  return run(["node", "stopcopy", ...args]).pipe(
    (running) => Effect.consoleWith((base) => Effect.withConsole(running, { ...base, log, error: () => Effect.void })),
    Effect.match({
      onSuccess: () => ({ code: 0, message: "" }),
      onFailure: (error) =>
        ValidationError.isValidationError(error)
          ? { code: exitCodes.Misuse, message: "not understood" }
          : { code: exitCodes[error._tag], message: error.message }
    }),
    Effect.map(({ code, message }) => ({ code, message, lines: output === "" ? [] : output.trimEnd().split("\n") })),
    Effect.provide(Layer.mergeAll(NodeContext.layer, CliConfig.layer({ showBuiltIns: false }), terminal)),
    Effect.withClock(by),
    Effect.runPromise
  )
}
