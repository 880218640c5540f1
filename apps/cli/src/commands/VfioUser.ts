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
