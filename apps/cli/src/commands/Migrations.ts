/** The commands about migrations: `preflight`, `migrate`, `watch`, `list`, `show`, `cancel`, `redirect`, `resolve`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Effect } from "effect"
import { connection } from "./Connection.ts"
import { flag, load, textOption, word } from "./Parts.ts"

const id = word("ID", "A migration or an evacuation, as stopcopy list shows it")

/** Whether the command ends with what it began. Absent is `true`: what `--no-wait` denies. */
export const waitOption: Options.Options<boolean> = Options.boolean("no-wait", {
  ifPresent: false,
  negationNames: ["wait"]
}).pipe(Options.withDescription("End at once, with its id; --wait, the default: show how it goes until it ends"))

export const priorityOption = textOption("priority", "0 to 9; 9 goes first. Default: 5").pipe(Options.optional)

export const keyOption = textOption(
  "key",
  "An idempotency key, 8 to 128 characters: repeated with the same one it is begun once. Default: a new one"
).pipe(Options.optional)

const incoming = flag("incoming", "A VMM that is attached to the destination waits for this guest")

const asked = {
  vfs: word("VF", "A VF as HOST/VF, such as alpha/pf0/vf1; all VFs of one virtual machine").pipe(Args.repeated),
  group: textOption("group", "What the virtual machine is called; alone: the VFs of that group").pipe(Options.optional),
  to: textOption("to", "HOST, or HOST/VF once for each VF. Default: the coordinator chooses").pipe(Options.repeated),
  incoming
}

/** `stopcopy preflight`. */
export const preflightCommand = Command.make("preflight", { ...asked, ...connection }, (options) =>
  Effect.flatMap(
    load(() => import("../operate/preflight.ts")),
    ({ preflight }) => preflight(options)
  )
).pipe(
  Command.withDescription(
    "Tell everything that speaks against a migration, all at once; nothing is begun. Example: stopcopy preflight alpha/pf0/vf1 --to beta"
  )
)

/** `stopcopy migrate`. */
export const migrateCommand = Command.make(
  "migrate",
  {
    ...asked,
    wait: waitOption,
    priority: priorityOption,
    downtimeLimit: textOption(
      "downtime-limit",
      "How long the guest may stand still: 300ms, 2s. Default: as the policy says"
    ).pipe(Options.withPseudoName("TIME"), Options.optional),
    patience: textOption(
      "patience",
      "When the forecast is above the limit: wait in PRE_COPY up to so long for a better moment. Default: go back at once"
    ).pipe(Options.withPseudoName("TIME"), Options.optional),
    key: keyOption,
    ...connection
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../operate/migrate.ts")),
      ({ migrate }) => migrate(options)
    )
).pipe(
  Command.withDescription(
    "Move the VFs of a virtual machine live to another host. Example: stopcopy migrate alpha/pf0/vf1 --to beta --downtime-limit 300ms"
  )
)

/** `stopcopy watch`. */
export const watchCommand = Command.make(
  "watch",
  {
    id: id.pipe(Args.optional),
    events: flag("events", "Events of the migration in place of its progress"),
    after: textOption("after", "Events behind this sequence. Default: those to come").pipe(Options.optional),
    noFollow: flag("no-follow", "End with the last event that there is"),
    ...connection
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../operate/watch.ts")),
      ({ watch }) => watch(options)
    )
).pipe(
  Command.withDescription(
    "Watch a migration or an evacuation until it ends; without an id everything that happens, event by event"
  )
)

/** `stopcopy list`. */
export const listCommand = Command.make(
  "list",
  {
    live: flag("live", "Only migrations that have not ended"),
    phase: textOption("phase", "Only migrations in this phase, such as pre-copy").pipe(Options.optional),
    host: textOption("host", "Only migrations from or to this host").pipe(Options.optional),
    group: textOption("group", "Only migrations of this group").pipe(Options.optional),
    evacuation: textOption("evacuation", "Only migrations of this evacuation").pipe(Options.optional),
    evacuations: flag("evacuations", "Evacuations in place of migrations"),
    limit: textOption("limit", "At most so many, up to 500. Default: 50").pipe(Options.optional),
    after: textOption("after", "The page behind this migration").pipe(Options.optional),
    ...connection
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../operate/list.ts")),
      ({ list }) => list(options)
    )
).pipe(Command.withDescription("List migrations, the newest first. Example: stopcopy list --live --host alpha"))

/** `stopcopy show`. */
export const showCommand = Command.make("show", { id, ...connection }, (options) =>
  Effect.flatMap(
    load(() => import("../operate/show.ts")),
    ({ show }) => show(options)
  )
).pipe(Command.withDescription("Show everything about a migration or an evacuation"))

/** `stopcopy cancel`. */
export const cancelCommand = Command.make(
  "cancel",
  {
    id,
    reason: textOption("reason", "Why, for those who come after").pipe(Options.withDefault("")),
    wait: waitOption,
    ...connection
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../operate/cancel.ts")),
      ({ cancel }) => cancel(options)
    )
).pipe(
  Command.withDescription(
    "Cancel a migration: the guest goes on at the source; or an evacuation: what has moved stays moved"
  )
)

/** `stopcopy redirect`. */
export const redirectCommand = Command.make(
  "redirect",
  {
    id: word("ID", "A migration that waits"),
    to: textOption("to", "HOST, or HOST/VF once for each VF. Default: the coordinator chooses").pipe(Options.repeated),
    incoming,
    ...connection
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../operate/redirect.ts")),
      ({ redirect }) => redirect(options)
    )
).pipe(
  Command.withDescription(
    "Choose another destination for a migration that waits; it keeps its place in the queue. Example: stopcopy redirect m-1 --to gamma"
  )
)

/** `stopcopy resolve`. */
export const resolveCommand = Command.make(
  "resolve",
  {
    id: word("ID", "A migration that is in doubt"),
    verdict: textOption(
      "verdict",
      "source or destination: the side that has the guest. Without it the consequences are shown"
    ).pipe(Options.withPseudoName("SIDE"), Options.optional),
    yes: flag("yes", "The consequences have been read: do not ask"),
    ...connection
  },
  (options) =>
    Effect.flatMap(
      load(() => Promise.all([import("../operate/resolve.ts"), import("../operate/Answers.ts")])),
      ([{ resolve }, { Answers }]) => Effect.provide(resolve(options), Answers.layerProcess)
    )
).pipe(
  Command.withDescription("Say which side has the guest of a migration in doubt; what follows from that is shown first")
)
