/** The commands about vfio-user: `conformance`, `record`, `agent`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Effect } from "effect"
import { flag, json, load, textOption, word } from "./Parts.ts"

/** `stopcopy conformance`. */
export const conformanceCommand = Command.make(
  "conformance",
  {
    socket: word("SOCKET", "The UNIX socket of a vfio-user server").pipe(Args.optional),
    only: textOption("only", "Only this clause, or this group such as arc or dma; may be given again").pipe(
      Options.repeated
    ),
    list: flag("list", "Show the clauses, and look at no server"),
    json,
    junit: textOption("junit", "Where to write the results as JUnit XML").pipe(Options.optional)
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../conformance/conformance.ts")),
      ({ conformance }) => conformance(options)
    )
).pipe(
  Command.withDescription(
    "Look whether a vfio-user server does what the protocol says; its device is reset many times. Example: stopcopy conformance /run/vf0.sock --only arc"
  )
)

/** `stopcopy record`. */
export const recordCommand = Command.make(
  "record",
  {
    listen: textOption("listen", "The socket to be made for clients").pipe(Options.withPseudoName("SOCKET")),
    connect: textOption("connect", "The socket of the server").pipe(Options.withPseudoName("SOCKET")),
    journal: textOption("journal", "Where to write the journal; must not exist").pipe(Options.withPseudoName("FILE")),
    name: textOption("name", "Name of the stream, wire/NAME. Default: that of the socket for clients").pipe(
      Options.optional
    ),
    payloads: flag("payloads", "Record all data whole, the guest's memory and keys among them"),
    fault: textOption(
      "fault",
      "A fault: 'drop COMMAND N', 'delay COMMAND N MILLIS', 'errno COMMAND N ERRNO', 'cut COMMAND N BYTES', 'corrupt COMMAND N OFFSET'; may be given again"
    ).pipe(Options.repeated)
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../record/record.ts")),
      ({ record }) => record(options)
    )
).pipe(
  Command.withDescription(
    "Stand between a vfio-user client and its server, and record what they say. Example: stopcopy record --listen /run/a.sock --connect /run/vf0.sock --journal a.db --fault 'drop REGION_WRITE 3'"
  )
)

/** `stopcopy agent`. */
export const agentCommand = Command.make(
  "agent",
  {
    device: textOption(
      "device",
      "A device: NAME=SOCKET[,guest=PATH][,free][,keeps-state][,verify=loaded]; may be given again. guest: the guest's VMM connects to PATH in place of SOCKET; free: no guest is on it; keeps-state: its server keeps its state when a connection ends; verify=loaded: what it has loaded is read back and compared"
    ).pipe(Options.withPseudoName("NAME=SOCKET"), Options.repeated),
    host: textOption("host", "What coordinators call this host. Default: agent").pipe(Options.withDefault("agent")),
    journal: textOption(
      "journal",
      "Who may run each device; the same file after a restart. Made if it is not there"
    ).pipe(Options.withPseudoName("FILE")),
    agent: textOption("agent", "HOST:PORT or unix:PATH where coordinators call; port 0: one that is free").pipe(
      Options.withPseudoName("ADDRESS")
    ),
    tokenFile: textOption("agent-token-file", "A file with the secret that callers send").pipe(Options.optional),
    tlsCert: textOption("agent-tls-cert", "A file with the agent's certificate, PEM: HOST:PORT is then https").pipe(
      Options.optional
    ),
    tlsKey: textOption("agent-tls-key", "A file with its private key, PEM").pipe(Options.optional),
    insecure: flag("agent-insecure", "Serve other machines without TLS: the token can be read on the way")
  },
  (options) =>
    Effect.flatMap(
      load(() => import("../agent/agent.ts")),
      ({ agent }) => agent(options)
    )
).pipe(
  Command.withDescription(
    "Let a coordinator move devices behind the vfio-user sockets of any server, until it is interrupted. A server has one client, the agent: a guest's VMM connects to guest=PATH. Example: stopcopy agent --device nic0=/run/nic0.sock,guest=/run/nic0.vmm --journal agent.db --agent unix:/run/agent.sock"
  )
)
