/** VERSION of a guest's VMM: the server is looked for, and what is agreed on follows from what it offers. Source: section 4 of the vfio-user specification. */
import { Effect, Either, Exit, Fiber, Runtime } from "effect"
import type { Client } from "../Client.ts"
import { Command } from "../Command.ts"
import type { CloseDescriptor } from "../Connection.ts"
import type { Log } from "../server/Log.ts"
import { offer, type Offer } from "./offer.ts"
import type { Upstream } from "./Upstream.ts"

/** Errnos of the wire. */
const [enodev, einval] = [19, 22]

/** The connection to the server, with the client that it is shared with. */
export interface Present {
  readonly client: Client
  readonly upstream: Upstream
}

/** What sessions of one device have in common. */
export interface Shared {
  readonly log: Log
  readonly runtime: Runtime.Runtime<never>
  readonly close: CloseDescriptor
  /** The present connection, or a new one. */
  readonly present: Effect.Effect<Present, { readonly message: string }>
  /** The errno of what changes the device's migration state, or resets it; 0: it may. */
  readonly refuses: () => number
}

export interface Opened {
  readonly present: Present
  readonly agreed: Offer
}

export class Opening {
  private readonly shared: Shared
  private readonly ended: (opened: Opened | number) => void
  private looking: Fiber.RuntimeFiber<unknown> | undefined

  /** `ended` is told once: what was agreed on, or the errno of the refusal. */
  constructor(shared: Shared, ended: (opened: Opened | number) => void) {
    this.shared = shared
    this.ended = ended
  }

  /** `proposal`: the payload of VERSION. */
  begin(proposal: Uint8Array, passesDescriptors: boolean): void {
    const { log, present, runtime } = this.shared
    const looking = Runtime.runFork(runtime)(Effect.either(present))
    this.looking = looking
    looking.addObserver((exit) => {
      if (Exit.isFailure(exit)) {
        if (!Exit.isInterrupted(exit)) log.failed("the server could not be looked for", exit.cause)
        this.ended(enodev)
      } else if (Either.isLeft(exit.value)) {
        log.warn(`a guest's VMM is refused: ${exit.value.left.message}`)
        this.ended(enodev)
      } else this.ended(this.agree(exit.value.right, proposal, passesDescriptors))
    })
  }

  /** Nobody waits for it any more. */
  giveUp(): void {
    if (this.looking !== undefined) Runtime.runFork(this.shared.runtime)(Fiber.interrupt(this.looking))
  }

  private agree(present: Present, proposal: Uint8Array, passesDescriptors: boolean): Opened | number {
    const agreed = offer(proposal, present.client.negotiated, passesDescriptors)
    if (Either.isRight(agreed)) return present.upstream.isEnded ? enodev : { present, agreed: agreed.right }
    this.shared.log.refused(Command.VERSION, agreed.left)
    return einval
  }
}
