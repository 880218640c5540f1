/**
 * The connection of a guest's VMM to one who shares a server's connection with it. Source: sections 1, 2, 4 and 17 of the vfio-user specification.
 *
 * G1 Commands go on in the order they came; one that is refused here is answered when those before it are.
 * G2 While a command cannot go on, or the VMM does not read, nothing more is received, unless replies of the VMM are due; then up to `hardLimit` is kept.
 * G3 Replies of about `askedLimit` are asked for at most, unread ones among them: a slow VMM waits. It is let go at `hardLimit`: a server has answered too much.
 * G4 When its connection ends, what it has left on the server is taken away; the next VMM waits for that.
 */
import { Fiber, Runtime } from "effect"
import { maxSentDataBytes } from "../client/negotiate.ts"
import { makeOutbox, type Outbox } from "../client/Outbox.ts"
import { Command } from "../Command.ts"
import type { Connection } from "../Connection.ts"
import { headerBytes, noReply, typeCommand, typeMask, typeReply } from "../Header.ts"
import { encodeErrorReply, encodeReply } from "../Message.ts"
import { Backlog } from "../server/Backlog.ts"
import type { Queued, Told } from "../server/Clients.ts"
import { DmaToClient, flooded } from "../server/DmaToClient.ts"
import { Framing, type Sink } from "../server/Framing.ts"
import { GuestMemory } from "./GuestMemory.ts"
import { hideP2p, type Offer } from "./offer.ts"
import { type Opened, Opening, type Present, type Shared } from "./Opening.ts"
import { changesMigration, errnoOf, takesDescriptors } from "./Request.ts"
import type { Guest } from "./Upstream.ts"

/** Bytes that wait in either direction, at most. */
const hardLimit = 4 * 1024 * 1024
/** No more is asked for while the replies that are due and those that wait for the VMM have this many bytes. */
const askedLimit = hardLimit / 2
/** The largest message beside its data, in bytes: a header and 16 bytes. */
const headRoom = 32
/** Bytes of a VERSION message, at most. */
const versionBytes = 4096
const maxMessageBytes = maxSentDataBytes + headRoom

const einval = 22

export class GuestSession implements Queued, Sink, Guest {
  private readonly shared: Shared
  private readonly connection: Connection
  private readonly told: Told
  private readonly framing = new Framing(this, versionBytes + headRoom, maxMessageBytes)
  private readonly backlog = new Backlog()
  private readonly outbox: Outbox
  private readonly dma: DmaToClient
  private readonly memory: GuestMemory
  private present: Present | undefined
  private offer: Offer | undefined
  private isHeld = true
  private hasSpoken = false
  /** VERSION is not answered yet: the server is being looked for. */
  private opening: Opening | undefined
  /** What it has left on the server is being taken away. */
  private leaving: Fiber.RuntimeFiber<unknown, unknown> | undefined
  private isActive = false
  private isPaused = false
  private isOver = false
  private isGone = false
  private isStopping = false
  /** Bytes of replies for a VMM that does not read. */
  private unread = 0

  constructor(shared: Shared, connection: Connection, told: Told) {
    this.shared = shared
    this.connection = connection
    this.told = told
    this.outbox = makeOutbox(connection)
    this.dma = new DmaToClient(
      (message) => this.sendCommand(message),
      () => this.adjust()
    )
    this.memory = new GuestMemory(this.dma, shared.runtime, () => this.present?.upstream)
  }

  get isSilent(): boolean {
    return !this.hasSpoken
  }

  start(): void {
    this.isHeld = false
    this.settled()
  }

  /** The end of all of this: the connection to the server ends too, and takes what is left there with it. */
  stop(): void {
    this.isStopping = true
    if (this.leaving !== undefined) Runtime.runFork(this.shared.runtime)(Fiber.interrupt(this.leaving))
    this.end()
    this.closed(undefined)
  }

  received(bytes: Uint8Array, descriptors: ReadonlyArray<number>): void {
    if (this.isOver) return this.unclaimed(descriptors)
    this.framing.push(bytes, descriptors)
    this.adjust()
  }

  drained(): void {
    this.outbox.drained()
    this.unread = 0
    if (this.isOver) return
    this.dma.drained()
    this.settled()
  }

  closed(failure: Error | undefined): void {
    if (this.isGone) return
    this.isGone = true
    this.isOver = true
    if (failure !== undefined) this.shared.log.warn(`the guest's VMM: its connection has failed: ${failure.message}`)
    this.unclaimed(this.framing.clear())
    for (let next = this.backlog.shift(); next !== undefined; next = this.backlog.shift()) {
      this.unclaimed(next.descriptors)
    }
    this.dma.close()
    this.present?.upstream.part(this)
    if (this.opening === undefined) this.leave()
    else this.opening.giveUp()
  }

  message(bytes: Uint8Array, view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): boolean {
    if (this.isOver) {
      this.unclaimed(descriptors)
      return false
    }
    if (!this.hasSpoken) {
      this.hasSpoken = true
      this.told.asks()
    }
    if (this.isDueReply(view, at, size)) {
      this.unclaimed(descriptors)
      this.dma.reply(bytes, view, at, size)
    } else if (!this.canTake || !this.backlog.isEmpty || !this.take(view, at, size, descriptors)) {
      this.backlog.push(bytes, at, at + size, descriptors)
      this.checkLimit()
    }
    return !this.isOver
  }

  unclaimed(descriptors: ReadonlyArray<number>): void {
    descriptors.forEach(this.shared.close)
  }

