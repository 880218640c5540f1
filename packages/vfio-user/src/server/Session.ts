/**
 * One client's connection to a served device: from bytes to commands to replies. Source: sections 1, 2 and 17 of the vfio-user specification.
 *
 * S1 Commands are answered in the order they came. One that the device does not answer at once holds those behind it; replies to the server's own
 *    commands pass them.
 * S2 All replies of a pass go out in one send; consecutive writes reach the device together.
 * S3 While a command waits, or the client does not read, nothing more is received, unless replies of the client are due; then up to `hardLimit` is kept.
 * S4 Nothing is thrown to the transport. A defect of the device fails the command with EIO and is logged.
 * S5 A client that has said nothing yet is heard, whoever has the device. With its first message it asks for the device, and waits for its turn unread.
 * S6 When the connection ends, the device is given back; a command that runs is let run, and the next client waits for it. No reply, signal or memory
 *    access happens any more.
 */
import { EIO, type Errno } from "@stopcopy/errno"
import { IoAddressSpace } from "@stopcopy/vfio"
import { Cause, Either, Exit, Option, Runtime } from "effect"
import type { Effect } from "effect"
import type { Connection } from "../Connection.ts"
import { typeMask, typeReply } from "../Header.ts"
import { Backlog } from "./Backlog.ts"
import type { Client } from "./Client.ts"
import type { Queued, Told } from "./Clients.ts"
import { Commands, type Flow } from "./Commands.ts"
import { DmaToClient, flooded } from "./DmaToClient.ts"
import { Framing, type Sink } from "./Framing.ts"
import { Gate } from "./Gate.ts"
import { nothing } from "./handlers/version.ts"
import { Interrupts } from "./Interrupts.ts"
import type { Log } from "./Log.ts"
import { Passage } from "./Passage.ts"
import type { Served } from "./Served.ts"
import { Tenure } from "./Tenure.ts"

/** What may wait for its turn while replies of the client are due, in bytes. */
const hardLimit = 4 * 1024 * 1024
/** The largest message beside its data: a header and 16 bytes. */
const headRoom = 32
/** Bytes of a VERSION message, at most: what a client may have kept here that has nothing. Also the room that small limits must leave for later messages. */
const leastRoom = 4096

export class Session<E> implements Queued, Sink, Flow<E> {
  readonly attach: Effect.Effect<void, Errno | E>
  private readonly tenure: Tenure<E>
  private readonly served: Served<E>
  private readonly connection: Connection
  private readonly runtime: Runtime.Runtime<never>
  private readonly log: Log
  private readonly client: Client<E>
  private readonly framing: Framing
  private readonly commands: Commands<E>
  private readonly gate: Gate<E>
  private readonly backlog = new Backlog()
  /** Chunks that came while a pass was under way. */
  private readonly inbox = new Backlog()
  private readonly asks: () => void
  /** The device is not this client's yet. */
  private isHeld = true
  private hasSpoken = false
  private waiting = false
  private isCongested = false
  private isActive = false
  private isPaused = false
  /** Nothing is taken any more. */
  private isOver = false
  private isGone = false

  /** `asks` is told once, when the first message is there; `released` once, when the device is free again. */
  constructor(
    served: Served<E>,
    connection: Connection,
    runtime: Runtime.Runtime<never>,
    log: Log,
    { asks, released }: Told
  ) {
    const { host, maxDataXferSize, maxDmaMaps, maxDmaSize, pageSizes } = served.options
    const { passesDescriptors } = connection
    this.served = served
    this.connection = connection
    this.runtime = runtime
    this.log = log
    this.asks = asks
    const dma = new DmaToClient(
      (message) => this.sendOn(message),
      () => this.adjust()
    )
    const space = IoAddressSpace.make({ pageSizes: BigInt(pageSizes), maxSize: maxDmaSize, maxMappings: maxDmaMaps })
    const interrupts = new Interrupts(served.device.interrupts, host, passesDescriptors, log)
    const memory = new Passage(space)
    this.client = { served, space, interrupts, dma, memory, passesDescriptors, negotiated: nothing }
    const maxBytes = Math.max(maxDataXferSize, leastRoom) + headRoom
    this.framing = new Framing(this, leastRoom + headRoom, maxBytes)
    this.commands = new Commands(this.client, this, log, maxBytes)
    this.gate = new Gate(served.options, this.commands, this)
    this.tenure = new Tenure(this.client, runtime, log, released)
    this.attach = this.tenure.begin
  }

  /** The device is this client's from now on. */
  start(): void {
    this.isHeld = false
    this.settleAgain()
  }

  /** Nothing whole has come yet. */
  get isSilent(): boolean {
    return !this.hasSpoken
  }

  /** Ends the connection from this side. */
  stop(): void {
    this.end()
    this.closed(undefined)
  }

  received(bytes: Uint8Array, descriptors: ReadonlyArray<number>): void {
    if (this.isOver) return this.unclaimed(descriptors)
    if (this.isActive) {
      this.inbox.push(bytes, 0, bytes.byteLength, descriptors)
      return this.checkLimit()
    }
    this.isActive = true
    this.framing.push(bytes, descriptors)
    this.settle()
  }

