/** `stopcopy bundle create OUT JOURNAL...`: one compressed file with everything about a correlation id, or whole journals. */
import { FileSystem } from "@effect/platform/FileSystem"
import { Bundle } from "@stopcopy/debugger"
import { Clock, Effect, Option } from "effect"
import { plural } from "../Columns.ts"
import { reading } from "../journal/Reading.ts"
import type { OpenedSource } from "../journal/Sources.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { misuse, Misuse, type Negative } from "../Outcome.ts"
import { registry } from "../replay/Registry.ts"
import { checkOut, unwritable } from "./Out.ts"

interface CreateOptions {
  readonly out: string
  readonly files: ReadonlyArray<string>
  readonly correlation: Option.Option<string>
  readonly redact: ReadonlyArray<string>
  readonly json: boolean
}

const microsPerMilli = 1000

/** A field that nothing has is misspelt: what was to be hidden would be in the file. */
const checkRedacted = ({ redacted, unseen }: Bundle.CreatedBundle): Effect.Effect<void, Misuse> => {
  const unknown = [...redacted].find(([, count]) => count === 0)
  return unknown === undefined || unseen > 0
    ? Effect.void
    : new Misuse({ message: `--redact ${unknown[0]}: no event has such a field, nothing was written; check its name` })
}

const makeBundle = ({ correlation, redact }: CreateOptions, opened: ReadonlyArray<OpenedSource>) =>
  Effect.gen(function* () {
    const packed = opened.find(({ bundle }) => bundle !== undefined)
    if (packed !== undefined) {
      return yield* new Misuse({ message: `${packed.path} is a bundle already: give the journals it was made from` })
    }
    const inputs = opened.map(({ source: { journal, label } }) => ({ label, journal }))
    const made = yield* Bundle.create(inputs, {
      registry,
      created: (yield* Clock.currentTimeMillis) * microsPerMilli,
      redact,
      ...Option.match(correlation, { onNone: () => ({}), onSome: (id) => ({ correlation: id }) })
    }).pipe(Effect.catchTags({ BadField: misuse, NoSuchCorrelation: misuse }))
    yield* checkRedacted(made)
    return made
  })

const madeLines = (
  { files, out }: CreateOptions,
  { batches, bytes, redacted, starts, unseen }: Bundle.CreatedBundle
) => {
  const hidden = [...redacted].map(([field, count]) => `${field} ${plural(count, "time")}`)
  return [
    `${out}: ${plural(files.length, "journal")}, ${plural(batches, "batch").replace(/batchs$/, "batches")}, ` +
      `${plural(starts, "starting state")}, ${plural(bytes.byteLength, "byte")}`,
    ...(hidden.length === 0 ? [] : [`  redacted: ${hidden.join(", ")}`]),
    ...(unseen === 0 ? [] : [`  left out, because nobody can look into them: ${plural(unseen, "payload")}`])
  ]
}

/** Writes the bundle; a file that exists is never written to. */
export const createBundle = (options: CreateOptions): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  Effect.gen(function* () {
    yield* checkOut(options.out)
    const files = yield* FileSystem
    yield* reading(options.files, (opened) =>
      Effect.gen(function* () {
        const made = yield* makeBundle(options, opened)
        yield* Effect.mapError(files.writeFile(options.out, made.bytes, { flag: "wx" }), unwritable(options.out))
        const { batches, bytes, redacted, starts, unseen } = made
        const counts = { out: options.out, journals: options.files.length, batches, starts, bytes: bytes.byteLength }
        const fields = { ...counts, redacted: Object.fromEntries(redacted), unseen }
        yield* printLines(options.json ? [jsonLine(fields)] : madeLines(options, made))
      })
    )
  })
