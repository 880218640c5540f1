/** The commands about vfio-user: `conformance`, `record`. */
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
