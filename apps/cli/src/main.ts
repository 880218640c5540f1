/**
 * The process `stopcopy`. Exit codes: 0 all is well, 1 the answer is no, 2 misuse (also what `@effect/cli` does not
 * understand), 130 interrupted (`start`, which is there to be interrupted: 0). Messages go to standard error, one line each; results to standard output.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Effect, Exit, Layer } from "effect"
import { basename, relative } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { run } from "./Commands.ts"
import { eventLoopTurn } from "./EventLoop.ts"
import { exitCodes, Misuse } from "./Outcome.ts"
import { outputFailed } from "./Output.ts"
import { changing, plainConsole, withoutErrors } from "./PlainConsole.ts"
import { Terminal } from "./Terminal.ts"
import { helpText, optionText, usageText, withValuesApart } from "./Usage.ts"

const interrupted = 130

// Node 22 calls its own SQLite experimental on every start. Whoever reads a journal cannot do anything about it.
process.removeAllListeners("warning")
process.on("warning", ({ message, name }) => {
  if (name !== "ExperimentalWarning") console.error(`stopcopy: ${message}`)
})

/** `stopcopy` when called by that name, else the call of Node that repeats this one. */
const programOf = (script: string): string =>
  basename(script) === "stopcopy" ? "stopcopy" : `node ${relative(process.cwd(), script)}`

/** The runtime and the script, and the arguments behind them. */
const [started, args] = [process.argv.slice(0, 2), withValuesApart(process.argv.slice(2))]

const usageOf = ({ error }: ValidationError.ValidationError): string =>
  usageText(args, stripVTControlCharacters(HelpDoc.toAnsiText(error)))

const wrongOption = optionText(args)
const running =
  wrongOption === undefined ? run([...started, ...args]) : Effect.fail(new Misuse({ message: wrongOption }))

const isHelp = args.includes("--help") || args.includes("-h")

const command = running.pipe(
  Effect.as(0),
  // What it prints with --help is its own text, never a result.
  (answering) =>
    isHelp
      ? Effect.consoleWith((base) =>
          Effect.withConsole(
            answering,
            changing(base, (text) => helpText(args, text))
          )
        )
      : answering,
  // `@effect/cli` prints what it does not understand, and fails with it: it is said here, once.
  (parsing) => Effect.consoleWith((base) => Effect.withConsole(parsing, withoutErrors(base))),
  Effect.catchAll((error) => {
    if (ValidationError.isValidationError(error)) {
      return Effect.as(Console.error(`stopcopy: ${usageOf(error)}`), exitCodes.Misuse)
    }
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

// The last turn is for failures of the last write, which are told by an event.
const program = Effect.raceFirst(Effect.zipLeft(command, eventLoopTurn), outputFailed)

NodeRuntime.runMain(program, {
  disableErrorReporting: true,
  teardown: (exit, end) => {
    if (Exit.isSuccess(exit)) {
      // Not `process.exit`: what is still on its way to a pipe is written first.
      process.exitCode = typeof exit.value === "number" ? exit.value : 0
      return
    }
    if (!Cause.isInterruptedOnly(exit.cause)) console.error(Cause.pretty(exit.cause, { renderErrorCause: true }))
    // A command that is usually ended so has said which code that is.
    end(Cause.isInterruptedOnly(exit.cause) ? Number(process.exitCode ?? interrupted) : exitCodes.Negative)
  }
})
