/**
 * One connection to a server that two clients share: the one that has made it, and a guest's VMM. Source: sections 1 and 2 of the vfio-user specification.
 *
 * U1 A client's commands reach the server in their order, and between those of the other one. Replies go back to who asked, under the id that he gave.
 * U2 Commands of the server are the guest's. Where there is none they are the other one's, who has no memory to give.
 * U3 At most `maxUnderway` commands of the guest are on their way, so that those of the other one wait behind no more than these. Of posted ones each 64th in a row is
 *    sent as one that is answered, which tells how far the server is; the guest does not see that answer.
 * U4 The end of the connection is the end for both.
 */
import { ETIMEDOUT } from "@stopcopy/errno"
import { Effect } from "effect"
import type { Client } from "../Client.ts"
import { announcedDataBytes } from "../client/Core.ts"
import { Inbox } from "../client/Inbox.ts"
import { makeOutbox, type Outbox } from "../client/Outbox.ts"
import { Command } from "../Command.ts"
import type { Accept, CloseDescriptor, Connection, Receiver } from "../Connection.ts"
import { errorReply, headerBytes, noReply, typeCommand, typeMask, typeReply } from "../Header.ts"
import { encodeCommand } from "../Message.ts"
import type { Log } from "../server/Log.ts"
import { Footprint, keptBytes, leavesSomething } from "./Footprint.ts"
import { replyBytes } from "./Request.ts"
import { firstId, Underway } from "./Underway.ts"

/** The largest message that a server may send, in bytes: what clients announce, and the heads. */
const maxMessageBytes = announcedDataBytes + 4096

/** How long the answers to a guest that has gone are waited for, in milliseconds: a change of the migration state may take as long. */
const answerMillis = 30_000

/** Replies for a server that does not read, at most, in bytes: more than `GuestMemory` gives it data. */
const maxUnreadBytes = 16 * 1024 * 1024

const late = new ETIMEDOUT({
  refusal: {
    code: "vfio-user.sharing.answers",
    rule: `a server answers within ${answerMillis} ms`,
    where: "commands of the guest that has gone",
    source: "no answer",
    destination: "an answer",
    remedy: "look at the server"
  }
})

const none: ReadonlyArray<number> = []

/** The guest, as the connection tells it of the server. Messages are borrowed; descriptors are the guest's. */
export interface Guest {
  /** A reply with the guest's own id. */
  readonly replied: (message: Uint8Array, descriptors: ReadonlyArray<number>) => void
  /** A DMA_READ or DMA_WRITE. */
  readonly asked: (view: DataView, at: number, size: number) => void
  /** The server takes more, or has answered. */
  readonly settled: () => void
  /** The connection has ended. */
  readonly ended: () => void
}

export class Upstream implements Receiver {
  readonly footprint = new Footprint()
  private readonly connection: Connection
  private readonly close: CloseDescriptor
  private readonly outbox: Outbox
  private readonly inbox: Inbox
  private readonly own: Receiver
  private readonly underway = new Underway()
  private guest: Guest | undefined
  private isCongested = false
  /** Bytes of replies that wait for a server that does not read. */
  unread = 0
  private isOver = false
  private quiet: () => void = () => undefined

  /** `accept` makes what receives for the one who has made the connection. */
  constructor(connection: Connection, accept: Accept, close: CloseDescriptor) {
    this.connection = connection
    this.close = close
    const send = (bytes: Uint8Array, descriptors?: ReadonlyArray<number>): boolean => this.sendOn(bytes, descriptors)
    this.outbox = makeOutbox({ ...connectionOf(connection), send })
    this.inbox = new Inbox(
      maxMessageBytes,
      (view, at, size, descriptors) => this.handle(view, at, size, descriptors),
      (size) => this.fail(`a message has ${headerBytes} to ${maxMessageBytes} bytes, not ${size}`)
    )
    this.own = accept({ ...connectionOf(connection), send: (bytes, descriptors) => this.sendOwn(bytes, descriptors) })
  }

  get isEnded(): boolean {
    return this.isOver
  }

  /** Whether one more command of the guest may be sent. */
  get takesMore(): boolean {
    return !this.isOver && !this.isCongested && !this.underway.isFull
  }

  /** Commands of the guest that are not answered. */
  get unanswered(): number {
    return this.underway.count
  }

  /** Bytes that the replies to these may have. */
  get owed(): number {
    return this.underway.owed
  }

  /** The guest that the connection is shared with from now on. */
  join(guest: Guest): void {
    this.guest = guest
  }

  /** The guest is told nothing more. */
  part(guest: Guest): void {
    if (this.guest === guest) this.guest = undefined
  }

  /** Ends when nothing of the guest that has gone is left on the server. Where that takes nothing away, the connection ends, and all goes with it. */
  clean(client: Client, log: Log): Effect.Effect<void> {
    const answered = Effect.async<void>((resume) => {
      this.quiet = () => {
        if (this.isOver || this.underway.count === 0) resume(Effect.void)
      }
      this.quiet()
    }).pipe(Effect.timeoutFail({ duration: answerMillis, onTimeout: () => late }))
    const erase = Effect.suspend(() => (this.isOver ? Effect.void : this.footprint.erase(client)))
    return Effect.catchAllCause(Effect.zipRight(answered, erase), (cause) =>
      Effect.sync(() => {
        if (this.isOver) return
        log.failed("what a guest's VMM has left could not be taken away: the server's connection is made anew", cause)
        this.connection.close()
      })
    )
  }

