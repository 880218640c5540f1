/** Where the demo's files are: its journals, which stay when all is well, a folder for sockets, which never stays, and the emulator's program. */
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { Effect, Exit, Option, type Scope } from "effect"
import { newJournal } from "../journal/NewJournal.ts"
import { misuse, Misuse } from "../Outcome.ts"
import type { HostsOptions, Journals } from "./Hosts.ts"

/** What the command line says of them. */
export interface FileOptions {
  readonly journal: Option.Option<string>
  readonly emulator: Option.Option<string>
}

/** Where the emulator is as seen from the folder of this program, in a clone. */
const besideThisProgram = "../../emulator/dist/main.js"

/** The destination's journal beside the one that was named: `demo.db`, `demo-destination.db`. */
const besideJournal = (file: string) =>
  Effect.map(Path, (path) => {
    const { dir, ext, name } = path.parse(file)
    return path.join(dir, `${name}-destination${ext}`)
  })

const prefix = "stopcopy-demo-"

/** A folder for both journals. It goes with the scope unless all was well. */
const journalFolder = Effect.flatMap(FileSystem, (files) =>
  Effect.acquireRelease(files.makeTempDirectory({ prefix }), (folder, exit) =>
    Exit.isSuccess(exit) ? Effect.void : Effect.ignore(files.remove(folder, { recursive: true }))
  )
)

/** Both journals: those that were asked for, which must be free, or two in a fresh folder. */
const journalsOf = (wanted: Option.Option<string>) =>
  Effect.gen(function* () {
    const path = yield* Path
    if (Option.isNone(wanted)) {
      const folder = yield* journalFolder
      return { source: path.join(folder, "source.db"), destination: path.join(folder, "destination.db") }
    }
    const source = yield* newJournal(wanted.value, "the demo's")
    return { source, destination: yield* newJournal(yield* besideJournal(source), "the demo's") }
  })

const programOf = (wanted: Option.Option<string>) =>
  Effect.gen(function* () {
    const [files, path] = yield* Effect.all([FileSystem, Path])
    const beside = Effect.map(files.realPath(process.argv[1] ?? "."), (script) =>
      path.join(path.dirname(script), besideThisProgram)
    )
    const file = Option.isSome(wanted) ? wanted.value : yield* beside
    const found = yield* Effect.option(files.stat(file))
    if (Option.isSome(found) && found.value.type === "File") return file
    const remedy = Option.isSome(wanted) ? "name the file of the program" : "build it, or name it with --emulator"
    return yield* new Misuse({ message: `there is no emulator at ${file === "" ? "''" : file}: ${remedy}` })
  })

/** Finds and makes everything. Nothing is made if something that was asked for is wrong. */
export const demoFiles = ({
  emulator,
  journal
}: FileOptions): Effect.Effect<HostsOptions, Misuse, FileSystem | Path | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const program = yield* programOf(emulator)
    const journals: Journals = yield* journalsOf(journal)
    return { program, journals, folder: yield* files.makeTempDirectoryScoped({ prefix }) }
  }).pipe(Effect.catchTags({ BadArgument: (error) => misuse(error), SystemError: (error) => misuse(error) }))
