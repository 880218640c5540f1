/** The command line: commands, options, help. What they do is in modules of their own, which are loaded only when they run. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Effect, Option } from "effect"
import { kindNames } from "./commands/faultText.ts"
import { logging, logLevels } from "@stopcopy/service"
import { version } from "./Version.ts"

const text = (name: string, description: string) => Options.text(name).pipe(Options.withDescription(description))
const optional = (name: string, description: string) => Options.optional(text(name, description))
const whole = (name: string, description: string) => Options.integer(name).pipe(Options.withDescription(description))
const flag = (name: string, description: string) => Options.boolean(name).pipe(Options.withDescription(description))

const load = <A>(module: () => Promise<A>): Effect.Effect<A> => Effect.promise(module)
const given = Option.getOrUndefined

const tokenFile = optional("agent-token-file", "A file with the secret that callers of the agent send")

const serveCommand = Command.make(
  "serve",
  {
    config: optional("config", "A JSON file with everything that stands here; options win"),
    pfs: text("pf", "A PF: NAME=TYPE:VFS[,services=sym;dc][,capabilities=MASK][,fuses=MASK][,mode=kernel]").pipe(
      Options.repeated
    ),
    slas: text("sla", "A promise to a VF: NAME/vfN=SERVICE:CIR:PIR, rates in permille").pipe(Options.repeated),
    host: optional("host", "What the agent calls this host. Default: emulator"),
    socketDir: optional("socket-dir", "Where sockets go: DIR/NAME/vfN.sock"),
    journal: optional("journal", "The journal; made if it is not there, else its devices go on as they are recorded"),
    agent: optional("agent", "HOST:PORT or unix:PATH of the agent, /healthz and /metrics; port 0: one that is free"),
    tokenFile,
    tlsCert: optional("agent-tls-cert", "A file with the agent's certificate, PEM: HOST:PORT is then https"),
    tlsKey: optional("agent-tls-key", "A file with its private key, PEM"),
    insecure: flag("agent-insecure", "Serve the agent to other machines without TLS: the token can be read on the way"),
    noDescriptors: flag("no-descriptors", "Pass no file descriptors: all memory and interrupts by messages"),
    untilStdinEnds: flag("until-stdin-ends", "End as after SIGTERM when standard input ends, too: for a child process"),
    drainSeconds: Options.float("drain-seconds").pipe(
      Options.withDescription("How long guests may take to leave at the end. Default: 5"),
      Options.optional
    ),
    otlpUrl: optional("otlp-url", "Where a collector of OpenTelemetry takes traces. Default: nowhere"),
    logLevel: Options.choice("log-level", logLevels).pipe(
      Options.withDescription("What is logged on standard error. Default: info"),
      Options.withDefault("info" as const)
    )
  },
  ({ logLevel, ...options }) =>
    Effect.flatMap(
      load(() => import("./commands/serve.ts")),
      ({ serve }) =>
        serve({
          ...options,
          config: given(options.config),
          host: given(options.host),
          socketDir: given(options.socketDir),
          journal: given(options.journal),
          agent: given(options.agent),
          tokenFile: given(options.tokenFile),
          tlsCert: given(options.tlsCert),
          tlsKey: given(options.tlsKey),
          drainSeconds: given(options.drainSeconds),
          otlpUrl: given(options.otlpUrl)
        })
    ).pipe(Effect.provide(logging(logLevel, process.stderr.isTTY)))
).pipe(Command.withDescription("Host PFs with their VFs, one vfio-user socket for each VF, until SIGTERM or SIGINT"))

const toAgent = {
  agent: text("agent", "The agent of a running emulator: HOST:PORT, https://HOST:PORT or unix:PATH"),
  tokenFile,
  ca: optional(
    "agent-ca",
    "A file with the authority that its certificate is from, PEM. Default: those that Node knows"
  ),
  fingerprint: optional("agent-fingerprint", "SHA-256 of its certificate: believe that one, whatever its authority"),
  insecure: flag("agent-insecure", "Send the token to another machine without TLS: it can be read on the way"),
  json: flag("json", "Print JSON, one object a line")
}

type ToAgent = Readonly<Record<"tokenFile" | "ca" | "fingerprint", Option.Option<string>>>

/** Options that were not given are undefined. */
const reached = <A extends ToAgent>(options: A) => ({
  ...options,
  tokenFile: given(options.tokenFile),
  ca: given(options.ca),
  fingerprint: given(options.fingerprint)
})

const fault = load(() => import("./commands/fault.ts"))

const injectCommand = Command.make(
  "inject",
  {
    kind: Args.choice(
      kindNames.map((name) => [name, name] as const),
      { name: "KIND" }
    ).pipe(Args.withDescription("What goes wrong")),
    ...toAgent,
    device: optional("device", "Where: a VF such as a/vf0. Default: every one"),
    message: optional("message", "What meets it: REGION_READ, SetState, Drain ... Default: whatever can"),
    nth: whole("nth", "The first message that meets it, from 1 on. Default: 1").pipe(Options.withDefault(1)),
    count: whole("count", "How many meet it. Default: 1").pipe(Options.withDefault(1)),
    millis: whole("millis", "How long delay holds a message, in milliseconds").pipe(Options.optional),
    errno: optional("errno", "What fail answers: EBUSY, or a number"),
    offset: whole("offset", "The byte that corrupt-block changes").pipe(Options.optional),
    mask: whole("mask", "What it is changed with, by exclusive or. Default: 1").pipe(Options.optional)
  },
  (options) =>
    Effect.flatMap(fault, ({ inject }) =>
      inject({
        ...reached(options),
        device: given(options.device),
        message: given(options.message),
        millis: given(options.millis),
        errno: given(options.errno),
        offset: given(options.offset),
        mask: given(options.mask)
      })
    )
).pipe(
  Command.withDescription("Inject a fault: a message delayed, dropped or refused, a drain that hangs, a reset ...")
)

const listCommand = Command.make("list", toAgent, (options) =>
  Effect.flatMap(fault, ({ list }) => list(reached(options)))
).pipe(Command.withDescription("List faults, with how many messages they have met"))

const clearCommand = Command.make(
  "clear",
  { ...toAgent, ids: text("id", "A fault by its number. Default: all").pipe(Options.repeated) },
  (options) => Effect.flatMap(fault, ({ clear }) => clear(reached(options)))
).pipe(Command.withDescription("Take faults back"))

const faultCommand = Command.make("fault").pipe(
  Command.withDescription("Inject, list and clear faults of a running emulator"),
  Command.withSubcommands([injectCommand, listCommand, clearCommand])
)

const root = Command.make("stopcopy-emulator").pipe(
  Command.withDescription("Emulated QAT devices for VMMs, over vfio-user"),
  Command.withSubcommands([serveCommand, faultCommand])
)

/** Runs what the arguments say; `argv` as Node gives it. */
export const run = Command.run(root, { name: "stopcopy-emulator", version, executable: "stopcopy-emulator" })
