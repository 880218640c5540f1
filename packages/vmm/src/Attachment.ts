/**
 * A device behind a vfio-user socket as a VMM has it: its registers, interrupts and DMA, through lost connections and from one server to another. Sources:
 * sections 5 to 10 and 17 of the vfio-user specification; `hw/vfio/pci.c` of QEMU.
 *
 * A1 While the connection is lost, and while a move holds the device, accesses wait; none is lost. An access whose answer was lost is done again: a write may
 *    reach the device twice then, with the same value.
 * A2 A lost connection is made again, with pauses of 20 ms to 1 s, until the device is detached or has moved. Accesses go on when memory and interrupts are set up.
 * A3 After a reconnection and after a move every vector is told once: one that fired in between may be lost.
 */
import type { CallError, Client, Disconnected } from "@stopcopy/vfio-user"
import { Duration, Effect, ExecutionStrategy, Schedule, Schema, Scope, Stream, SubscriptionRef } from "effect"
import type { AddressSpace } from "./AddressSpace.ts"
import { type DirtyTracking, dirtyTracking } from "./attachment/Dirty.ts"
import { InterruptLines } from "./attachment/InterruptLines.ts"
import { closeLink, type Link, openLink } from "./attachment/Link.ts"
import type { SessionError } from "./attachment/Session.ts"
import type { Wire } from "./attachment/Wire.ts"
import { Gate } from "./Gate.ts"
import type { GuestMemory } from "./memory/GuestMemory.ts"

/** The attachment is over. */
export class Detached extends Schema.TaggedError<Detached>()("Detached", { name: Schema.String }) {
  override get message(): string {
    return `${this.name}: the device is detached; attach it again`
  }
}

/** How an access fails. A lost connection is no failure: the access waits. */
export type AccessError = Exclude<CallError, Disconnected> | Detached

/** `name` is that of the wire. */
export type AttachmentState =
  | { readonly _tag: "Connected"; readonly name: string }
  | { readonly _tag: "Lost"; readonly name: string; readonly reason: string }
  | { readonly _tag: "Detached"; readonly name: string }

type States = SubscriptionRef.SubscriptionRef<AttachmentState>

/** Pauses between attempts to connect again. */
const firstPause = Duration.millis(20)
const longestPause = Duration.seconds(1)
const pauses = Schedule.union(Schedule.exponential(firstPause, 1.5), Schedule.spaced(longestPause))

export class Attachment {
  /** Accesses pass here; a move shuts it. */
  readonly gate = new Gate()
  readonly lines: InterruptLines
  /** What lives as long as the attachment does. */
  readonly scope: Scope.Scope
  private readonly states: States
  private current: Link
  private isConnected = false
  private isDetached = false
  private readonly connected = Effect.unsafeMakeLatch(false)

  /** For `attach`. */
  constructor(scope: Scope.Scope, lines: InterruptLines, link: Link, states: States) {
    this.scope = scope
    this.lines = lines
    this.current = link
    this.states = states
  }

  /** The present session: another one after a reconnection or a move. */
  get link(): Link {
    return this.current
  }

  get name(): string {
    return this.current.session.name
  }

  /** The client of the present session, for migration and whatever else an access is not. Its calls do not wait. */
  get client(): Client {
    return this.current.session.client
  }

  get space(): AddressSpace {
    return this.current.session.space
  }

  get memory(): GuestMemory {
    return this.space.memory
  }

  /** False: no vector is ever told, the driver polls. */
  get hasInterrupts(): boolean {
    return this.current.session.vectors > 0
  }

  /** Size of a region in bytes; 0: there is none. */
  regionBytes(region: number): number {
    return this.current.session.regions[region] ?? 0
  }

  get state(): Effect.Effect<AttachmentState> {
    return this.states.get
  }

  /** Fails once the attachment is over: for those who wait for the device without accessing it. */
  get present(): Effect.Effect<void, Detached> {
    return Effect.suspend(() => (this.isDetached ? new Detached({ name: this.name }) : Effect.void))
  }

  /** Waits for a state. */
  until(tag: AttachmentState["_tag"]): Effect.Effect<void> {
    return this.states.changes.pipe(
      Stream.takeUntil((state) => state._tag === tag),
      Stream.runDrain
    )
  }

  /** Calls the device; waits for a lost connection, and calls again if the answer was lost with it. */
  use<A>(call: (client: Client) => Effect.Effect<A, CallError>): Effect.Effect<A, AccessError> {
    return Effect.suspend((): Effect.Effect<A, AccessError> => {
      const link = this.current
      if (this.isDetached) return new Detached({ name: link.session.name })
      if (!this.isConnected) return Effect.zipRight(this.connected.await, this.use(call))
      return Effect.catchTag(call(link.session.client), "Disconnected", ({ reason }) =>
        Effect.zipRight(this.lost(link, reason), this.use(call))
      )
    })
  }

  private access<A>(call: (client: Client) => Effect.Effect<A, CallError>): Effect.Effect<A, AccessError> {
    return this.gate.pass(this.use(call))
  }

  /** Offsets and lengths in bytes, numbers little endian. Regions are numbered as VFIO does: 0 to 5 the BARs, 7 config space. */
  read(region: number, offset: number, length: number): Effect.Effect<Uint8Array, AccessError> {
    return this.access((client) => client.readRegion(region, offset, length))
  }

