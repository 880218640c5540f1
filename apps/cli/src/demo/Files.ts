/** Where the demo's files are: its journals, which stay when all is well, a folder for sockets, which never stays, and the programs of the services. */
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { Effect, Exit, Option, type Scope } from "effect"
import { newJournal } from "../journal/NewJournal.ts"
import { misuse, type Misuse } from "../Outcome.ts"
import { type ProgramOptions, programsOf } from "../world/Programs.ts"
import type { Journals, WorldOptions } from "../world/World.ts"

/** What the command line says of them. */
export interface FileOptions extends ProgramOptions {
  readonly journal: Option.Option<string>
}

/** A journal beside the one that was named: `demo.db`, `demo-beta.db`. */
const besideJournal = (file: string, what: string) =>
  Effect.map(Path, (path) => {
    const { dir, ext, name } = path.parse(file)
    return path.join(dir, `${name}-${what}${ext}`)
  })

const prefix = "stopcopy-demo-"

/** A folder for the journals. It goes with the scope unless all was well. */
const journalFolder = Effect.flatMap(FileSystem, (files) =>
  Effect.acquireRelease(files.makeTempDirectory({ prefix }), (folder, exit) =>
    Exit.isSuccess(exit) ? Effect.void : Effect.ignore(files.remove(folder, { recursive: true }))
  )
)

/** The journals: those that were asked for, which must be free, or new ones in a fresh folder. */
const journalsOf = (wanted: Option.Option<string>) =>
  Effect.gen(function* () {
    const path = yield* Path
    if (Option.isNone(wanted)) {
      const folder = yield* journalFolder
      const inside = (name: string) => path.join(folder, `${name}.db`)
      return { alpha: inside("alpha"), beta: inside("beta"), coordinator: inside("coordinator") }
    }
    const alpha = yield* newJournal(wanted.value, "the demo's")
    const [beta, coordinator] = yield* Effect.all([besideJournal(alpha, "beta"), besideJournal(alpha, "coordinator")])
    return {
      alpha,
      beta: yield* newJournal(beta, "the demo's"),
      coordinator: yield* newJournal(coordinator, "the demo's")
    }
  })

/** Finds and makes everything. Nothing is made if something that was asked for is wrong. */
export const demoFiles = (
  options: FileOptions
): Effect.Effect<Pick<WorldOptions, "programs" | "journals" | "folder">, Misuse, FileSystem | Path | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const programs = yield* programsOf(options)
    const journals: Journals = yield* journalsOf(options.journal)
    return { programs, journals, folder: yield* files.makeTempDirectoryScoped({ prefix }) }
  }).pipe(Effect.catchTags({ BadArgument: (error) => misuse(error), SystemError: (error) => misuse(error) }))
