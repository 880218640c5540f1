/** The path of a journal that is to be made: it must be free, in a folder that is there. */
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { Effect, Option } from "effect"
import { misuse, Misuse } from "../Outcome.ts"

/** Gives the path if a journal can be made there. `what`: whose journal it is, for people. */
export const newJournal = (file: string, what: string): Effect.Effect<string, Misuse, FileSystem | Path> =>
  Effect.gen(function* () {
    const [files, path] = yield* Effect.all([FileSystem, Path])
    if (file === "") return yield* new Misuse({ message: "--journal is empty: give the path of a new file" })
    const folder = path.dirname(file)
    const found = yield* Effect.option(files.stat(folder))
    if (Option.isNone(found) || found.value.type !== "Directory") {
      const reason = Option.isSome(found) ? `${folder} is not a folder:` : `there is no folder ${folder}: make it, or`
      return yield* new Misuse({ message: `cannot write ${file}: ${reason} name another journal` })
    }
    if (yield* files.exists(file)) {
      return yield* new Misuse({ message: `${file} exists already: give ${what} journal a new name` })
    }
    return file
  }).pipe(Effect.catchTags({ BadArgument: (error) => misuse(error), SystemError: (error) => misuse(error) }))
