/**
 * The command line: commands, arguments, options, help. What they do is in `decode`, `replay` and `demo`, which are loaded
 * only when they run: help and misuse are answered without the device and its schemas.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import { Effect } from "effect"
import { version } from "./Version.ts"

/** A path. What looks like an option is one that does not exist. */
const path = (name: string, description: string): Args.Args<string> =>
  Args.text({ name }).pipe(
    Args.withDescription(description),
    Args.mapEffect((given) =>
      given.startsWith("-") && given !== "-"
        ? Effect.fail(HelpDoc.p(`there is no option '${given}'; a file of that name is './${given}'`))
        : Effect.succeed(given)
    )
  )

/** A whole number; the message names the option. */
const sequence = (name: string): Options.Options<number> =>
  Options.text(name).pipe(
    Options.withPseudoName("integer"),
    Options.mapEffect((given) =>
      /^-?\d+$/.test(given) && Number.isSafeInteger(Number(given))
        ? Effect.succeed(Number(given))
        : Effect.fail(
            ValidationError.invalidValue(
              HelpDoc.p(`--${name} wants the sequence of an event, a number, not '${given}'`)
            )
          )
    )
  )

/** A part of the program that is missing is a broken installation: a defect. */
const load = <A>(module: () => Promise<A>): Effect.Effect<A> => Effect.promise(module)

const decodeCommand = Command.make(
  "decode",
  {
    file: path("FILE", "The block, binary or as hex text; - or nothing reads standard input").pipe(Args.optional),
    json: Options.boolean("json").pipe(Options.withDescription("Print the tree as JSON"))
  },
  (options) =>
    Effect.flatMap(
      load(() => import("./decode/decode.ts")),
      ({ decode }) => decode(options)
    )
).pipe(Command.withDescription("Show the tree of a QAT migration block, up to the first bad place if it is corrupt"))

const replayCommand = Command.make(
  "replay",
  {
    journal: path("JOURNAL", "A journal file; it is only read"),
    stream: Options.text("stream").pipe(
      Options.withDescription("Only this stream and those it owns, such as vf/0000:6b:00.2"),
      Options.optional
    ),
    at: sequence("at").pipe(
      Options.withDescription("Show the state of an actor after this event (its sequence)"),
      Options.optional
    ),
    json: Options.boolean("json").pipe(Options.withDescription("Print whole payloads or states as JSON"))
  },
  (options) =>
    Effect.flatMap(
      load(() => import("./replay/replay.ts")),
      ({ replay }) => replay(options)
    )
).pipe(Command.withDescription("Show the timeline of a journal, or the state of an actor after an event"))

const demoCommand = Command.make(
  "demo",
  {
    journal: Options.text("journal").pipe(
      Options.withDescription(
        "Where to write the journal; must not exist. Default: a fresh file in a temporary folder"
      ),
      Options.optional
    )
  },
  (options) =>
    Effect.flatMap(
      load(() => import("./demo/demo.ts")),
      ({ demo }) => demo(options)
    )
).pipe(Command.withDescription("Migrate an emulated QAT VF live from one PF to another, and check the result"))

const stopcopy = Command.make("stopcopy").pipe(
  Command.withDescription("Live migration of QAT VFs: try it, look into blocks and journals"),
  Command.withSubcommands([demoCommand, decodeCommand, replayCommand])
)

/** Runs what the arguments say; `argv` as Node gives it. */
export const run = Command.run(stopcopy, { name: "stopcopy", version, executable: "stopcopy" })
