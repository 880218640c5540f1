/**
 * `pnpm vectors [DIR]`: runs every vector file of a folder and prints what passed. Exit code 0 if all passed, 1 if a case
 * failed, 2 if there is nothing that can be run.
 */
import { Array as Arr, Data, Effect, Option } from "effect"
import { fileURLToPath } from "node:url"
import { type FileResult, filesOf, NoVectors, runFile } from "./Folder.ts"

/** Failures shown of each file. */
const shownFailures = 10

const ownCopy = fileURLToPath(new URL("../data", import.meta.url))

class Usage extends Data.TaggedError("Usage")<{ readonly given: number }> {
  override get message(): string {
    return `one folder at most, got ${this.given}: vectors [DIR]`
  }
}

const report = ({ failed, file, passed }: FileResult): void => {
  console.log(`${file}: ${passed} passed, ${failed.length} failed`)
  for (const { id, mismatches } of failed.slice(0, shownFailures)) {
    console.log(`  ${id}`)
    for (const line of mismatches) console.log(`    ${line}`)
  }
  if (failed.length > shownFailures) console.log(`  and ${failed.length - shownFailures} more`)
}

const say = (line: string) => Effect.sync(() => console.log(line))

/** Other JSON is left out with a line; a broken vector file is one failure, and the run goes on. */
const runOrLeaveOut = (path: string) =>
  runFile(path).pipe(
    Effect.tap((result) => Effect.sync(() => report(result))),
    Effect.map(({ failed, passed }) => Option.some({ passed, failed: failed.length })),
    Effect.catchTags({
      OtherJson: (other) => Effect.as(say(other.message), Option.none()),
      NotVectors: (broken) => Effect.as(say(broken.message), Option.some({ passed: 0, failed: 1 }))
    })
  )

const program = Effect.gen(function* () {
  const [folder = ownCopy, ...more] = process.argv.slice(2)
  if (more.length > 0) return yield* new Usage({ given: more.length + 1 })
  const results = Arr.getSomes(yield* Effect.forEach(yield* filesOf(folder), runOrLeaveOut))
  if (results.length === 0) return yield* new NoVectors({ folder, reason: "no file in it is of a known kind" })
  const sum = (count: (result: { readonly passed: number; readonly failed: number }) => number): number =>
    results.reduce((total, result) => total + count(result), 0)
  const failed = sum((result) => result.failed)
  yield* say(`${sum((result) => result.passed)} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
})

const exitCode = await Effect.runPromise(
  Effect.catchAll(program, (error) =>
    Effect.sync(() => {
      console.error(error.message)
      return 2
    })
  )
)
process.exitCode = exitCode
