/** Standard input as a stream of bytes. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import type { Stream } from "effect"
import { Misuse } from "./Outcome.ts"

/** Ends when the other side closes it. */
export const stdin: Stream.Stream<Uint8Array, Misuse> = NodeStream.fromReadable(
  () => process.stdin,
  (error) => new Misuse({ message: `cannot read standard input: ${String(error)}; give a file instead` })
)
