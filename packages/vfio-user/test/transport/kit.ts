/** What the tests of transports share: a folder for sockets, and a receiver that keeps what it is told and can be waited for. */
import { Effect, type Scope } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Accept, Connection } from "../../src/Connection.ts"

/** A folder for sockets, gone with the scope. */
export const socketFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-socket-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true }))
)

/** What one connection told its receiver. */
interface Recorder {
  readonly connections: ReadonlyArray<Connection>
  readonly chunks: ReadonlyArray<Uint8Array>
  /** Descriptors, with how many bytes had come when the ones before them were complete. */
  readonly descriptors: ReadonlyArray<{ readonly descriptor: number; readonly chunk: number }>
  readonly drained: () => number
  readonly closed: () => ReadonlyArray<Error | undefined>
  readonly bytes: () => Uint8Array
  readonly size: () => number
  readonly accept: Accept
  /** Ends when `test` holds; it is tried after each call. */
  readonly when: (test: () => boolean) => Effect.Effect<void>
  readonly connected: Effect.Effect<Connection>
}

/** A receiver of any number of connections. */
export const makeRecorder = (onReceived?: (connection: Connection, bytes: Uint8Array) => void): Recorder => {
  const connections: Array<Connection> = []
  const chunks: Array<Uint8Array> = []
  const descriptors: Array<{ readonly descriptor: number; readonly chunk: number }> = []
  const closed: Array<Error | undefined> = []
  const waiting = new Set<() => void>()
  let [drained, size] = [0, 0]
  const told = (): void => {
    for (const look of waiting) look()
  }
  const when = (test: () => boolean): Effect.Effect<void> =>
    Effect.async((resume) => {
      const look = (): void => {
        if (!test()) return
        waiting.delete(look)
        resume(Effect.void)
      }
      waiting.add(look)
      look()
    })
  return {
    connections,
    chunks,
    descriptors,
    drained: () => drained,
    closed: () => closed,
    bytes: () => Buffer.concat(chunks),
    size: () => size,
    when,
    connected: Effect.flatMap(
      when(() => connections.length > 0),
      () => Effect.fromNullable(connections[0]).pipe(Effect.orDie)
    ),
    accept: (connection) => {
      connections.push(connection)
      queueMicrotask(told)
      return {
        received: (bytes, passed) => {
          chunks.push(bytes.slice())
          size += bytes.length
          for (const descriptor of passed) descriptors.push({ descriptor, chunk: chunks.length - 1 })
          onReceived?.(connection, bytes)
          told()
        },
        drained: () => {
          drained++
          told()
        },
        closed: (failure) => {
          closed.push(failure)
          told()
        }
      }
    }
  }
}

/** Bytes that tell their place: a counter of 32 bits, again and again. */
export const countingBytes = (words: number, first = 0): Uint8Array =>
  new Uint8Array(Uint32Array.from({ length: words }, (_, index) => first + index).buffer)
