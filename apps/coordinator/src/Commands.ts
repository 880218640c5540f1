/** The command line: commands, options, help. What they do is in modules of their own, which are loaded only when they run. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Effect, Option, Record } from "effect"
import { defaults } from "./settings/settings.ts"
import { version } from "./Version.ts"

const optional = (name: string, description: string) =>
  Options.text(name).pipe(Options.withDescription(description), Options.optional)

const load = <A>(module: () => Promise<A>): Effect.Effect<A> => Effect.promise(module)

const settings = {
  listen: optional("listen", `HOST:PORT; port 0: one that is free. Default: ${defaults.listen}`),
  journal: optional(
    "journal",
    `The journal: a file, or postgres://user@host:port/database; made if it is not there. Default: ${defaults.journal}`
  ),
  tlsCert: optional("tls-cert", "A PEM file with the certificate and its chain"),
  tlsKey: optional("tls-key", "A PEM file with its key"),
  readTokens: optional("read-tokens", "A file with tokens that may read: one a line, SECRET or NAME SECRET"),
  operateTokens: optional("operate-tokens", "A file with tokens that may do everything"),
  agentToken: optional("agent-token", "A file with the secret that the agents of hosts ask for"),
  agentCa: optional("agent-ca", "A PEM file with the authorities that sign for agents. Default: those that Node knows"),
  agentAccess: optional("agent-access", "A JSON file with secrets and authorities of single agents, by their address"),
  otlpUrl: optional("otlp-url", "Where a collector of OpenTelemetry takes traces. Default: nowhere"),
  logLevel: optional("log-level", "What is logged on standard error: debug, info, warning, error, none. Default: info"),
  graceSeconds: optional("grace-seconds", `How long answers may go out at the end. Default: ${defaults.graceSeconds}`),
  bodyKib: optional("body-kib", `The longest body of a request, in KiB. Default: ${defaults.bodyKib}`),
  connections: optional("connections", `Connections at once. Default: ${defaults.connections}`),
  console: optional("console", "A folder with the console; none: it is not served. Default: where it is found"),
  historyDays: optional(
    "history-days",
    `How many days of history are kept whole; 0: all of it. Default: ${defaults.historyDays}`
  )
}

const serveCommand = Command.make(
  "serve",
  {
    config: optional("config", "A JSON file with settings; the environment and options win"),
    untilStdinEnds: Options.boolean("until-stdin-ends").pipe(
      Options.withDescription("End as after SIGTERM when standard input ends, too: for a child process")
    ),
    ...settings
  },
  ({ config, untilStdinEnds, ...given }) =>
    Effect.flatMap(
      load(() => import("./commands/serve.ts")),
      ({ serve }) => serve(Record.getSomes(given), Option.getOrUndefined(config), process.env, untilStdinEnds)
    )
).pipe(
  Command.withDescription(
    "Coordinate migrations until SIGTERM or SIGINT. Each setting may stand in the file, in the environment (STOPCOPY_COORDINATOR_LISTEN ...) or here"
  )
)

const openApiCommand = Command.make("openapi", {}, () =>
  Effect.flatMap(
    load(() => import("./commands/openapi.ts")),
    ({ openApi }) => openApi
  )
).pipe(Command.withDescription("Print the OpenAPI document of the API"))

const root = Command.make("stopcopy-coordinator").pipe(
  Command.withDescription("Live migration of VFIO devices, run as a service"),
  Command.withSubcommands([serveCommand, openApiCommand])
)

/** Runs what the arguments say; `argv` as Node gives it. */
export const run = Command.run(root, { name: "stopcopy-coordinator", version, executable: "stopcopy-coordinator" })
