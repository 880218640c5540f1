/** A resuming session as calls see it: loads the next chunk, and answers the last one again as it did before. Holds one chunk. */
import { E2BIG, EIO, type Errno } from "@stopcopy/errno"
import type { MigrationFile } from "@stopcopy/vfio"
import { Effect, Exit } from "effect"
import { ChunkOutOfOrder, type HostFailed } from "../Errors.ts"
import { chunkLimit, type LoadedChunk } from "../Transfer.ts"
import type { DeviceName, SessionToken } from "../Values.ts"

type LoadError = Errno | HostFailed

/** A resuming session. Its calls are made one at a time. */
export interface Resuming {
  readonly kind: "resuming"
  readonly token: SessionToken
  readonly file: MigrationFile<HostFailed>
  readonly offset: () => number
  readonly write: (offset: number, bytes: Uint8Array) => Effect.Effect<LoadedChunk, LoadError | ChunkOutOfOrder>
}

const tooLong = (length: number): E2BIG =>
  new E2BIG({
    refusal: {
      code: "agent.resume.length",
      rule: "a chunk has a bounded length",
      where: "Resume bytes",
      source: `${length} bytes`,
      destination: `at most ${chunkLimit} bytes`,
      remedy: "send the data in smaller chunks"
    }
  })

const noProgress = (left: number): EIO =>
  new EIO({
    refusal: {
      code: "agent.resume.stuck",
      rule: "a device takes data or says why not",
      where: "Resume bytes",
      source: `${left} bytes left`,
      destination: "0 bytes taken",
      remedy: "reset the device and begin again"
    }
  })

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at])

/** The session over a file that was just opened. */
export const makeResuming = (device: DeviceName, token: SessionToken, file: MigrationFile<HostFailed>): Resuming => {
  let next = 0
  let last:
    { readonly offset: number; readonly bytes: Uint8Array; readonly exit: Exit.Exit<number, LoadError> } | undefined

  const writeAll = (bytes: Uint8Array): Effect.Effect<void, LoadError> =>
    Effect.flatMap(file.write(bytes), (taken) => {
      if (taken === 0) return Effect.fail(noProgress(bytes.length))
      return taken >= bytes.length ? Effect.void : writeAll(bytes.subarray(taken))
    })

  const load = (offset: number, bytes: Uint8Array): Effect.Effect<LoadedChunk, LoadError> => {
    if (bytes.length > chunkLimit) return Effect.fail(tooLong(bytes.length))
    if (bytes.length === 0) return Effect.succeed({ next, repeated: false })
    return writeAll(bytes).pipe(
      Effect.as(offset + bytes.length),
      Effect.exit,
      Effect.flatMap((exit) => {
        // A device may judge data that it has taken: a chunk that failed is not tried again, its answer stands.
        last = { offset, bytes, exit }
        if (Exit.isSuccess(exit)) next = exit.value
        return Effect.map(exit, (reached) => ({ next: reached, repeated: false }))
      })
    )
  }

  const write: Resuming["write"] = (offset, bytes) => {
    const outOfOrder = (reason: string) =>
      Effect.fail(new ChunkOutOfOrder({ device, session: token, called: offset, expected: next, reason }))
    if (offset === last?.offset) {
      if (!same(bytes, last.bytes)) return outOfOrder("it has other bytes than the first time")
      return Effect.map(last.exit, (reached) => ({ next: reached, repeated: true }))
    }
    if (offset === next) return load(offset, bytes)
    return outOfOrder(offset > next ? "there is a gap before it" : "it lies before the last one")
  }
  return { kind: "resuming", token, file, offset: () => next, write }
}
