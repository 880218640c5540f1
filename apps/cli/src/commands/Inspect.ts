/** The commands that look into journals and bundles: `replay`, `diff`, `blame`, `why`, `verify`, `compare`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Effect } from "effect"
import { flag, json, load, paths, pointHelp, sourceHelp, textOption, word } from "./Parts.ts"

const file = word("JOURNAL|BUNDLE", sourceHelp)
const stream = textOption("stream", "Only this stream and those it owns, such as vf/a/vf0").pipe(Options.optional)
const at = (description: string) =>
  textOption("at", description).pipe(Options.withPseudoName("POINT"), Options.optional)

const filters = {
  stream,
  type: textOption("type", "Only events of this type, such as ArcTaken").pipe(Options.optional),
  text: textOption("text", "Only events with this text in stream, type or payload").pipe(Options.optional),
  regex: textOption("regex", "Only events with a match of this regular expression there").pipe(Options.optional),
  correlation: textOption("correlation", "Only events with this correlation id").pipe(Options.optional),
  failures: flag("failures", "Only failures"),
  from: textOption("from", "Only events at this time or later, such as 2026-01-02T03:04:05Z").pipe(Options.optional),
  to: textOption("to", "Only events at this time or earlier; a date alone means the end of that day").pipe(
    Options.optional
  )
}

/** `stopcopy replay`. */
export const replayCommand = Command.make(
  "replay",
  {
    files: paths("JOURNAL|BUNDLE", `${sourceHelp}. Several are merged by time`),
    ...filters,
    tree: flag("tree", "Show what led to what, as trees"),
    at: at(`Show the state of every actor, or of --stream, after this event: ${pointHelp}`),
    interactive: flag("interactive", "Step through the events in the terminal; ? there shows the keys"),
    json
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../replay/replay.ts")),
      ({ replay }) => replay(options)
    )
).pipe(
  Command.withDescription(
    "Show the timeline of journals, what led to what, or states at a moment. Examples: stopcopy replay demo.db --failures; stopcopy replay demo.db --at 340 --stream vf/a/vf0"
  )
)

/** `stopcopy diff`. */
export const diffCommand = Command.make(
  "diff",
  { file, from: word("A", `From after this event: ${pointHelp}`), to: word("B", "To after this one"), stream, json },
  (options) =>
    Effect.flatMap(
      load(() => import("../inspect/diff.ts")),
      ({ diff }) => diff(options)
    )
).pipe(
  Command.withDescription(
    "Show what changed in the states of actors between two points, field by field. Example: stopcopy diff demo.db 298 340"
  )
)

/** `stopcopy blame`. */
export const blameCommand = Command.make(
  "blame",
  {
    file,
    stream: word("STREAM", "Stream of an actor, such as vf/a/vf0"),
    field: word("FIELD", "A field of its state; fields inside it after dots, such as files.0"),
    at: at(`Only events up to this one: ${pointHelp}`),
    json
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../inspect/blame.ts")),
      ({ blame }) => blame(options)
    )
).pipe(
  Command.withDescription(
    "Show the event that last set a field of a state, and every one before it. Example: stopcopy blame demo.db vf/a/vf0 migrationState"
  )
)

/** `stopcopy why`. */
export const whyCommand = Command.make(
  "why",
  {
    file,
    point: word("EVENT", `An event: ${pointHelp}`),
    others: word("MORE", "Other journals in which causes and effects may be").pipe(Args.repeated),
    json
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../inspect/why.ts")),
      ({ why }) => why(options)
    )
).pipe(
  Command.withDescription(
    "Show what led to an event, up to the first cause, and what it led to. Example: stopcopy why demo.db 340"
  )
)

/** `stopcopy verify`. */
export const verifyCommand = Command.make("verify", { files: paths("JOURNAL|BUNDLE", sourceHelp), json }, (options) =>
  Effect.flatMap(
    load(() => import("../inspect/verify.ts")),
    ({ verify }) => verify(options)
  )
).pipe(
  Command.withDescription(
    "Check hashes, numbers and snapshots, and decide every stored command again. Example: stopcopy verify demo.db"
  )
)

/** `stopcopy compare`. */
export const compareCommand = Command.make(
  "compare",
  {
    a: word("RUN_A", sourceHelp),
    b: word("RUN_B", "Another run of the same thing"),
    ignore: textOption("ignore", "A field of payloads that may differ, such as pfVersion; may be given again").pipe(
      Options.repeated
    ),
    strictOrder: flag("strict-order", "Compare the order of events across streams too"),
    json
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../inspect/compare.ts")),
      ({ compare }) => compare(options)
    )
).pipe(
  Command.withDescription(
    "Find the first event in which two runs differ; times do not count. Example: stopcopy compare monday.db tuesday.db"
  )
)
