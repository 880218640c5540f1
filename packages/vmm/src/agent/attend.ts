/** Lets a guest take part in coordinated migrations: the hosts of its devices ask at sockets beside those of the devices' servers. */
import { type Destination, GuestRefused } from "@stopcopy/agent"
import { type CannotServe, serveGuest } from "@stopcopy/agent/server"
import { Effect, ExecutionStrategy, Exit, Scope } from "effect"
import type { Attachment } from "../Attachment.ts"
import type { Wire } from "../attachment/Wire.ts"
import type { Gate } from "../Gate.ts"
import { Attending, type Processor } from "./Attending.ts"

export interface AttendOptions<E> {
  /** What the guest's virtual CPUs pass with each step. */
  readonly processor: Gate
  /** Each attached by a wire that is named by the path of its socket, as `makeHost` does. */
  readonly attachments: ReadonlyArray<Attachment>
  /** The way to the server of a destination. */
  readonly wire: (destination: Destination) => Wire<E>
}

/** The virtual CPUs go on when the last of the devices does. */
const processorOf = (gate: Gate): Processor => {
  const held = new Set<Attachment>()
  return {
    hold: (device) =>
      Effect.suspend(() => {
        held.add(device)
        return gate.shut
      }),
    release: (device) => Effect.suspend(() => (held.delete(device) && held.size === 0 ? gate.open : Effect.void))
  }
}

/** Listens where the device is, and where it goes to; what is left behind is not listened on any more. */
const attendOne = <E extends { readonly message: string; readonly _tag: string }>(
  attachment: Attachment,
  processor: Processor,
  wire: (destination: Destination) => Wire<E>
): Effect.Effect<void, CannotServe, Scope.Scope> =>
  Effect.gen(function* () {
    const parent = yield* Effect.scope
    const listening = new Map<string, Scope.CloseableScope>()
    const listenAt = (path: string): Effect.Effect<void, CannotServe> =>
      Effect.gen(function* () {
        if (listening.has(path)) return
        const scope = yield* Scope.fork(parent, ExecutionStrategy.sequential)
        yield* Effect.onError(Scope.extend(serveGuest(path, attending.hooksAt(path)), scope), (cause) =>
          Scope.close(scope, Exit.failCause(cause))
        )
        listening.set(path, scope)
      })
    /** Whoever is asked just now is asked where the device is: that one stays. */
    const leaveOthers = Effect.suspend(() => {
      const left = [...listening].filter(([path]) => path !== attachment.name)
      for (const [path] of left) listening.delete(path)
      return Effect.forEach(left, ([, scope]) => Scope.close(scope, Exit.void), { discard: true })
    })
    const arrive = ({ socketPath }: Destination) =>
      Effect.acquireRelease(
        Effect.mapError(listenAt(socketPath), ({ message }) => new GuestRefused({ reason: message })),
        () => leaveOthers
      )
    const attending = new Attending(attachment, processor, wire, arrive)
    yield* listenAt(attachment.name)
  })

/**
 * Takes part until the scope ends. `pause` shuts `processor`; after the commit attachments are at their destinations, and whoever comes next finds the VMM there. A VMM
 * that is asked for what it cannot do refuses, and the migration goes back, or is in doubt behind its commit.
 */
export const attend = <E extends { readonly message: string; readonly _tag: string }>({
  attachments,
  processor: gate,
  wire
}: AttendOptions<E>): Effect.Effect<void, CannotServe, Scope.Scope> => {
  const processor = processorOf(gate)
  return Effect.forEach(attachments, (attachment) => attendOne(attachment, processor, wire), { discard: true })
}
