/**
 * The command line: commands, arguments, options, help. What they do is in modules of their own, which are loaded only when they run:
 * help and misuse are answered without the device and its schemas.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Console, Effect } from "effect"
import { bundleCommand } from "./commands/Bundles.ts"
import { evacuateCommand, hostCommand, policyCommand, vfCommand } from "./commands/Fleet.ts"
import {
  blameCommand,
  compareCommand,
  diffCommand,
  replayCommand,
  verifyCommand,
  whyCommand
} from "./commands/Inspect.ts"
import {
  cancelCommand,
  listCommand,
  migrateCommand,
  preflightCommand,
  redirectCommand,
  resolveCommand,
  showCommand,
  watchCommand
} from "./commands/Migrations.ts"
import { flag, load, textOption, word } from "./commands/Parts.ts"
import { agentCommand, conformanceCommand, recordCommand } from "./commands/VfioUser.ts"
import { Misuse } from "./Outcome.ts"
import { version } from "./Version.ts"

const decodeCommand = Command.make(
  "decode",
  {
    file: word("FILE", "The block, binary or as hex text; - or nothing reads standard input").pipe(Args.optional),
    json: flag("json", "Print the tree as JSON")
  },
  (options) =>
    Effect.flatMap(
      load(() => import("./decode/decode.ts")),
      ({ decode }) => decode(options)
    )
).pipe(Command.withDescription("Show the tree of a QAT migration block, up to the first bad place if it is corrupt"))

const programOption = (name: "emulator" | "coordinator") =>
  textOption(
    name,
    `The ${name}'s program, a file that Node runs. Default: the one that lies beside this program in a clone`
  ).pipe(Options.optional)

const programs = { emulator: programOption("emulator"), coordinator: programOption("coordinator") }

const demoCommand = Command.make(
  "demo",
  {
    journal: textOption(
      "journal",
      "Where to write the first host's journal; the others are beside it, demo-beta.db and demo-coordinator.db for demo.db. None may exist. Default: a fresh folder"
    ).pipe(Options.optional),
    ...programs
  },
  (options) =>
    Effect.flatMap(
      load(() => import("./demo/demo.ts")),
      ({ demo }) => demo(options)
    )
).pipe(
  Command.withDescription(
    "Start two emulators and a coordinator, have it migrate busy QAT VFs live from one to the other, and check the result"
  )
)

const startCommand = Command.make(
  "start",
  {
    port: textOption(
      "port",
      "Where the coordinator listens, on this machine alone; 0: one that is free. Default: 7700, or one that is free if that is in use"
    ).pipe(Options.optional),
    data: textOption(
      "data",
      "A folder for the journals: made if it is not there; a fleet that is in it goes on. Default: one that goes with it"
    ).pipe(Options.withPseudoName("DIR"), Options.optional),
    ...programs
  },
  (options) =>
    Effect.flatMap(
      load(() => import("./start/start.ts")),
      ({ start }) => start(options)
    )
).pipe(
  Command.withDescription(
    "Start a small fleet to try out: two emulators with guests at work, and a coordinator; until Ctrl-C. Example: stopcopy start --port 7701"
  )
)

/** The scripts of each shell; those of the root, which is made below. */
const shells: Readonly<Record<string, () => Effect.Effect<ReadonlyArray<string>>>> = {
  bash: () => Command.getBashCompletions(stopcopy, "stopcopy"),
  zsh: () => Command.getZshCompletions(stopcopy, "stopcopy"),
  fish: () => Command.getFishCompletions(stopcopy, "stopcopy")
}

const completionsCommand = Command.make(
  "completions",
  { shell: word("SHELL", "bash, zsh or fish") },
  ({ shell }): Effect.Effect<void, Misuse> => {
    const script = shells[shell]
    return script === undefined
      ? new Misuse({ message: `there is no completion for '${shell}': use one of ${Object.keys(shells).join(", ")}` })
      : Effect.flatMap(script(), (lines) => Console.log(lines.join("\n")))
  }
).pipe(
  Command.withDescription(
    'Print the completion script of a shell. Example: eval "$(stopcopy completions bash)" in ~/.bashrc'
  )
)

/** The whole command line, with every command. */
export const stopcopy = Command.make("stopcopy").pipe(
  Command.withDescription("Live migration of VFIO devices: try it, operate a fleet, look into blocks and journals"),
  Command.withSubcommands([
    demoCommand,
    startCommand,
    decodeCommand,
    replayCommand,
    diffCommand,
    blameCommand,
    whyCommand,
    verifyCommand,
    compareCommand,
    bundleCommand,
    conformanceCommand,
    recordCommand,
    agentCommand,
    hostCommand,
    vfCommand,
    preflightCommand,
    migrateCommand,
    watchCommand,
    listCommand,
    showCommand,
    cancelCommand,
    redirectCommand,
    resolveCommand,
    evacuateCommand,
    policyCommand,
    completionsCommand
  ])
)

/** Runs what the arguments say; `argv` as Node gives it. */
export const run = Command.run(stopcopy, { name: "stopcopy", version, executable: "stopcopy" })