  replied(message: Uint8Array, descriptors: ReadonlyArray<number>): void {
    if (this.isOver) return this.unclaimed(descriptors)
    if (this.offer?.p2p === false) hideP2p(message)
    if (descriptors.length === 0 || !this.connection.passesDescriptors) this.outbox.add(message)
    else this.outbox.sendAlone(message.slice(), descriptors)
    this.unclaimed(descriptors)
    this.count(message.length)
  }

  asked(view: DataView, at: number, size: number): void {
    this.memory.ask(view, at, size)
  }

  settled(): void {
    if (this.isActive || this.isOver) return
    this.isActive = true
    while (this.canTake) {
      const next = this.backlog.shift()
      if (next === undefined) break
      if (this.take(next.view, 0, next.bytes.byteLength, next.descriptors)) continue
      this.backlog.putBack(next)
      break
    }
    this.isActive = false
    this.adjust()
  }

  ended(): void {
    if (!this.isOver) this.shared.log.warn("the server's connection has ended; that of the guest's VMM ends too")
    this.end()
  }

  private get canTake(): boolean {
    const upstream = this.present?.upstream
    const mayForward = upstream === undefined || (upstream.takesMore && upstream.owed + this.unread < askedLimit)
    return mayForward && !this.isHeld && this.opening === undefined && !this.outbox.isFull() && !this.isOver
  }

  private isDueReply(view: DataView, at: number, size: number): boolean {
    return (
      (view.getUint32(at + 8, true) & typeMask) === typeReply &&
      view.getUint32(at + 4, true) === size &&
      this.dma.expects(view.getUint16(at, true), view.getUint16(at + 2, true))
    )
  }

  /** False: it has to wait. */
  private take(view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): boolean {
    const { offer: agreed, present } = this
    if (agreed === undefined || present === undefined) {
      this.version(view, at, size, descriptors)
      return true
    }
    const beside = { descriptors: descriptors.length, maps: present.upstream.footprint.size }
    const wrong = errnoOf(view, at, size, agreed, beside)
    const errno = wrong === 0 && changesMigration(view, at) ? this.shared.refuses() : wrong
    if (errno !== 0) {
      if (present.upstream.unanswered > 0) return false
      this.unclaimed(descriptors)
      this.refuse(view, at, errno)
      // What follows a header with an absurd size cannot be told from its body.
      if (view.getUint32(at + 4, true) > maxMessageBytes) this.end()
      return true
    }
    const passed = takesDescriptors(view.getUint16(at + 2, true)) ? descriptors : []
    if (passed.length === 0) this.unclaimed(descriptors)
    present.upstream.forward(view, at, size, passed)
    return true
  }

  private refuse(view: DataView, at: number, errno: number): void {
    const [id, command] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    if ((view.getUint32(at + 8, true) & noReply) === 0) this.outbox.add(encodeErrorReply(id, command, errno))
  }

  /** The first message. Whatever is wrong with it ends the connection. */
  private version(view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): void {
    this.unclaimed(descriptors)
    const isCommand = (view.getUint32(at + 8, true) & typeMask) === typeCommand
    if (!isCommand || view.getUint32(at + 4, true) !== size) return this.end()
    if (view.getUint16(at + 2, true) !== Command.VERSION || descriptors.length > 0) return this.reject(view, at, einval)
    const message = new DataView(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + size))
    const opening = new Opening(this.shared, (opened) => {
      this.opening = undefined
      if (this.isGone) return this.leave()
      if (typeof opened === "number") return this.reject(message, 0, opened)
      this.open(message, opened)
    })
    this.opening = opening
    opening.begin(new Uint8Array(message.buffer, headerBytes), this.connection.passesDescriptors)
  }

  private open(message: DataView, { agreed, present }: Opened): void {
    this.present = present
    this.offer = agreed
    this.dma.limit(agreed.guestDataBytes)
    present.upstream.join(this)
    if ((message.getUint32(8, true) & noReply) === 0) {
      this.outbox.add(encodeReply(message.getUint16(0, true), Command.VERSION, agreed.payload))
    }
    this.settled()
  }

  private reject(view: DataView, at: number, errno: number): void {
    this.refuse(view, at, errno)
    this.end()
  }

  private end(): void {
    if (this.isOver) return
    this.isOver = true
    this.outbox.flush()
    this.connection.close()
  }

  /** What is left on the server is taken away. */
  private leave(): void {
    const { present, shared } = this
    if (present === undefined || this.isStopping) return this.told.released()
    const leaving = Runtime.runFork(shared.runtime)(present.upstream.clean(present.client, shared.log))
    this.leaving = leaving
    leaving.addObserver(() => this.told.released())
  }

  private sendCommand(message: Uint8Array): boolean {
    if (this.isOver) return true
    this.outbox.add(message)
    return !this.outbox.isFull()
  }

  /** Pauses the connection while what it brings could only wait, resumes it when that is over. */
  private adjust(): void {
    if (this.isActive || this.isOver) return
    const pauses = this.hasSpoken && (!this.canTake || !this.backlog.isEmpty) && !this.dma.busy
    if (pauses === this.isPaused) return
    this.isPaused = pauses
    if (pauses) this.connection.pause()
    else this.connection.resume()
  }

  private count(bytes: number): void {
    if (!this.outbox.isFull()) return
    this.unread += bytes
    if (this.unread <= hardLimit) return
    this.shared.log.warn(`the guest's VMM is let go: it does not read, and the server answers more than was asked for`)
    this.end()
  }

  /** A VMM that sends commands without end instead of a reply that is due does not get more memory. */
  private checkLimit(): void {
    const { weight } = this.backlog
    if (weight > hardLimit && this.dma.busy) this.dma.giveUp(flooded(weight, hardLimit))
    if (weight <= 2 * hardLimit) return
    this.shared.log.warn(`the guest's VMM is let go: it sends commands and answers none, ${weight} bytes wait`)
    this.end()
  }
}
