/**
 * The time in which a client has the device: from VERSION to the moment at which the next client may have it. Source: section 17 of the vfio-user
 * specification.
 */
import type { Errno } from "@stopcopy/errno"
import { Effect, Exit, Runtime, Scope } from "effect"
import type { Client } from "./Client.ts"
import type { Log } from "./Log.ts"

export class Tenure<E> {
  private readonly client: Client<E>
  private readonly runtime: Runtime.Runtime<never>
  private readonly log: Log
  private readonly released: () => void
  private scope: Scope.CloseableScope | undefined
  private hasLeft = false
  /** A command of the client still runs. */
  private isBusy = false
  private isReleased = false

  /** `released` is told once, when the device is free again. */
  constructor(client: Client<E>, runtime: Runtime.Runtime<never>, log: Log, released: () => void) {
    this.client = client
    this.runtime = runtime
    this.log = log
    this.released = released
  }

  /** Gives the device to the client. */
  get begin(): Effect.Effect<void, Errno | E> {
    const { interrupts, memory, served } = this.client
    const user = { dma: memory, interrupt: (index: number, vector: number) => interrupts.fire(index, vector) }
    return Effect.flatMap(Scope.make(), (scope) => {
      this.scope = scope
      return Scope.extend(served.device.attach(user), scope)
    })
  }

  /** The client is gone: the device is given back. It is free once no command runs. */
  end(isBusy: boolean): void {
    this.isBusy = isBusy
    const { scope } = this
    if (scope === undefined) return this.left()
    Runtime.runFork(this.runtime)(Scope.close(scope, Exit.void)).addObserver((exit) => {
      if (Exit.isFailure(exit)) this.log.failed("the device could not be given back", exit.cause)
      this.left()
    })
  }

  /** The command that ran when the client left has ended. */
  commandEnded(): void {
    this.isBusy = false
    this.release()
  }

  private left(): void {
    this.hasLeft = true
    this.client.dma.close()
    this.client.space.unmapAll()
    this.client.memory.end()
    this.release()
  }

  private release(): void {
    if (!this.hasLeft || this.isBusy || this.isReleased) return
    this.isReleased = true
    this.released()
  }
}
