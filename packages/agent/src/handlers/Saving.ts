/** A saving session as calls see it: the next chunk, or the last one again. Holds one chunk. */
import type { Errno } from "@stopcopy/errno"
import { type MigratableDevice, type MigrationFile, MigrationStates } from "@stopcopy/vfio"
import { Effect } from "effect"
import { ChunkOutOfOrder, type HostFailed } from "../Errors.ts"
import { chunkLimit, type SavedChunk } from "../Transfer.ts"
import type { DeviceName, SessionToken } from "../Values.ts"

/** A saving session. Its calls are made one at a time. */
export interface Saving {
  readonly kind: "saving"
  readonly token: SessionToken
  readonly file: MigrationFile<HostFailed>
  readonly offset: () => number
  readonly read: (offset: number, length: number) => Effect.Effect<SavedChunk, Errno | HostFailed | ChunkOutOfOrder>
}

const nothing = new Uint8Array(0)

/** The session over a file that was just opened. */
export const makeSaving = (
  device: DeviceName,
  token: SessionToken,
  file: MigrationFile<HostFailed>,
  migration: MigratableDevice<HostFailed>
): Saving => {
  let next = 0
  let last: SavedChunk | undefined
  const take = (length: number): Effect.Effect<Uint8Array, Errno | HostFailed> =>
    file.read(Math.min(length, chunkLimit)).pipe(Effect.catchTag("ENOMSG", () => Effect.succeed(nothing)))

  const chunkOf = (bytes: Uint8Array): Effect.Effect<SavedChunk, HostFailed> => {
    if (bytes.length === 0) {
      return Effect.map(migration.getState, (state) => ({
        offset: next,
        bytes,
        end: MigrationStates.isPreCopy(state) ? ("now" as const) : ("good" as const)
      }))
    }
    const chunk = { offset: next, bytes, end: "more" as const }
    last = chunk
    next += bytes.length
    return Effect.succeed(chunk)
  }

  const read: Saving["read"] = (offset, length) => {
    if (offset === next) return Effect.flatMap(take(length), chunkOf)
    if (offset === last?.offset) return Effect.succeed(last)
    const reason = offset > next ? "there is a gap before it" : "it was given and asked past already"
    return Effect.fail(new ChunkOutOfOrder({ device, session: token, called: offset, expected: next, reason }))
  }
  return { kind: "saving", token, file, offset: () => next, read }
}