  drained(): void {
    this.isCongested = false
    if (this.isOver) return
    this.client.dma.drained()
    this.settleAgain()
  }

  closed(failure: Error | undefined): void {
    if (this.isGone) return
    this.isGone = true
    this.isOver = true
    if (failure !== undefined) this.log.warn(`the client's connection has failed: ${failure.message}`)
    this.unclaimed([...this.framing.clear(), ...this.gate.abandoned()])
    this.dropAll()
    this.client.memory.leave()
    this.client.interrupts.detach()
    this.tenure.end(this.waiting)
  }

  message(bytes: Uint8Array, view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): boolean {
    if (this.isOver) {
      this.unclaimed(descriptors)
      return false
    }
    if (!this.hasSpoken) {
      this.hasSpoken = true
      this.asks()
    }
    if (this.isDueReply(view, at, size)) {
      this.unclaimed(descriptors)
      this.client.dma.reply(bytes, view, at, size)
      return true
    }
    if (!this.canTake || !this.backlog.isEmpty || !this.take(bytes, view, at, size, descriptors)) {
      this.backlog.push(bytes, at, at + size, descriptors)
      this.checkLimit()
    }
    return !this.isOver
  }

  unclaimed(descriptors: ReadonlyArray<number>): void {
    for (const descriptor of descriptors) this.served.options.host.close(descriptor)
  }

  send(message: Uint8Array): void {
    this.sendOn(message)
  }

  isWaiting(): boolean {
    return this.waiting
  }

  run<A>(effect: Effect.Effect<A, Errno | E>, done: (result: Either.Either<A, Errno | E>) => void): void {
    // The connection may have ended inside the send before this.
    if (this.isOver) return
    this.waiting = true
    Runtime.runFork(this.runtime)(effect).addObserver((exit) => {
      this.waiting = false
      if (this.isGone) return this.tenure.commandEnded()
      if (this.isOver) return
      done(this.resultOf(exit))
      this.settleAgain()
    })
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.connection.close()
  }

  private get canTake(): boolean {
    return !this.isHeld && !this.waiting && !this.isCongested && !this.isOver
  }

  private isDueReply(view: DataView, at: number, size: number): boolean {
    return (
      (view.getUint32(at + 8, true) & typeMask) === typeReply &&
      view.getUint32(at + 4, true) === size &&
      this.client.dma.expects(view.getUint16(at, true), view.getUint16(at + 2, true))
    )
  }

  /** False: it has to wait. */
  private take(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    size: number,
    descriptors: ReadonlyArray<number>
  ): boolean {
    try {
      return this.gate.take(bytes, view, at, size, descriptors)
    } catch (defect) {
      this.log.failed("a command has failed", Cause.die(defect))
      this.commands.failUnseen(view, at)
      return true
    }
  }

  private settleAgain(): void {
    if (this.isActive || this.isOver) return
    this.isActive = true
    this.settle()
  }

  /** Ends a pass: takes what has waited as far as it goes, lets writes and replies go out. */
  private settle(): void {
    while (!this.isOver) {
      const next = this.canTake ? this.backlog.shift() : undefined
      if (next !== undefined) {
        const isTaken = this.take(next.bytes, next.view, 0, next.bytes.byteLength, next.descriptors)
        if (!isTaken) this.backlog.putBack(next)
        continue
      }
      this.commands.finishPass()
      if (this.canTake && !this.backlog.isEmpty) continue
      const more = this.inbox.shift()
      if (more === undefined) break
      this.framing.push(more.bytes, more.descriptors)
    }
    this.isActive = false
    if (this.isGone) this.dropAll()
    else this.adjust()
  }

  /** Pauses the connection while what it brings could only wait, resumes it when that is over. */
  private adjust(): void {
    if (this.isActive || this.isOver) return
    const pauses = this.hasSpoken && !this.canTake && !this.client.dma.busy
    if (pauses === this.isPaused) return
    this.isPaused = pauses
    if (pauses) this.connection.pause()
    else this.connection.resume()
  }

  private sendOn(message: Uint8Array): boolean {
    if (this.isGone) return true
    const wantsMore = this.connection.send(message)
    if (!wantsMore) this.isCongested = true
    return wantsMore
  }

  /** A client that sends commands without end instead of a reply that is due does not get more memory. */
  private checkLimit(): void {
    const weight = this.backlog.weight + this.inbox.weight
    if (weight > hardLimit && this.client.dma.busy) this.client.dma.giveUp(flooded(weight, hardLimit))
    if (weight > 2 * hardLimit) this.end()
  }

  private dropAll(): void {
    for (const waiting of [this.backlog, this.inbox]) {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) this.unclaimed(next.descriptors)
    }
  }

  /** A defect is an error of the device, and has been logged. */
  private resultOf<A>(exit: Exit.Exit<A, Errno | E>): Either.Either<A, Errno | E> {
    if (Exit.isSuccess(exit)) return Either.right(exit.value)
    return Option.match(Cause.failureOption(exit.cause), {
      onSome: (error) => Either.left(error),
      onNone: () => {
        this.log.failed("a command has failed", exit.cause)
        return Either.left(new EIO({}))
      }
    })
  }
}
