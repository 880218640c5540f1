/**
 * `pnpm bench runtime [--only=SECTION,...]`: what a command, a replay and an idle actor cost, against floors and competitors
 * measured in the same run, with the durability word in each row. `README.md` beside it says what the figures do not measure.
 */
import { loadSqlite } from "@stopcopy/runtime/sqlite"
import { Effect } from "effect"
import { cpus, release, type } from "node:os"
import { append } from "./runtime/append.ts"
import { partOf } from "./runtime/child.ts"
import { emmettChild } from "./runtime/emmettChild.ts"
import { growth } from "./runtime/growth.ts"
import { idle, idleChild } from "./runtime/idle.ts"
import { memory } from "./runtime/memory.ts"
import { place, placeWarning, type Section, sectionText } from "@stopcopy/workbench"
import { replay } from "./runtime/replay.ts"
import { quickRounds, rounds } from "./runtime/sizes.ts"
import { tape } from "./runtime/tape.ts"

const sections: ReadonlyMap<string, Effect.Effect<Section, unknown>> = new Map([
  // First: what runs before it teaches the compiler other shapes of the same code.
  ["memory", memory],
  ["append", append],
  ["tape", tape],
  ["replay", replay],
  ["idle", idle],
  ["growth", growth]
])

const onlyOption = "--only="

const [bundle = "", ...args] = process.argv.slice(1)

const write = (text: string) => Effect.sync(() => void process.stdout.write(text))

const header = Effect.map(placeWarning, (warning) =>
  [
    `Node ${process.versions.node}, ${type()} ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}; journals in ${place}`,
    `best of ${rounds} rounds (${quickRounds} where nothing waits for the disk), the first warms up; rows of a section take turns`,
    ...(warning === undefined ? [] : [warning]),
    ""
  ].join("\n")
)

/** Names of sections after `--only=`; all of them without. */
const wanted = (given: ReadonlyArray<string>): ReadonlyArray<string> =>
  given.length === 0
    ? [...sections.keys()]
    : given.flatMap((arg) => (arg.startsWith(onlyOption) ? arg.slice(onlyOption.length).split(",") : [arg]))

/** Measures a section and prints it. */
const show = (name: string) =>
  Effect.gen(function* () {
    const measure = sections.get(name)
    if (measure === undefined) return
    const start = performance.now()
    const section = yield* measure
    yield* write(sectionText(section, performance.now() - start))
  })

const run = (names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const unknown = names.find((name) => !sections.has(name))
    if (unknown !== undefined) {
      yield* write(
        `There is no section ${unknown}: use ${onlyOption}NAME[,NAME] with ${[...sections.keys()].join(", ")}\n`
      )
      return 2
    }
    // Every floor is better-sqlite3: without it there is nothing to compare with.
    yield* loadSqlite("better-sqlite3")
    yield* write(yield* header)
    for (const name of names) yield* show(name)
    return 0
  })

const part = partOf(args)
const main =
  part === undefined ? run(wanted(args)) : Effect.as(part[0] === "idle" ? idleChild() : emmettChild(bundle, part[1]), 0)

process.exitCode = await Effect.runPromise(
  Effect.catchAll(main, (error) => Effect.as(write(`${error instanceof Error ? error.message : String(error)}\n`), 1))
)
