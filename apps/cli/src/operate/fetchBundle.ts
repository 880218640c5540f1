/** `stopcopy bundle fetch OUT ID`: everything that the coordinator and both hosts recorded for a migration, as one file. */
import { FileSystem } from "@effect/platform/FileSystem"
import { Bundle } from "@stopcopy/debugger"
import { Effect, Option } from "effect"
import { checkOut, unwritable } from "../bundle/Out.ts"
import { plural } from "../Columns.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { negative, type Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { Coordinator, type OperateOptions, operating } from "./Coordinator.ts"

interface FetchOptions extends OperateOptions {
  readonly out: string
  readonly id: string
  readonly attempt: Option.Option<number>
  readonly redact: ReadonlyArray<string>
}

/** What was written, and what is missing in it. */
const writtenLines = (out: string, bytes: number, { journals, missing = [] }: Bundle.OpenedBundle["header"]) => [
  `${out}: ${plural(journals.length, "journal")} (${journals.map(({ label }) => label).join(", ")}), ${plural(bytes, "byte")}`,
  ...missing.map(({ label, reason }) => `  missing: ${label}: ${reason}`)
]

const fetched = ({ attempt, id, json, out, redact }: FetchOptions) =>
  Effect.gen(function* () {
    yield* checkOut(out)
    const { client } = yield* Coordinator
    const urlParams = {
      ...(redact.length === 0 ? {} : { redact }),
      ...Option.match(attempt, { onNone: () => ({}), onSome: (number) => ({ attempt: number }) })
    }
    const bytes = yield* client.migrations.bundle({ path: { id }, urlParams })
    const { header } = yield* Effect.mapError(Bundle.open(out, new Uint8Array(bytes)), negative)
    const files = yield* FileSystem
    yield* Effect.mapError(files.writeFile(out, bytes, { flag: "wx" }), unwritable(out))
    const fields = { out, bytes: bytes.length, journals: header.journals, missing: header.missing ?? [] }
    yield* printLines(json ? [jsonLine(fields)] : writtenLines(out, bytes.length, header))
  }).pipe(Effect.scoped)

/** Writes the bundle; a file that exists is never written to. */
export const fetchBundle = (options: FetchOptions): Effect.Effect<void, Outcome, FileSystem | Terminal> =>
  operating(options, fetched(options))
