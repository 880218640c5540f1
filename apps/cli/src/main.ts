/**
 * The process `stopcopy`. Exit codes: 0 all is well, 1 the answer is no, 2 misuse (also what `@effect/cli` does not
 * understand), 130 interrupted. Messages go to standard error, one line each; results to standard output.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Effect, Exit, Layer } from "effect"
import { basename, relative } from "node:path"
import { run } from "./Commands.ts"
import { exitCodes } from "./Outcome.ts"
import { plainConsole } from "./PlainConsole.ts"
import { Terminal } from "./Terminal.ts"

const interrupted = 130

/** `stopcopy` when called by that name, else the call of Node that repeats this one. */
const programOf = (script: string): string =>
  basename(script) === "stopcopy" ? "stopcopy" : `node ${relative(process.cwd(), script)}`

const program = run(process.argv).pipe(
  Effect.as(0),
  Effect.catchAll((error) => {
    // What the command line does not understand has been printed with its usage.
    if (ValidationError.isValidationError(error)) return Effect.succeed(exitCodes.Misuse)
    const said = error.message === "" ? Effect.void : Console.error(`stopcopy: ${error.message}`)
    return Effect.as(said, exitCodes[error._tag])
  }),
  Effect.provide(
    Layer.mergeAll(
      NodeContext.layer,
      CliConfig.layer({ showBuiltIns: false }),
      Terminal.layerProcess(programOf(process.argv[1] ?? "stopcopy"))
    )
  ),
  (all) => Effect.consoleWith((base) => Effect.withConsole(all, plainConsole(base)))
)

NodeRuntime.runMain(program, {
  disableErrorReporting: true,
  teardown: (exit, end) => {
    if (Exit.isSuccess(exit)) {
      // Not `process.exit`: what is still on its way to a pipe is written first.
      process.exitCode = typeof exit.value === "number" ? exit.value : 0
      return
    }
    if (!Cause.isInterruptedOnly(exit.cause)) console.error(Cause.pretty(exit.cause, { renderErrorCause: true }))
    end(Cause.isInterruptedOnly(exit.cause) ? interrupted : exitCodes.Negative)
  }
})
