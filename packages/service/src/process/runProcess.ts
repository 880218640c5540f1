/**
 * The process of a program. Exit codes: 0 it did what it was asked for; 1 it failed; 2 misuse, nothing was begun; 130 and 143 a second signal ended it at
 * once. Messages go to standard error, results to standard output.
 */
import type * as CliApp from "@effect/cli/CliApp"
import * as CliConfig from "@effect/cli/CliConfig"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { Cause, Console, Effect, Layer } from "effect"
import { stripVTControlCharacters } from "node:util"
import type { Arguments } from "../Arguments.ts"
import { exitCodes, type Failed, Misuse } from "../Outcome.ts"

export interface ProcessOptions {
  /** What stands before every message. */
  readonly name: string
  readonly arguments: Arguments
  /** Runs what the arguments say; `argv` as Node gives it. */
  readonly run: (
    argv: ReadonlyArray<string>
  ) => Effect.Effect<void, Failed | Misuse | ValidationError.ValidationError, CliApp.CliApp.Environment>
}

const settle = (name: string): void => {
  // Node 22 calls its own SQLite experimental on every start. Whoever runs a service cannot do anything about it.
  process.removeAllListeners("warning")
  process.on("warning", (warning) => {
    if (warning.name !== "ExperimentalWarning") process.stderr.write(`${name}: ${warning.message}\n`)
  })
  // Who reads the lines may go away; the service goes on.
  process.stdout.on("error", () => undefined)
  process.stderr.on("error", () => undefined)
  // Journals, tapes and sockets are the owner's alone.
  process.umask(0o077)
}

/** ANSI sequences are for terminals. */
const plain = (text: unknown): unknown =>
  typeof text === "string" && (!process.stdout.isTTY || "NO_COLOR" in process.env)
    ? stripVTControlCharacters(text)
    : text

/** What `@effect/cli` finds wrong is said once, here; what it prints is as plain as it has to be. */
const quiet = (base: Console.Console): Console.Console => ({
  ...base,
  error: () => Effect.void,
  log: (...texts) => base.log(...texts.map(plain))
})

/** Runs the program to its end and leaves its exit code in the process. Not `process.exit` at once: what is still on its way to a pipe is written first. */
export const runProcess = async ({ arguments: known, name, run }: ProcessOptions): Promise<void> => {
  settle(name)
  const [started, args] = [process.argv.slice(0, 2), known.withValuesApart(process.argv.slice(2))]
  /** Each line of a message with the name of the program before it. */
  const say = (message: string): Effect.Effect<void> =>
    Console.error(
      message
        .split("\n")
        .map((line) => `${name}: ${line}`)
        .join("\n")
    )
  const wrong = known.problems(args)
  const running = wrong === undefined ? run([...started, ...args]) : Effect.fail(new Misuse({ message: wrong }))
  const program = running.pipe(
    (parsing) => Effect.consoleWith((base) => Effect.withConsole(parsing, quiet(base))),
    Effect.as(0),
    Effect.catchAll((error) =>
      ValidationError.isValidationError(error)
        ? Effect.as(say(known.usage(args, stripVTControlCharacters(HelpDoc.toAnsiText(error.error)))), exitCodes.Misuse)
        : Effect.as(say(error.message), exitCodes[error._tag])
    ),
    Effect.catchAllCause((cause) => Effect.as(say(Cause.pretty(cause, { renderErrorCause: true })), exitCodes.Failed)),
    Effect.provide(Layer.merge(NodeContext.layer, CliConfig.layer({ showBuiltIns: false })))
  )
  process.exitCode = await Effect.runPromise(program)
}