  write(region: number, offset: number, bytes: Uint8Array): Effect.Effect<void, AccessError> {
    return this.access((client) => client.writeRegion(region, offset, bytes))
  }

  read16(region: number, offset: number): Effect.Effect<number, AccessError> {
    return this.access((client) => client.readWord(region, offset, 2))
  }

  read32(region: number, offset: number): Effect.Effect<number, AccessError> {
    return this.access((client) => client.readWord(region, offset, 4))
  }

  read64(region: number, offset: number): Effect.Effect<bigint, AccessError> {
    return this.access((client) => client.readWord64(region, offset))
  }

  write16(region: number, offset: number, value: number): Effect.Effect<void, AccessError> {
    return this.access((client) => client.writeWord(region, offset, 2, value))
  }

  write32(region: number, offset: number, value: number): Effect.Effect<void, AccessError> {
    return this.access((client) => client.writeWord(region, offset, 4, value))
  }

  write64(region: number, offset: number, value: bigint): Effect.Effect<void, AccessError> {
    return this.access((client) => client.writeWord64(region, offset, value))
  }

  /** DEVICE_RESET. */
  get reset(): Effect.Effect<void, AccessError> {
    return this.access((client) => client.reset)
  }

  /** Pages that were written, by the CPU and by this device. Stopped before a move is committed. */
  get dirty(): DirtyTracking<AccessError> {
    return dirtyTracking(this.memory, [this])
  }

  /** Whether the device writes memory without this process. */
  mapsMemory(): boolean {
    return this.current.session.mapsMemory
  }

  /** Every vector is told: the driver looks for itself. */
  wake(): void {
    this.lines.raiseAll(this.current.session.vectors)
  }

  /** From now on accesses go to another session, which is ready. It is closed if the attachment is over. */
  adopt(link: Link): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isDetached) return closeLink(link)
      const { client, name } = link.session
      this.current = link
      this.isConnected = true
      const watch = Effect.flatMap(client.ended, ({ message }) => this.lost(link, message))
      return Effect.zipRight(
        Effect.forkIn(Effect.interruptible(watch), link.scope),
        SubscriptionRef.set(this.states, { _tag: "Connected", name })
      ).pipe(Effect.zipRight(this.connected.open), Effect.asVoid)
    })
  }

  private lost(link: Link, reason: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.current !== link || !this.isConnected || this.isDetached) return Effect.void
      this.isConnected = false
      this.connected.unsafeClose()
      const { name } = link.session
      return SubscriptionRef.set(this.states, { _tag: "Lost", name, reason }).pipe(
        Effect.zipRight(Effect.logWarning(`${name}: connection lost, ${reason}; it is made again`)),
        Effect.zipRight(Effect.forkIn(Effect.interruptible(this.reconnect(link)), this.scope)),
        Effect.asVoid
      )
    }).pipe(Effect.uninterruptible)
  }

  private reconnect(link: Link): Effect.Effect<void> {
    const again = Effect.tapError(link.again, (error) => Effect.logDebug(`${link.session.name}: not yet`, error))
    const take = (next: Link): Effect.Effect<void> =>
      this.current === link && !this.isDetached
        ? Effect.zipRight(
            this.adopt(next),
            Effect.sync(() => this.wake())
          )
        : closeLink(next)
    // Nobody wants it back once the attachment is over, or at another device.
    const isWanted = () => this.current === link && !this.isDetached
    return closeLink(link).pipe(
      Effect.zipRight(Effect.retry(again, { while: isWanted, schedule: pauses })),
      Effect.flatMap((next) => Effect.uninterruptible(take(next))),
      Effect.catchAll((error) => (isWanted() ? Effect.die(error) : Effect.void))
    )
  }

  /** Gives the device back: the connection ends, and with it maps and interrupts. Accesses that wait, and later ones, fail with `Detached`; who waits for interrupts is told. */
  get detach(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isDetached) return Effect.void
      this.isDetached = true
      return closeLink(this.current).pipe(
        Effect.zipRight(SubscriptionRef.set(this.states, { _tag: "Detached", name: this.name })),
        Effect.zipRight(this.connected.open),
        Effect.zipRight(this.gate.open),
        Effect.zipRight(Effect.sync(() => this.wake()))
      )
    }).pipe(Effect.uninterruptible)
  }
}

/** Attaches the device at the end of a wire until the scope ends. A server that is not there fails: only a connection that was there is made again. */
export const attach = <E>(
  space: AddressSpace,
  wire: Wire<E>
): Effect.Effect<Attachment, SessionError<E>, Scope.Scope> =>
  Effect.gen(function* () {
    // Links have a scope of their own: one that a move has opened ends behind the attachment too, not before it, when accesses would wait for it.
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const lines = new InterruptLines()
    const states = yield* SubscriptionRef.make<AttachmentState>({ _tag: "Connected", name: wire.name })
    const link = yield* openLink(scope, space, wire, lines)
    const attachment = new Attachment(scope, lines, link, states)
    yield* Effect.addFinalizer(() => attachment.detach)
    yield* attachment.adopt(link)
    return attachment
  })
