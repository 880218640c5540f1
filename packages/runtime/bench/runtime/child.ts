/** Parts of the benchmark that need a process of their own: this bundle again, with the part's name and arguments. */
import { Data, Effect } from "effect"
import { spawn } from "node:child_process"

/** The option that names the part. */
const childOption = "--child="

/** A part ended badly; what it said is on the terminal. */
class ChildFailed extends Data.TaggedError("ChildFailed")<{ readonly part: string; readonly code: number | null }> {
  override get message(): string {
    return `the part ${this.part} of the benchmark ended with code ${this.code}: its own message is above`
  }
}

/** The part that this process is, with its arguments; undefined for the benchmark itself. */
export const partOf = ([first, ...rest]: ReadonlyArray<string>):
  readonly [string, ReadonlyArray<string>] | undefined =>
  first?.startsWith(childOption) === true ? [first.slice(childOption.length), rest] : undefined

/** Gives a result to the process that runs this part. */
export const tell = (result: object): void => void process.send?.(result)

/** Runs a part; what it told, in order. What it prints is not ours: libraries print what they catch. */
export const runChild = (
  part: string,
  args: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<unknown>, ChildFailed> =>
  Effect.async((resume) => {
    const bundle = process.argv[1] ?? ""
    const told: Array<unknown> = []
    const child = spawn(process.execPath, ["--expose-gc", bundle, `${childOption}${part}`, ...args], {
      stdio: ["ignore", "ignore", "inherit", "ipc"]
    })
    child.on("message", (message: unknown) => told.push(message))
    child.once("close", (code) => resume(code === 0 ? Effect.succeed(told) : new ChildFailed({ part, code })))
    return Effect.sync(() => void child.kill())
  })
