/** The commands that make bundles and say what is in one: `bundle create`, `bundle fetch`, `bundle open`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Effect } from "effect"
import { connection } from "./Connection.ts"
import { json, load, paths, textOption, word } from "./Parts.ts"

const createCommand = Command.make(
  "create",
  {
    out: word("OUT", "The file to make; must not exist"),
    files: paths("JOURNAL", "A journal; it is only read"),
    correlation: textOption("correlation", "Only what belongs to this correlation id. Default: whole journals").pipe(
      Options.optional
    ),
    redact: textOption(
      "redact",
      "A field whose values are left out, by name or as a path with dots, in events, commands and states; may be given again"
    ).pipe(Options.repeated),
    json
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../bundle/create.ts")),
      ({ createBundle }) => createBundle(options)
    )
).pipe(
  Command.withDescription(
    "Put everything about a correlation id into one compressed file. Example: stopcopy bundle create incident.bundle --correlation m-17 --redact vendor source.db destination.db"
  )
)

const fetchCommand = Command.make(
  "fetch",
  {
    out: word("OUT", "The file to make; must not exist"),
    id: word("ID", "A migration, as stopcopy list shows it"),
    attempt: Options.integer("attempt").pipe(
      Options.withDescription("Which attempt, from 1. Default: the last one"),
      Options.optional
    ),
    redact: textOption("redact", "A field whose values stay on their hosts; may be given again").pipe(Options.repeated),
    ...connection
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../operate/fetchBundle.ts")),
      ({ fetchBundle }) => fetchBundle(options)
    )
).pipe(
  Command.withDescription(
    "Get everything that a coordinator and both hosts recorded for a migration as one file. Example: stopcopy bundle fetch incident.bundle m-17"
  )
)

const openCommand = Command.make("open", { file: word("BUNDLE", "A bundle; it is only read"), json }, (options) =>
  Effect.flatMap(
    load(() => import("../bundle/open.ts")),
    ({ openBundle }) => openBundle(options)
  )
).pipe(Command.withDescription("Show what is in a bundle. The other commands take it in place of a journal"))

/** `stopcopy bundle`. */
export const bundleCommand = Command.make("bundle").pipe(
  Command.withDescription("Make an incident bundle out of journals, or show what is in one"),
  Command.withSubcommands([createCommand, fetchCommand, openCommand])
)
