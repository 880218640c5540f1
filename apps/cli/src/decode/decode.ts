/** `stopcopy decode [FILE]`: the tree of a migration block. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { FileSystem } from "@effect/platform/FileSystem"
import { Tree } from "@stopcopy/qat"
import { Console, Effect, type Option, Stream } from "effect"
import { createReadStream } from "node:fs"
import { stdin } from "../Stdin.ts"
import { Misuse, Negative } from "../Outcome.ts"
import { blockOf, inputLimit } from "./BlockInput.ts"
import { problemText, treeText } from "./TreeText.ts"

/** The first bytes of the input, one more than allowed at most: enough to say that it is too long. */
const firstBytes = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Uint8Array, E, R> =>
  Stream.runFoldWhile(
    bytes,
    new Uint8Array(0),
    (all) => all.byteLength <= inputLimit,
    (all, chunk) => {
      const more = new Uint8Array(all.byteLength + chunk.byteLength)
      more.set(all)
      more.set(chunk, all.byteLength)
      return more
    }
  )

const reasons: Readonly<Record<string, string>> = {
  NotFound: "there is no such file",
  PermissionDenied: "it may not be read",
  EACCES: "it may not be read"
}

const unreadable = (path: string, reason: string): Misuse =>
  new Misuse({ message: `cannot read ${path === "" ? "''" : path}: ${reason}; give the file of a migration block` })

const failureOf = (error: unknown): string => {
  const { code = "", message = String(error) }: NodeJS.ErrnoException =
    error instanceof Error ? error : new Error(String(error))
  return reasons[code] ?? message
}

/** From the beginning to the end without seeking: pipes and terminals cannot be read by position. */
const sequentially = (path: string): Stream.Stream<Uint8Array, Misuse> =>
  NodeStream.fromReadable(
    () => createReadStream(path),
    (error) => unreadable(path, failureOf(error))
  )

const readFile = (path: string): Effect.Effect<Uint8Array, Misuse, FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const { type } = yield* files.stat(path)
    if (type === "Directory") return yield* unreadable(path, "it is a directory")
    return yield* firstBytes(sequentially(path))
  }).pipe(
    Effect.catchTags({
      BadArgument: ({ message }) => unreadable(path, message),
      SystemError: ({ message, reason }) => unreadable(path, reasons[reason] ?? message)
    })
  )

const readInput = (file: Option.Option<string>): Effect.Effect<readonly [Uint8Array, string], Misuse, FileSystem> => {
  const path = file._tag === "Some" && file.value !== "-" ? file.value : undefined
  const bytes = path === undefined ? firstBytes(stdin) : readFile(path)
  return Effect.map(bytes, (read) => [read, path ?? "standard input"] as const)
}

/** Prints the tree, as text or as JSON. Fails with `Negative` when the block is corrupt. */
export const decode = (options: {
  readonly file: Option.Option<string>
  readonly json: boolean
}): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  Effect.gen(function* () {
    const { problem, tree } = Tree.read(yield* blockOf(...(yield* readInput(options.file))))
    yield* Console.log(
      options.json ? JSON.stringify({ tree, problem: problem ?? null }, null, 2) : treeText(tree).join("\n")
    )
    if (problem !== undefined) yield* new Negative({ message: problemText(problem) })
  })
