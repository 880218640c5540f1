/** What an attachment needs of its process: how to connect to the device, and eventfds if descriptors can be passed. `@stopcopy/vmm/node` has it for sockets. */
import type { Accept, CloseDescriptor, Connection } from "@stopcopy/vfio-user"
import type { Effect, Scope } from "effect"

/** An eventfd of this process. */
export interface InterruptSource {
  readonly descriptor: number
  /** What was added since it was taken last; waits until there is something. */
  readonly take: Effect.Effect<bigint>
}

/** The way to one device. */
export interface Wire<E> {
  /** For logs and refusals: the path of the socket. */
  readonly name: string
  /** A new connection, until the scope ends. */
  readonly open: (accept: Accept) => Effect.Effect<Connection, E, Scope.Scope>
  /** To be given with a connection that passes descriptors. */
  readonly closeDescriptor?: CloseDescriptor
  /** A new eventfd, closed with the scope. None: no interrupts, the driver polls. */
  readonly eventfd?: Effect.Effect<InterruptSource, E, Scope.Scope>
}
