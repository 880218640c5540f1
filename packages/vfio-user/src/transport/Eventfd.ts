/** Eventfds and memfds of this process: what a client passes to a server. Source: eventfd(2), memfd_create(2). */
import { Effect, Either, Schema, type Scope } from "effect"
import { closeSync, ftruncateSync, readSync } from "node:fs"
import type { Libc } from "./Libc.ts"
import { codeOf } from "./SocketPath.ts"

const EFD_NONBLOCK = 0o4000
const EFD_CLOEXEC = 0o2000000
const MFD_CLOEXEC = 1

/** A descriptor could not be made. `code` is the name of the errno: `EMFILE`. */
export class DescriptorFailed extends Schema.TaggedError<DescriptorFailed>()("DescriptorFailed", {
  operation: Schema.String,
  code: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: ${this.code}`
  }
}

/** An eventfd of this process. */
export interface Eventfd {
  /** To be passed to a server. */
  readonly descriptor: number
  /** What was added since it was read last, 0 for nothing. Never waits. */
  readonly read: () => bigint
  /** The same, but waits until there is something. Who waits first is served first. */
  readonly take: Effect.Effect<bigint>
}

/** The target of all reads of an eventfd: its counter. */
const counter = new BigUint64Array(1)
const counterBytes = new Uint8Array(counter.buffer)

const readCounter = (descriptor: number): bigint => {
  try {
    readSync(descriptor, counterBytes)
    return counter[0] ?? 0n
  } catch (thrown) {
    if (codeOf(thrown) === "EAGAIN") return 0n
    throw thrown
  }
}

const made = (libc: Libc, operation: string, descriptor: number): Either.Either<number, DescriptorFailed> =>
  descriptor >= 0
    ? Either.right(descriptor)
    : Either.left(new DescriptorFailed({ operation, code: libc.nameOf(libc.errno()) }))

const makeEventfd = (libc: Libc, descriptor: number): Eventfd & { readonly close: () => void } => {
  const waiting: Array<(count: bigint) => void> = []
  const watch = libc.watch(descriptor, () => {
    const count = readCounter(descriptor)
    if (count > 0n) waiting.shift()?.(count)
    // Started again for others: after an error nothing is watched.
    if (waiting.length === 0) watch.stop()
    else watch.start(true, false)
  })
  const take = Effect.async<bigint>((resume) => {
    const count = waiting.length === 0 ? readCounter(descriptor) : 0n
    if (count > 0n) return resume(Effect.succeed(count))
    const served = (taken: bigint): void => resume(Effect.succeed(taken))
    waiting.push(served)
    watch.start(true, false)
    return Effect.sync(() => {
      const index = waiting.indexOf(served)
      if (index >= 0) waiting.splice(index, 1)
      if (waiting.length === 0) watch.stop()
    })
  })
  const close = (): void => {
    watch.close()
    closeSync(descriptor)
  }
  return { descriptor, read: () => readCounter(descriptor), take, close }
}

/** A new eventfd with counter 0, non-blocking, closed on exec and with the scope. */
export const openEventfd = (libc: Libc): Effect.Effect<Eventfd, DescriptorFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() =>
      Either.map(made(libc, "make an eventfd", libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), (descriptor) =>
        makeEventfd(libc, descriptor)
      )
    ),
    ({ close }) => Effect.sync(close)
  )

/** A new file in memory of `size` bytes, all zero, closed on exec. The descriptor is the caller's. */
export const createMemfd = (libc: Libc, name: string, size: number): Either.Either<number, DescriptorFailed> =>
  Either.flatMap(made(libc, "make a memfd", libc.memfd(name, MFD_CLOEXEC)), (descriptor) => {
    try {
      ftruncateSync(descriptor, size)
      return Either.right(descriptor)
    } catch (thrown) {
      closeSync(descriptor)
      return Either.left(new DescriptorFailed({ operation: `give a memfd ${size} bytes`, code: codeOf(thrown) }))
    }
  })
