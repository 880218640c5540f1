/** Commands in this process, without starting a program: what they print, and how they end. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { FileSystem } from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Misuse, Negative } from "../src/Outcome.ts"
import type { ReplayOptions } from "../src/replay/replay.ts"
import { Terminal } from "../src/Terminal.ts"
import { writeSampleJournal } from "./sample/sampleJournal.ts"

/** What a command printed, and its failure. */
interface Answer {
  readonly lines: ReadonlyArray<string>
  readonly failure: Misuse | Negative | undefined
}

/** No terminal. */
export const terminal = Layer.succeed(Terminal, {
  ansi: false,
  columns: 80,
  write: () => Effect.void,
  program: "stopcopy"
})

/** Runs a command to its end. */
export const answerOf = (
  command: Effect.Effect<void, Misuse | Negative, FileSystem | Terminal | NodeContext.NodeContext>
): Promise<Answer> => {
  const lines: Array<string> = []
  const log = (text: unknown) => Effect.sync(() => void lines.push(...String(text).split("\n")))
  return Effect.either(command).pipe(
    (running) => Effect.consoleWith((base) => Effect.withConsole(running, { ...base, log })),
    Effect.map((ended) => ({ lines, failure: ended._tag === "Left" ? ended.left : undefined })),
    Effect.provide(Layer.merge(NodeContext.layer, terminal)),
    Effect.runPromise
  )
}

/** The lines of a command that ends well. */
export const linesOf = async (command: Parameters<typeof answerOf>[0]): Promise<ReadonlyArray<string>> => {
  const { failure, lines } = await answerOf(command)
  assert.isUndefined(failure, failure?.message)
  return lines
}

/** The message of a command that ends in one way and prints nothing. */
export const refusalOf = async (tag: "Misuse" | "Negative", command: Parameters<typeof answerOf>[0]) => {
  const { failure, lines } = await answerOf(command)
  assert.deepStrictEqual([failure?._tag, lines], [tag, []], failure?.message)
  assert.notInclude(failure?.message, "\n")
  return failure?.message ?? ""
}

/** Options of `replay` that are not given. */
export const replayOptions = (files: ReadonlyArray<string>, given: Partial<ReplayOptions> = {}): ReplayOptions => ({
  files,
  stream: Option.none(),
  type: Option.none(),
  text: Option.none(),
  regex: Option.none(),
  correlation: Option.none(),
  failures: false,
  from: Option.none(),
  to: Option.none(),
  at: Option.none(),
  tree: false,
  interactive: false,
  json: false,
  ...given
})

/** A folder with two sample journals, `a.db` and `b.db`; and how to delete it. */
export const sampleFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), "stopcopy-inspect-"))
  const paths = { a: join(folder, "a.db"), b: join(folder, "b.db"), in: (name: string) => join(folder, name) }
  for (const journal of [paths.a, paths.b]) await Effect.runPromise(writeSampleJournal(journal))
  return { ...paths, dispose: () => rm(folder, { recursive: true }) }
}