  /** Sends a good command of the guest, `size` bytes at `at`. Descriptors are closed here. */
  forward(view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): void {
    const { outbox, underway } = this
    const command = view.getUint16(at + 2, true)
    const payload = new Uint8Array(view.buffer, view.byteOffset + at + headerBytes, size - headerBytes)
    const isPosted = (view.getUint32(at + 8, true) & noReply) !== 0
    const kept = leavesSomething(command) ? payload.slice(0, keptBytes) : undefined
    if (isPosted && kept !== undefined) this.footprint.done(command, new DataView(kept.buffer))
    const wantsReply = !isPosted || underway.needsProof
    const asked = isPosted
      ? { id: undefined, command, kept: undefined, bytes: 0 }
      : { id: view.getUint16(at, true), command, kept, bytes: replyBytes(view, at) }
    const id = wantsReply ? underway.begin(asked) : 0
    if (!wantsReply) underway.post()
    if (descriptors.length > 0) {
      outbox.sendAlone(encodeCommand(id, command, payload, wantsReply), descriptors)
      return descriptors.forEach(this.close)
    }
    const from = outbox.command(id, command, payload.byteLength, wantsReply)
    outbox.bytes().set(payload, from)
  }

  /** Sends a reply of the guest to a command of the server. */
  answer(message: Uint8Array): void {
    if (this.isOver) return
    this.outbox.add(message)
    if (!this.isCongested) return
    this.unread += message.length
    if (this.unread > maxUnreadBytes) this.fail("it does not read the replies to its commands")
  }

  received(bytes: Uint8Array, descriptors: ReadonlyArray<number>): void {
    if (this.isOver) return descriptors.forEach(this.close)
    this.inbox.received(bytes, descriptors)
    this.settle()
  }

  drained(): void {
    this.isCongested = false
    this.unread = 0
    this.outbox.drained()
    this.own.drained()
    this.settle()
  }

  closed(failure: Error | undefined): void {
    if (this.isOver) return
    this.isOver = true
    this.inbox.stop().forEach(this.close)
    this.own.closed(failure)
    this.quiet()
    this.guest?.ended()
  }

  private settle(): void {
    this.quiet()
    this.guest?.settled()
  }

  /** The stream cannot be trusted any more. */
  private fail(reason: string): void {
    this.connection.close()
    this.closed(new Error(`the server broke the protocol: ${reason}`))
  }

  private sendOn(bytes: Uint8Array, descriptors: ReadonlyArray<number> = none): boolean {
    const takesMore = this.connection.send(bytes, descriptors)
    if (!takesMore) this.isCongested = true
    return takesMore
  }

  /** The other one's ids are below those of the guest, or both would be answered what one has asked. */
  private sendOwn(bytes: Uint8Array, descriptors?: ReadonlyArray<number>): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at + headerBytes <= bytes.byteLength; at += Math.max(headerBytes, view.getUint32(at + 4, true))) {
      const isCommand = (view.getUint32(at + 8, true) & typeMask) === typeCommand
      if (isCommand && view.getUint16(at, true) >= firstId) {
        this.fail(`it has not answered ${firstId} commands`)
        return true
      }
    }
    return this.sendOn(bytes, descriptors)
  }

  private handle(view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): void {
    const [id, command] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    const flags = view.getUint32(at + 8, true)
    const type = flags & typeMask
    if (type === typeReply && id >= firstId) return this.reply(view, at, size, flags, descriptors)
    const isDma = command === Command.DMA_READ || command === Command.DMA_WRITE
    if (type === typeCommand && isDma && this.guest !== undefined) {
      descriptors.forEach(this.close)
      return this.guest.asked(view, at, size)
    }
    this.own.received(bytesAt(view, at, size), descriptors)
  }

  private reply(view: DataView, at: number, size: number, flags: number, descriptors: ReadonlyArray<number>): void {
    const [id, command] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    const asked = this.underway.end(id, command)
    if (asked === undefined) {
      descriptors.forEach(this.close)
      return this.fail(`a reply to nothing, id ${id}, command ${command}`)
    }
    const isGood = (flags & errorReply) === 0
    if (isGood && asked.kept !== undefined) this.footprint.done(command, new DataView(asked.kept.buffer))
    if (this.guest === undefined || asked.id === undefined) return descriptors.forEach(this.close)
    view.setUint16(at, asked.id, true)
    this.guest.replied(bytesAt(view, at, size), descriptors)
  }
}

const bytesAt = (view: DataView, at: number, size: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + at, size)

/** A connection whose parts can be replaced. */
const connectionOf = (connection: Connection): Connection => ({
  passesDescriptors: connection.passesDescriptors,
  send: (bytes, descriptors) => connection.send(bytes, descriptors),
  pause: () => connection.pause(),
  resume: () => connection.resume(),
  close: () => connection.close()
})
