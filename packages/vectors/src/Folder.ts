/** Running every vector file of a folder. */
import { Data, Effect, Either } from "effect"
import { readdir, readFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { type Check, checksOf, NotVectors, type OtherJson } from "./VectorFile.ts"

/** The folder cannot be read, or holds no vector file. */
export class NoVectors extends Data.TaggedError("NoVectors")<{ readonly folder: string; readonly reason: string }> {
  override get message(): string {
    return `no vectors in ${this.folder}: ${this.reason}`
  }
}

export interface Failed {
  readonly id: string
  readonly mismatches: ReadonlyArray<string>
}

export interface FileResult {
  readonly file: string
  readonly passed: number
  readonly failed: ReadonlyArray<Failed>
}

/** A case that ends in an error has failed, and says with what. */
const mismatchesOf = (check: Check): Effect.Effect<ReadonlyArray<string>> =>
  Effect.catchAllCause(check.run, (cause) => Effect.succeed([`error: ${cause.toString()}`]))

const runChecks = (file: string, checks: ReadonlyArray<Check>): Effect.Effect<FileResult> =>
  Effect.gen(function* () {
    const failed: Array<Failed> = []
    for (const check of checks) {
      const mismatches = yield* mismatchesOf(check)
      if (mismatches.length > 0) failed.push({ id: check.id, mismatches })
    }
    return { file, passed: checks.length - failed.length, failed }
  })

const parse = (file: string, text: string): Either.Either<unknown, NotVectors> =>
  Either.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => new NotVectors({ file, reason: error instanceof Error ? error.message : String(error) })
  })

/** Every case of one file. Other JSON is told from a vector file that is broken. */
export const runFile = (path: string): Effect.Effect<FileResult, NotVectors | OtherJson> =>
  Effect.gen(function* () {
    const text = yield* Effect.tryPromise({
      try: () => readFile(path, "utf8"),
      catch: (error) => new NotVectors({ file: path, reason: String(error) })
    })
    return yield* runChecks(basename(path), yield* checksOf(basename(path), yield* parse(basename(path), text)))
  })

/** The JSON files of a folder by name. Fails with `NoVectors` if there are none. */
export const filesOf = (folder: string): Effect.Effect<ReadonlyArray<string>, NoVectors> =>
  Effect.gen(function* () {
    const names = yield* Effect.tryPromise({
      try: () => readdir(folder),
      catch: (error) =>
        new NoVectors({ folder, reason: error instanceof Error ? error.message : "the folder cannot be read" })
    })
    const files = names.filter((name) => name.endsWith(".json")).sort()
    if (files.length === 0) return yield* new NoVectors({ folder, reason: "it holds no .json file" })
    return files.map((name) => join(folder, name))
  })
