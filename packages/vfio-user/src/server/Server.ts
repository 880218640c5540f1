/**
 * Serves one device to one client after the other. Source: section 17 of the vfio-user specification: one client at a time, others wait.
 *
 * The device is a client's from its first message on, so that one that connects and says nothing keeps nobody off. Who asks while another has the device
 * waits, unread. When too many are there, the oldest that has said nothing for a second is turned away, or else the newest. Device, migration state
 * and migration file stay from one client to the next.
 */
import type { MigrationFile, VfioDevice } from "@stopcopy/vfio"
import { type Clock, Effect, type Runtime, type Scope } from "effect"
import type { Accept, Connection, Receiver } from "../Connection.ts"
import { Log } from "./Log.ts"
import { defaults, type Options } from "./Options.ts"
import { Served } from "./Served.ts"
import { Session } from "./Session.ts"

export interface Server {
  /** Serves a new connection. */
  readonly accept: Accept
}

/**
 * Serves until the scope ends; then connections are closed, the command that runs ends, and the migration file is closed unless the options keep it. `file`:
 * that of a session that an earlier server of this device has left open.
 */
export const serve = <E>(
  device: VfioDevice<E>,
  options: Partial<Options> = {},
  file?: MigrationFile<E>
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<never>()
    const served = new Served(device, { ...defaults, ...options }, file)
    const clients = new Clients(served, runtime, new Log(runtime, device.name), yield* Effect.clock)
    yield* Effect.addFinalizer(() => clients.stop)
    return { accept: (connection) => clients.accept(connection) }
  })

/** How long a client is there before it counts as one that says nothing, in milliseconds: what it has said may not be read yet. */
const silentMillis = 1000

class Clients<E> {
  private readonly served: Served<E>
  private readonly runtime: Runtime.Runtime<never>
  private readonly log: Log
  private current: Session<E> | undefined
  private waiting: Array<Session<E>> = []
  /** When each of them came, in milliseconds. */
  private readonly since = new WeakMap<Session<E>, number>()
  private readonly clock: Clock.Clock
  private isStopping = false
  private idle: () => void = () => undefined

  constructor(served: Served<E>, runtime: Runtime.Runtime<never>, log: Log, clock: Clock.Clock) {
    this.clock = clock
    this.served = served
    this.runtime = runtime
    this.log = log
  }

  accept(connection: Connection): Receiver {
    if (this.isStopping || !this.makesRoom()) return this.turnAway(connection)
    const session: Session<E> = new Session(this.served, connection, this.runtime, this.log, {
      asks: () => this.give(),
      released: () => this.left(session)
    })
    this.waiting.push(session)
    this.since.set(session, this.clock.unsafeCurrentTimeMillis())
    return session
  }

  /** Whether one more client may be there; one that has said nothing goes for it. */
  private makesRoom(): boolean {
    const most = this.served.options.maxWaitingClients + (this.current === undefined ? 1 : 0)
    if (this.waiting.length < most) return true
    const earlier = this.clock.unsafeCurrentTimeMillis() - silentMillis
    const silent = this.waiting.find((each) => each.isSilent && (this.since.get(each) ?? 0) <= earlier)
    if (silent === undefined) return false
    this.log.warn("a client that has said nothing was turned away: others have come")
    silent.stop()
    return true
  }

  /** The device, if it is free, is the first's that asks for it. */
  private give(): void {
    if (this.current !== undefined) return
    const next = this.waiting.find(({ isSilent }) => !isSilent)
    if (next === undefined) return
    this.waiting = this.waiting.filter((other) => other !== next)
    this.current = next
    next.start()
  }

  /** Ends every connection, and then the migration session. */
  readonly stop: Effect.Effect<void> = Effect.suspend(() => {
    this.isStopping = true
    const ended = Effect.async<void>((resume) => {
      this.idle = () => resume(Effect.void)
      for (const session of this.waiting.splice(0)) session.stop()
      if (this.current === undefined) this.idle()
      else this.current.stop()
    })
    if (this.served.options.keepsMigrationFile) return ended
    const close = Effect.catchAllCause(this.served.closeFile, (cause) =>
      Effect.sync(() => this.log.failed("the migration file could not be closed", cause))
    )
    return Effect.zipRight(ended, close)
  })

  private left(session: Session<E>): void {
    this.waiting = this.waiting.filter((other) => other !== session)
    if (this.current !== session) return
    this.current = undefined
    if (this.isStopping) this.idle()
    else this.give()
  }

  private turnAway(connection: Connection): Receiver {
    this.log.warn("a client was turned away: others wait, or the server stops")
    connection.close()
    return {
      received: (_, descriptors) => descriptors.forEach((descriptor) => this.served.options.host.close(descriptor)),
      drained: () => undefined,
      closed: () => undefined
    }
  }
}
