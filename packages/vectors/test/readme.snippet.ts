/** The example of this package's README. */
// region readme
import { filesOf, runFile } from "@stopcopy/vectors"
import { Effect } from "effect"

/** One line per vector file of a folder. */
export const summary = (folder: string) =>
  Effect.flatMap(filesOf(folder), (files) =>
    Effect.forEach(files, (file) =>
      Effect.map(
        runFile(file),
        ({ failed, passed, ...result }) => `${result.file}: ${passed}/${passed + failed.length}`
      )
    )
  )
// endregion
