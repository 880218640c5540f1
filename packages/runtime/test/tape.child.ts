/** Child processes that write to a tape and say what was acknowledged, one line each. */
import { openTapes } from "@stopcopy/runtime/tapes"
import { Either } from "effect"
import { readSync, writeSync } from "node:fs"
import { codeOf } from "../src/internal/noSpace.ts"
import { childBatch, entriesOf, identity, journalId, writtenByChild } from "./tape.data.ts"

const opened = (folder: string) =>
  Either.getOrThrow(Either.flatMap(openTapes({ folder, journalId }), (tapes) => tapes.open(identity)))

/** Says a version; false if whoever listens is behind. */
const isSaid = (version: number): boolean => {
  try {
    return writeSync(1, `${version}\n`) > 0
  } catch (thrown) {
    if (codeOf(thrown) !== "EAGAIN") throw thrown
    return false
  }
}

/** Writes from `first` on at full speed and says each last version that is *written*. Never ends by itself. */
export const writeForever = (folder: string, first: number): never => {
  const tape = opened(folder)
  for (let version = first; ;) {
    // Who was killed before may have left a part of a batch: its rest comes first, so that all of one time are together.
    const count = childBatch - ((version - 1) % childBatch)
    Either.getOrThrow(tape.write(version, writtenByChild(version), entriesOf(version, count), count))
    version += count
    while (!isSaid(version - 1));
  }
}

/** Writes until it is refused, says what and where, waits for a byte, and writes once more. */
export const writeUntilFull = (folder: string): void => {
  const tape = opened(folder)
  let last = 0
  const write = () => {
    const written = tape.write(last + 1, writtenByChild(last + 1), entriesOf(last + 1, childBatch), childBatch)
    if (Either.isRight(written)) last += childBatch
    return written
  }
  let refused = write()
  while (Either.isRight(refused)) refused = write()
  const again = write()
  const tags = [refused, again].map((each) => (Either.isLeft(each) ? each.left._tag : "written"))
  writeSync(1, `${JSON.stringify({ last, bytes: tape.bytes(), tags })}\n`)
  readSync(0, new Uint8Array(1))
  write()
  writeSync(1, `${JSON.stringify({ last, bytes: tape.bytes() })}\n`)
}
