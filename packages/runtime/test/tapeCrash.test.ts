/** A process that writes to a tape at full speed is killed: every entry it acknowledged as *written* is there, whole and in order. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { bundled } from "@stopcopy/workbench"
import { writeForever } from "./tape.child.ts"
import { entriesOf, writtenByChild } from "./tape.data.ts"
import { recovered, tapesFolder } from "./tape.support.ts"

/** Acknowledgements after which a child is killed; two children run at a time. */
const kills = [1, 2, 7, 30, 100, 200, 333, 500, 1000, 2000]

/** Runs the child from version `first` until it acknowledged `count` times, kills it, and gives the last version it acknowledged. */
const killAfter = async (script: string, folder: string, first: number, count: number): Promise<number> => {
  const child = spawn(process.execPath, [script, folder, `${first}`], { stdio: ["ignore", "pipe", "inherit"] })
  let acknowledged = 0
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line)
    lines++
    if (lines === count) child.kill("SIGKILL")
  }
  assert.isAtLeast(lines, count, "the child ended by itself")
  return acknowledged
}

/** Checks that everything from version 1 to the last is on the tape, at least to `acknowledged`; the last. */
const checked = (folder: string, acknowledged: number) =>
  Effect.map(recovered(folder), ({ events, tail }) => {
    assert.isAtLeast(events.length, acknowledged)
    assert.strictEqual(tail?.taken, events.length)
    // One by one: comparing many thousand of them at once takes chai seconds.
    const wrong = events.findIndex(
      ({ payload, time, version }, index) =>
        version !== index + 1 ||
        time !== writtenByChild(version) ||
        payload === null ||
        Buffer.compare(payload, entriesOf(version, 1)) !== 0
    )
    assert.strictEqual(wrong, -1)
    return events.length
  })

it.scoped("after SIGKILL nothing acknowledged is lost, and the next process goes on behind it", () =>
  Effect.gen(function* () {
    const script = yield* bundled(
      "tapeCrash",
      `import { ${writeForever.name} as run } from "./tape.child.ts"; run(process.argv[2], Number(process.argv[3]))`,
      import.meta.dirname
    )
    yield* Effect.forEach(
      kills,
      (count) =>
        Effect.gen(function* () {
          const folder = yield* tapesFolder
          const last = yield* checked(folder, yield* Effect.promise(() => killAfter(script, folder, 1, count)))
          const again = yield* Effect.promise(() => killAfter(script, folder, last + 1, 1))
          assert.isAbove(yield* checked(folder, again), last)
        }),
      { concurrency: 2 }
    )
  })
)
