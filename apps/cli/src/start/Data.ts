/** The folder of the journals that `start` writes: one that goes with it, or one that was named, whose fleet goes on where it was. */
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { Effect, Option, type Scope } from "effect"
import { misuse, Misuse } from "../Outcome.ts"
import type { Journals } from "../world/World.ts"

export interface Data {
  readonly folder: string
  readonly journals: Journals
  /** Whether the folder stays. */
  readonly stays: boolean
  /** Whether there is a fleet in it already. */
  readonly isOld: boolean
}

export const prefix = "stopcopy-start-"

/** The named folder, made if it is not there. */
const named = (wanted: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    if (wanted === "") return yield* new Misuse({ message: "--data is empty: name a folder, or leave it out" })
    const found = yield* Effect.option(files.stat(wanted))
    if (Option.isNone(found)) yield* files.makeDirectory(wanted, { recursive: true, mode: 0o700 })
    else if (found.value.type !== "Directory")
      return yield* new Misuse({ message: `--data ${wanted} is no folder: name another one` })
    return wanted
  })

/** A folder with all journals, with none of them, or nothing is begun: some of a fleet are of no use. */
export const dataOf = (wanted: Option.Option<string>): Effect.Effect<Data, Misuse, FileSystem | Path | Scope.Scope> =>
  Effect.gen(function* () {
    const [files, path] = yield* Effect.all([FileSystem, Path])
    const stays = Option.isSome(wanted)
    const folder = stays ? yield* named(wanted.value) : yield* files.makeTempDirectoryScoped({ prefix })
    const inside = (name: string): string => path.join(folder, `${name}.db`)
    const journals: Journals = { alpha: inside("alpha"), beta: inside("beta"), coordinator: inside("coordinator") }
    const there = yield* Effect.filter(Object.values(journals), (file) => files.exists(file))
    if (there.length !== 0 && there.length !== Object.keys(journals).length) {
      const message = `--data ${folder} has ${there.map((file) => path.basename(file)).join(", ")} alone: name an empty folder, or one of an earlier start`
      return yield* new Misuse({ message })
    }
    return { folder, journals, stays, isOld: there.length > 0 }
  }).pipe(Effect.catchTags({ BadArgument: (error) => misuse(error), SystemError: (error) => misuse(error) }))
