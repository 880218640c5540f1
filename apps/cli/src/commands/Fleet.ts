/** The commands about what a fleet has, and its emptying: `host`, `vf`, `evacuate`, `policy`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Effect } from "effect"
import { connection } from "./Connection.ts"
import { flag, load, paths, textOption, word } from "./Parts.ts"
import { keyOption, priorityOption, waitOption } from "./Migrations.ts"

const host = word("HOST", "A host, by the name that its agent has")
const place = word("HOST|PF", "A host, or a PF as HOST/PF")
const vfs = paths("VF", "A VF as HOST/VF, such as alpha/pf0/vf1; all VFs of one virtual machine")
const reason = textOption("reason", "Why, for those who come after").pipe(Options.withDefault(""))

const loadHost = load(() => import("../operate/host.ts"))
const loadVf = load(() => import("../operate/vf.ts"))
const loadPolicy = load(() => import("../operate/policy.ts"))

/** `stopcopy host`. */
export const hostCommand = Command.make("host").pipe(
  Command.withDescription("The hosts that the coordinator knows, and which take no new guests"),
  Command.withSubcommands([
    Command.make("list", connection, (options) => Effect.flatMap(loadHost, ({ listHosts }) => listHosts(options))).pipe(
      Command.withDescription("List hosts with their health")
    ),
    Command.make(
      "add",
      {
        name: host,
        address: word("ADDRESS", "Where its agent is: HOST:PORT, https://HOST:PORT or unix:PATH"),
        ...connection
      },
      (options) => Effect.flatMap(loadHost, ({ addHost }) => addHost(options))
    ).pipe(
      Command.withDescription(
        "Register a host: its agent is asked at once. Example: stopcopy host add alpha https://10.0.0.1:7710"
      )
    ),
    Command.make("show", { name: host, ...connection }, (options) =>
      Effect.flatMap(loadHost, ({ showHost }) => showHost(options))
    ).pipe(Command.withDescription("Show a host with its PFs")),
    Command.make("remove", { name: host, ...connection }, (options) =>
      Effect.flatMap(loadHost, ({ removeHost }) => removeHost(options))
    ).pipe(Command.withDescription("Forget a host; its devices run on")),
    Command.make("cordon", { place, reason, ...connection }, (options) =>
      Effect.flatMap(loadHost, ({ cordon }) => cordon(options))
    ).pipe(Command.withDescription("Keep a host or a PF free of new guests; what runs there runs on")),
    Command.make("uncordon", { place, ...connection }, (options) =>
      Effect.flatMap(loadHost, ({ uncordon }) => uncordon(options))
    ).pipe(Command.withDescription("Let guests move to a host or a PF again"))
  ])
)

/** `stopcopy vf`. */
export const vfCommand = Command.make("vf").pipe(
  Command.withDescription(
    "VFs of the fleet, where they could move and why not, and which belong to one virtual machine"
  ),
  Command.withSubcommands([
    Command.make(
      "list",
      {
        place: place.pipe(Args.optional),
        state: textOption("state", "Only VFs in this state, such as RUNNING").pipe(Options.optional),
        ...connection
      },
      (options) => Effect.flatMap(loadVf, ({ listVfs }) => listVfs(options))
    ).pipe(Command.withDescription("List VFs of the fleet, of a host or of a PF")),
    Command.make("show", { vf: word("VF", "A VF as HOST/VF"), ...connection }, (options) =>
      Effect.flatMap(loadVf, ({ showVf }) => showVf(options))
    ).pipe(Command.withDescription("Show a VF. Example: stopcopy vf show alpha/pf0/vf1")),
    Command.make("placements", { vfs, ...connection }, (options) =>
      Effect.flatMap(loadVf, ({ placements }) => placements(options))
    ).pipe(Command.withDescription("Tell of every other host whether the VFs fit there, and every reason why not")),
    Command.make("groups", connection, (options) =>
      Effect.flatMap(loadVf, ({ listGroups }) => listGroups(options))
    ).pipe(Command.withDescription("List groups: the VFs of one virtual machine each")),
    Command.make("group", { name: word("NAME", "What the virtual machine is called"), vfs, ...connection }, (options) =>
      Effect.flatMap(loadVf, ({ defineGroup }) => defineGroup(options))
    ).pipe(Command.withDescription("Say which VFs belong to one virtual machine: they move together, with one commit")),
    Command.make("ungroup", { name: word("NAME", "A group"), ...connection }, (options) =>
      Effect.flatMap(loadVf, ({ forgetGroup }) => forgetGroup(options))
    ).pipe(Command.withDescription("Forget a group; its VFs are groups of their own"))
  ])
)

/** `stopcopy evacuate`. */
export const evacuateCommand = Command.make(
  "evacuate",
  {
    place,
    yes: flag("yes", "Do it: cordon, and move everything that can move. Without it only the plan is shown"),
    wait: waitOption,
    priority: priorityOption,
    key: keyOption,
    ...connection
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../operate/evacuate.ts")),
      ({ evacuate }) => evacuate(options)
    )
).pipe(
  Command.withDescription(
    "Empty a host or a PF: what moves where, what is refused and why, what will stop; with --yes it is done. Example: stopcopy evacuate alpha/pf0 --yes"
  )
)

/** `stopcopy policy`. */
export const policyCommand = Command.make("policy").pipe(
  Command.withDescription("Limits, retries, circuit breakers and the downtime limit of the fleet"),
  Command.withSubcommands([
    Command.make("get", connection, (options) =>
      Effect.flatMap(loadPolicy, ({ getPolicy }) => getPolicy(options))
    ).pipe(Command.withDescription("Show the policy")),
    Command.make(
      "set",
      { changes: paths("NAME=VALUE", "A value by its name, as policy get shows it"), ...connection },
      (options) => Effect.flatMap(loadPolicy, ({ setPolicy }) => setPolicy(options))
    ).pipe(
      Command.withDescription(
        "Change values of the policy; the others stay. Example: stopcopy policy set limits.host=4 retry.attempts=3"
      )
    )
  ])
)
