/** Eventfds and memfds: what a client makes and passes, and what a server does with an eventfd it was passed. Source: eventfd(2), memfd_create(2). */
import { EINVAL } from "@stopcopy/errno"
import { Effect, Either, Schema, type Scope } from "effect"
import { closeSync, ftruncateSync, readlinkSync, readSync } from "node:fs"
import type { Libc } from "./Libc.ts"
import { codeOf } from "./SocketPath.ts"

const EFD_NONBLOCK = 0o4000
const EFD_CLOEXEC = 0o2000000
const MFD_CLOEXEC = 1
const O_NONBLOCK = 0o4000

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
    if (waiting.length === 0) watch.stop()
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

/** Whether the descriptor is open and an eventfd. */
const isEventfd = (descriptor: number): boolean => {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`) === "anon_inode:[eventfd]"
  } catch {
    return false
  }
}

/**
 * Makes a descriptor that a peer passed fit for `signalEventfd`: it must be an eventfd, and becomes non-blocking for both sides, because a peer that
 * fills the counter of a blocking one would stop this process. `EINVAL` otherwise; the descriptor stays the caller's.
 */
export const prepareEventfd = (libc: Libc, descriptor: number): Either.Either<void, EINVAL> => {
  const flags = isEventfd(descriptor) ? libc.getFlags(descriptor) : -1
  if (flags >= 0 && ((flags & O_NONBLOCK) !== 0 || libc.setFlags(descriptor, flags | O_NONBLOCK) >= 0)) {
    return Either.void
  }
  return Either.left(
    new EINVAL({
      refusal: {
        code: "vfioUser.irq.eventfd",
        rule: "an interrupt is signalled through an eventfd",
        where: "descriptor of the peer",
        source: "another kind of file",
        destination: "an eventfd",
        remedy: "pass descriptors made with eventfd(2)"
      }
    })
  )
}
