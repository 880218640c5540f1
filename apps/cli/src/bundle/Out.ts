/** Where a bundle is written: a new file in a folder that is there. */
import type { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import { Effect, Option } from "effect"
import { dirname } from "node:path"
import { Misuse, negative, type Negative } from "../Outcome.ts"

/** Output that cannot be written says no. */
export const unwritable =
  (out: string) =>
  (error: PlatformError): Negative => {
    const denied = error._tag === "SystemError" && error.reason === "PermissionDenied"
    const reason = denied ? "permission denied" : (error.description ?? error.message)
    return negative({ message: `cannot write ${out}: ${reason}; choose a folder that can be written` })
  }

/** Refuses a place where nothing can be written, before anything is read. */
export const checkOut = (out: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const folder = dirname(out)
    const found = yield* Effect.option(files.stat(folder))
    if (out === "" || Option.isNone(found) || found.value.type !== "Directory") {
      return yield* new Misuse({ message: `cannot write ${out === "" ? "''" : out}: there is no folder ${folder}` })
    }
    if (yield* files.exists(out)) {
      return yield* new Misuse({ message: `${out} exists already: give the bundle a new name` })
    }
  }).pipe(Effect.catchTags({ BadArgument: unwritable(out), SystemError: unwritable(out) }))
