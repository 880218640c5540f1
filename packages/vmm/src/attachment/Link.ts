/** A session with the scope that it lives in, and the way to another like it: what is replaced when a connection is lost, or a device moves. */
import { Effect, ExecutionStrategy, Exit, Scope } from "effect"
import type { AddressSpace } from "../AddressSpace.ts"
import type { InterruptLines } from "./InterruptLines.ts"
import { openSession, type Session, type SessionError } from "./Session.ts"
import type { Wire } from "./Wire.ts"

export interface Link {
  readonly session: Session
  readonly scope: Scope.CloseableScope
  /** Another session with the same server. Whatever goes wrong with it is for the log. */
  readonly again: Effect.Effect<Link, unknown>
}

/** A link that is closed with `parent`, if nobody closes it before. */
export const openLink = <E>(
  parent: Scope.Scope,
  space: AddressSpace,
  wire: Wire<E>,
  lines: InterruptLines
): Effect.Effect<Link, SessionError<E>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const scope = yield* Scope.fork(parent, ExecutionStrategy.sequential)
      const session = yield* restore(Scope.extend(openSession(space, wire, lines), scope)).pipe(
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      return { session, scope, again: openLink(parent, space, wire, lines) }
    })
  )

export const closeLink = ({ scope }: Link): Effect.Effect<void> => Scope.close(scope, Exit.void)
