/**
 * Who has the one place that there is, and who waits for it. Source: section 17 of the vfio-user specification: one client at a time, others wait.
 *
 * The place is a client's from its first message on, so that one that connects and says nothing keeps nobody off. Who asks while another has it waits, unread.
 * When too many are there, the oldest that has said nothing for a second is turned away, or else the newest.
 */
import { type Clock, Effect } from "effect"
import type { CloseDescriptor, Connection, Receiver } from "../Connection.ts"
import type { Log } from "./Log.ts"

/** One client's connection. */
export interface Queued extends Receiver {
  /** Nothing whole has come yet. */
  readonly isSilent: boolean
  /** The place is this client's from now on. */
  readonly start: () => void
  /** Ends the connection from this side. */
  readonly stop: () => void
}

/** What a connection tells: `asks` once, when its first message is there; `released` once, when its place is free again. */
export interface Told {
  readonly asks: () => void
  readonly released: () => void
}

interface Place {
  readonly make: (connection: Connection, told: Told) => Queued
  /** Clients that may wait for the one before them. */
  readonly maxWaiting: number
  readonly close: CloseDescriptor
  readonly log: Log
  readonly clock: Clock.Clock
}

/** How long a client is there before it counts as one that says nothing, in milliseconds: what it has said may not be read yet. */
const silentMillis = 1000

export class Clients {
  private readonly place: Place
  private current: Queued | undefined
  private waiting: Array<Queued> = []
  /** When each of them came, in milliseconds. */
  private readonly since = new WeakMap<Queued, number>()
  private isStopping = false
  private idle: () => void = () => undefined

  constructor(place: Place) {
    this.place = place
  }

  accept(connection: Connection): Receiver {
    if (this.isStopping || !this.makesRoom()) return this.turnAway(connection)
    const session: Queued = this.place.make(connection, {
      asks: () => this.give(),
      released: () => this.left(session)
    })
    this.waiting.push(session)
    this.since.set(session, this.place.clock.unsafeCurrentTimeMillis())
    return session
  }

  /** Whether one more client may be there; one that has said nothing goes for it. */
  private makesRoom(): boolean {
    const { clock, log, maxWaiting } = this.place
    const most = maxWaiting + (this.current === undefined ? 1 : 0)
    if (this.waiting.length < most) return true
    const earlier = clock.unsafeCurrentTimeMillis() - silentMillis
    const silent = this.waiting.find((each) => each.isSilent && (this.since.get(each) ?? 0) <= earlier)
    if (silent === undefined) return false
    log.warn("a client that has said nothing was turned away: others have come")
    silent.stop()
    return true
  }

  /** The place, if it is free, is the first's that asks for it. */
  private give(): void {
    if (this.current !== undefined) return
    const next = this.waiting.find(({ isSilent }) => !isSilent)
    if (next === undefined) return
    this.waiting = this.waiting.filter((other) => other !== next)
    this.current = next
    next.start()
  }

  /** Ends every connection; done when the place is free. */
  readonly stop: Effect.Effect<void> = Effect.async<void>((resume) => {
    this.isStopping = true
    this.idle = () => resume(Effect.void)
    for (const session of this.waiting.splice(0)) session.stop()
    if (this.current === undefined) this.idle()
    else this.current.stop()
  })

  private left(session: Queued): void {
    this.waiting = this.waiting.filter((other) => other !== session)
    if (this.current !== session) return
    this.current = undefined
    if (this.isStopping) this.idle()
    else this.give()
  }

  private turnAway(connection: Connection): Receiver {
    const { close, log } = this.place
    log.warn("a client was turned away: others wait, or the server stops")
    connection.close()
    return {
      received: (_, descriptors) => descriptors.forEach(close),
      drained: () => undefined,
      closed: () => undefined
    }
  }
}
