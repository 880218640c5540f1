/** Journals and bundles by their paths, as sources of the debugger. What a file is, its content says. They are only read. */
import type { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import { Bundle, BundleTooLarge, type Source } from "@stopcopy/debugger"
import { Journal, type ReadError, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Chunk, Context, Effect, Layer, type Scope, Stream } from "effect"
import { createHash } from "node:crypto"
import { basename } from "node:path"
import { tellOfTapes } from "./OnTapes.ts"
import { withTurns } from "../JournalTurns.ts"
import { misuse, Misuse, negative, type Negative } from "../Outcome.ts"

/** Native, which is several times faster than the portable one. */
export const sha256: Verify.Sha256 = (bytes) => createHash("sha256").update(bytes).digest()

/** A source, and where it comes from. */
export interface OpenedSource {
  readonly path: string
  /** Index of the path among those that were given: the same one may be given twice. */
  readonly argument: number
  readonly source: Source
  /** The bundle that holds it, and which of its journals it is; undefined for a journal file. */
  readonly bundle: { readonly opened: Bundle.OpenedBundle; readonly index: number } | undefined
  /** Checks the hash chain. */
  readonly verify: Effect.Effect<unknown, ReadError>
}

/** What a path gives by itself. */
type Unplaced = Omit<OpenedSource, "argument">

const reasons: Readonly<Record<string, string>> = {
  NotFound: "there is no such file",
  PermissionDenied: "it may not be read"
}

const unreadable = (path: string, reason: string): Misuse =>
  new Misuse({ message: `cannot read ${path}: ${reason}; give a journal or a bundle` })

const platformMisuse =
  (path: string) =>
  (error: PlatformError): Misuse =>
    unreadable(path, error._tag === "SystemError" ? (reasons[error.reason] ?? error.message) : error.message)

/** The size of a file; refuses what is none. SQLite would call a folder an I/O error. */
const sizeOf = (path: string) =>
  Effect.gen(function* () {
    if (path === "") return yield* new Misuse({ message: "there is no journal at '': give the path of a journal file" })
    const files = yield* FileSystem
    const { size, type } = yield* files.stat(path)
    if (type === "Directory") {
      return yield* new Misuse({ message: `${path} is a directory: name the journal file in it` })
    }
    if (type !== "File") return yield* unreadable(path, "it is a pipe or a device, which cannot be read twice")
    return Number(size)
  }).pipe(
    Effect.catchTags({
      SystemError: (error) =>
        error.reason === "NotFound"
          ? new Misuse({ message: `there is no journal at ${path}: check the path` })
          : platformMisuse(path)(error),
      BadArgument: platformMisuse(path)
    })
  )

const firstBytes = (path: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const chunks = yield* Stream.runCollect(files.stream(path, { bytesToRead: 2 }))
    return Uint8Array.from(Chunk.toReadonlyArray(chunks).flatMap((chunk) => [...chunk]))
  }).pipe(Effect.mapError(platformMisuse(path)))

const openJournal = (path: string): Effect.Effect<ReadonlyArray<Unplaced>, Misuse | Negative, Scope.Scope> =>
  Layer.build(layerSqlite({ file: path, readOnly: true })).pipe(
    Effect.mapError((error) => (error._tag === "JournalDamaged" ? negative(error) : misuse(error))),
    Effect.tap((context) => Effect.mapError(tellOfTapes(path, Context.get(context, Journal)), negative)),
    Effect.map((context) => {
      const journal = withTurns(Context.get(context, Journal))
      const verify = Effect.provideService(Verify.verify(sha256), Journal, journal)
      return [{ path, source: { label: basename(path), journal }, bundle: undefined, verify }]
    })
  )

const openBundle = (path: string, size: number) =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    if (size > Bundle.maxUnpackedBytes) {
      return yield* misuse(new BundleTooLarge({ bundle: path, limit: Bundle.maxUnpackedBytes }))
    }
    const bytes = yield* Effect.mapError(files.readFile(path), platformMisuse(path))
    const opened = yield* Effect.mapError(Bundle.open(path, new Uint8Array(bytes)), (error) =>
      error._tag === "BundleDamaged" ? negative(error) : misuse(error)
    )
    return opened.journals.map(({ checkLinks, source }, index): Unplaced => ({
      path,
      source: { ...source, journal: withTurns(source.journal) },
      bundle: { opened, index },
      verify: Effect.suspend(checkLinks)
    }))
  })

const open = (path: string): Effect.Effect<ReadonlyArray<Unplaced>, Misuse | Negative, FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const size = yield* sizeOf(path)
    return Bundle.isPacked(yield* firstBytes(path)) ? yield* openBundle(path, size) : yield* openJournal(path)
  })

/** Labels that are short, unique, and without colons, which separate them from sequences. */
const labelled = (all: ReadonlyArray<OpenedSource>): ReadonlyArray<OpenedSource> => {
  const times = new Map<string, number>()
  return all.map((each) => {
    const label = basename(each.source.label).replaceAll(":", "_")
    const time = (times.get(label) ?? 0) + 1
    times.set(label, time)
    return { ...each, source: { ...each.source, label: time === 1 ? label : `${label}~${time}` } }
  })
}

/** Every journal of these files, those in bundles too; open until the scope ends. A damaged file is `Negative`. */
export const openSources = (
  paths: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<OpenedSource>, Misuse | Negative, FileSystem | Scope.Scope> =>
  Effect.map(Effect.forEach(paths, open), (opened) =>
    labelled(opened.flatMap((all, argument) => all.map((each) => ({ ...each, argument }))))
  )
