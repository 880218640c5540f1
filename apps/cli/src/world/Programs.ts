/** The programs of the services: those that lie beside this one in a clone, or those that the command line names. */
import type { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { Effect, Option } from "effect"
import { Misuse } from "../Outcome.ts"
import type { Programs } from "./World.ts"

export interface ProgramOptions {
  readonly emulator: Option.Option<string>
  readonly coordinator: Option.Option<string>
}

/** Where each is as seen from the folder of this program, in a clone. */
const beside = (name: keyof Programs): string => `../../${name}/dist/main.js`

const programOf = (name: keyof Programs, wanted: Option.Option<string>) =>
  Effect.gen(function* () {
    const [files, path] = yield* Effect.all([FileSystem, Path])
    const script = Effect.map(files.realPath(process.argv[1] ?? "."), path.dirname)
    const file = Option.isSome(wanted) ? wanted.value : path.join(yield* script, beside(name))
    const found = yield* Effect.option(files.stat(file))
    if (Option.isSome(found) && found.value.type === "File") return file
    const remedy = Option.isSome(wanted) ? "name the file of the program" : `build it, or name it with --${name}`
    return yield* new Misuse({ message: `there is no ${name} at ${file === "" ? "''" : file}: ${remedy}` })
  })

/** Both programs; the first one that is not there is misuse. */
export const programsOf = ({
  coordinator,
  emulator
}: ProgramOptions): Effect.Effect<Programs, Misuse | PlatformError, FileSystem | Path> =>
  Effect.all({ emulator: programOf("emulator", emulator), coordinator: programOf("coordinator", coordinator) })
