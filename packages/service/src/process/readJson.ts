/** A JSON file that an operator has written, or what is wrong with it. */
import { Either } from "effect"
import { readFileSync } from "node:fs"
import { type Problem, problem } from "../Problem.ts"

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** What the file has; `option` is how its path was given, such as `--config`. */
export const readJson = (option: string, path: string): Either.Either<unknown, ReadonlyArray<Problem>> =>
  Either.flatMap(
    Either.try({
      try: () => readFileSync(path, "utf8"),
      catch: (thrown) => [problem(`${option} ${path}`, `cannot be read (${messageOf(thrown)}); name a file that can`)]
    }),
    (text): Either.Either<unknown, ReadonlyArray<Problem>> =>
      Either.try({
        try: (): unknown => JSON.parse(text),
        catch: (thrown) => [problem(path, `is no JSON: ${messageOf(thrown)}`)]
      })
  )
