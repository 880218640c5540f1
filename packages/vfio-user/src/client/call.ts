/** Calls of the core as effects: interruptible, with a timeout, their replies decoded. */
import type { EINVAL } from "@stopcopy/errno"
import { Effect, Either, Fiber, FiberRef, Option } from "effect"
import { commandName } from "../Command.ts"
import { headerBytes } from "../Header.ts"
import { accessHeadBytes, type Core, tickMillis } from "./Core.ts"
import type { Waiting } from "./Calls.ts"
import type { CallError } from "./errors.ts"

/** How long a call may take unless it says otherwise, in milliseconds. */
const defaultTimeoutMillis = 5000

const timeoutMillis = FiberRef.unsafeMake(defaultTimeoutMillis)

/** The calls of `effect` may take this long each, in milliseconds; 5000 by default. */
export const withTimeout =
  (millis: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.locally(effect, timeoutMillis, millis)

const ticksOf = (millis: number): number => Math.max(1, Math.ceil(millis / tickMillis))
const defaultTicks = ticksOf(defaultTimeoutMillis)

/** What a call gives, or that its reply is broken. */
type Decode<A> = (payload: Uint8Array) => Either.Either<A, EINVAL>

interface Request {
  readonly command: number
  readonly payload: Uint8Array
  /** The least size of the reply's payload, in bytes. */
  readonly leastBytes: number
  readonly descriptors?: ReadonlyArray<number>
}

type Resume<A> = (effect: Effect.Effect<A, CallError>) => void

/** How long a call of the fiber that runs may take. */
const currentTicks = (): number =>
  Option.match(Fiber.getCurrentFiber(), {
    onNone: () => defaultTicks,
    onSome: (fiber) => ticksOf(fiber.getFiberRef(timeoutMillis))
  })

/**
 * Runs `begin` with somebody who waits. There is nothing to be done when the fiber is interrupted: the core keeps the id until the reply has come, and
 * tells it to a fiber that has ended. (A finalizer would make each call three times as dear.)
 */
const waitFor = <A>(
  begin: (ticks: number, waiting: Waiting) => number,
  waitingOf: (resume: Resume<A>) => Waiting
): Effect.Effect<A, CallError> =>
  Effect.async<A, CallError>((resume) => {
    begin(currentTicks(), waitingOf(resume))
  })

/** A command and its reply. A payload that `decode` refuses is a violation of the protocol. */
export const call = <A>(core: Core, request: Request, decode: Decode<A>): Effect.Effect<A, CallError> => {
  const { command, descriptors = [], leastBytes, payload } = request
  return waitFor<A>(
    (ticks, waiting) => core.call({ command, payload, leastBytes, ticks, descriptors }, waiting),
    (resume) => ({
      failed: (error) => resume(Effect.fail(error)),
      replied: (view, at, size) => {
        const reply = new Uint8Array(view.buffer, view.byteOffset + at + headerBytes, size - headerBytes)
        const decoded = decode(reply)
        if (Either.isRight(decoded)) return resume(decoded)
        resume(
          Effect.fail(
            core.violate(
              `the reply to ${commandName(command)} can be read`,
              `${decoded.left.message} in ${reply.byteLength} bytes`
            )
          )
        )
      }
    })
  )
}

const nothing = Effect.void

/** REGION_READ of 1 byte to as many as a message takes; `take` reads the data at a place of a view. */
export const read = <A>(
  core: Core,
  region: number,
  offset: number,
  count: number,
  take: (view: DataView, at: number) => A
): Effect.Effect<A, CallError> =>
  waitFor<A>(
    (ticks, waiting) => core.read(region, offset, count, ticks, waiting),
    (resume) => ({
      failed: (error) => resume(Effect.fail(error)),
      replied: (view, at) => resume(Either.right(take(view, at + accessHeadBytes)))
    })
  )

/** REGION_WRITE of as many bytes as a message takes. */
export const write = (core: Core, region: number, offset: number, bytes: Uint8Array): Effect.Effect<void, CallError> =>
  waitFor<void>(
    (ticks, waiting) => core.write(region, offset, bytes, ticks, waiting),
    (resume) => ({
      failed: (error) => resume(Effect.fail(error)),
      replied: () => resume(nothing)
    })
  )

/** Waits until the connection takes more. */
export const untilDrained = (core: Core): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (!core.isFull()) return resume(Effect.void)
    const cancel = core.onDrained(() => resume(Effect.void))
    return Effect.sync(cancel)
  })
