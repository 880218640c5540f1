/**
 * A client's stay at the device: from when it is given the device to when it has given it back. Source: section 17 of the vfio-user specification;
 * `VfioDevice.attach` of `@stopcopy/vfio`.
 */
import type { Errno } from "@stopcopy/errno"
import { Effect, Exit, Runtime, Scope } from "effect"
import type { Client } from "./Client.ts"
import type { Log } from "./Log.ts"
import { Passage } from "./Passage.ts"

export class Stay<E> {
  /** The client's memory as the device has it. */
  readonly passage: Passage
  private readonly client: Client<E>
  private readonly runtime: Runtime.Runtime<never>
  private readonly log: Log
  private scope: Scope.CloseableScope | undefined

  constructor(client: Client<E>, runtime: Runtime.Runtime<never>, log: Log) {
    this.client = client
    this.runtime = runtime
    this.log = log
    this.passage = new Passage(client.space)
  }

  /** Gives the device to the client. */
  get attach(): Effect.Effect<void, Errno | E> {
    const { interrupts, served } = this.client
    const user = {
      dma: this.passage,
      interrupt: (index: number, vector: number) => interrupts.fire(index, vector)
    }
    return Effect.flatMap(Scope.make(), (scope) => {
      this.scope = scope
      return Scope.extend(served.device.attach(user), scope)
    })
  }

  /** The connection has ended: gives the device back, then ends the client's memory and calls `done`. */
  end(done: () => void): void {
    const { client, passage, scope } = this
    passage.leave()
    client.interrupts.detach()
    const left = (): void => {
      client.dma.close()
      client.space.unmapAll()
      passage.end()
      done()
    }
    if (scope === undefined) return left()
    Runtime.runFork(this.runtime)(Scope.close(scope, Exit.void)).addObserver((exit) => {
      if (Exit.isFailure(exit)) this.log.failed("the device could not be given back", exit.cause)
      left()
    })
  }
}
