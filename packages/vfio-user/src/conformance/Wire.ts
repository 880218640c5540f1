/**
 * The client's end of one connection, as raw as a clause needs it: any bytes out, whole messages in. It judges nothing but the framing.
 *
 * W1 Replies are taken in the order in which they came; server commands are answered at once and are no replies.
 * W2 Descriptors that come are closed.
 */
import { Deferred, Effect, Either, FiberId } from "effect"
import { Inbox } from "../client/Inbox.ts"
import { Command, commandName } from "../Command.ts"
import type { Connection, Receiver } from "../Connection.ts"
import * as Header from "../Header.ts"
import { encodeCommand, encodeErrorReply, encodeReply } from "../Message.ts"
import * as DmaTransfer from "../messages/DmaTransfer.ts"
import { Broken } from "./Verdict.ts"
import type { GuestMemory } from "./GuestMemory.ts"

/** A message of the server. */
export interface Reply extends Header.Header {
  readonly payload: Uint8Array
  readonly descriptors: number
}

/** A transfer that the server asked for. */
interface Transfer {
  readonly command: number
  readonly address: bigint
  readonly count: number
}

export interface SendOptions {
  readonly id?: number
  readonly wantsReply?: boolean
  readonly descriptors?: ReadonlyArray<number>
}

/** The largest message that is taken of a server: twice what the protocol's default limit gives. */
const maxMessageBytes = 2 * 1024 * 1024
const EFAULT = 14
const noFiber = FiberId.none

export class Wire implements Receiver {
  /** Transfers that the server asked for, in order. */
  readonly transfers: Array<Transfer> = []
  /** While it is false transfers are left without an answer. */
  isServing = true
  private readonly connection: Connection
  private readonly memory: GuestMemory
  private readonly replyMillis: number
  private readonly closeDescriptor: (descriptor: number) => void
  private readonly inbox: Inbox
  private readonly replies: Array<Reply> = []
  private readonly waiting: Array<Deferred.Deferred<Reply | undefined>> = []
  private readonly end = Deferred.unsafeMake<void>(noFiber)
  private readonly asked: Array<Deferred.Deferred<void>> = []
  private isOver = false
  private nextId = 1

  constructor(
    connection: Connection,
    memory: GuestMemory,
    replyMillis: number,
    closeDescriptor: (descriptor: number) => void
  ) {
    this.connection = connection
    this.memory = memory
    this.replyMillis = replyMillis
    this.closeDescriptor = closeDescriptor
    this.inbox = new Inbox(
      maxMessageBytes,
      (view, at, size, descriptors) => this.take(view, at, size, descriptors),
      () => this.close()
    )
  }

  received(bytes: Uint8Array, descriptors: ReadonlyArray<number>): void {
    this.inbox.received(bytes, descriptors)
  }

  drained(): void {
    // Nothing waits for it: what a clause sends fits the queue.
  }

  closed(): void {
    for (const descriptor of this.inbox.stop()) this.closeDescriptor(descriptor)
    this.isOver = true
    Deferred.unsafeDone(this.end, Effect.void)
    for (const each of this.waiting.splice(0)) Deferred.unsafeDone(each, Effect.succeed(undefined))
  }

  /** Whether the connection has ended. */
  get isClosed(): boolean {
    return this.isOver
  }

  get passesDescriptors(): boolean {
    return this.connection.passesDescriptors
  }

  /** Ends the connection from this side. */
  close(): void {
    this.connection.close()
  }

  /** Any bytes, in one write. */
  raw(bytes: Uint8Array, descriptors: ReadonlyArray<number> = []): void {
    this.connection.send(bytes, descriptors)
  }

  /** An id that was not used lately. */
  takeId(): number {
    this.nextId = (this.nextId % 0xffff) + 1
    return this.nextId
  }

  /** One command; gives its id. */
  send(
    command: number,
    payload?: Uint8Array,
    { descriptors, id = this.takeId(), wantsReply }: SendOptions = {}
  ): number {
    this.raw(encodeCommand(id, command, payload, wantsReply), descriptors)
    return id
  }

  /** The next reply; none: the connection has ended before it. Fails when the time for replies is over. */
  get next(): Effect.Effect<Reply | undefined, Broken> {
    return Effect.suspend(() => {
      const first = this.replies.shift()
      if (first !== undefined) return Effect.succeed(first)
      if (this.isOver) return Effect.succeed(undefined)
      const arrival = Deferred.unsafeMake<Reply | undefined>(noFiber)
      this.waiting.push(arrival)
      return this.inTime(Deferred.await(arrival), "a reply")
    })
  }

  /** The next reply, which must come. */
  get reply(): Effect.Effect<Reply, Broken> {
    return Effect.flatMap(this.next, (reply) =>
      reply === undefined
        ? Effect.fail(new Broken({ expected: "a reply", found: "the end of the connection" }))
        : Effect.succeed(reply)
    )
  }

  /** One command and its reply. */
  ask(command: number, payload?: Uint8Array, options?: SendOptions): Effect.Effect<Reply, Broken> {
    return Effect.suspend(() => {
      const id = this.send(command, payload, options)
      return Effect.flatMap(this.reply, (reply) => checkEcho(reply, id, command))
    })
  }

  /** Waits for the end of the connection. */
  get ended(): Effect.Effect<void, Broken> {
    return this.inTime(Deferred.await(this.end), "the end of the connection")
  }

  /** Waits until the server asks for memory. */
  get transfer(): Effect.Effect<void, Broken> {
    const next = Deferred.unsafeMake<void>(noFiber)
    this.asked.push(next)
    return this.inTime(Deferred.await(next), "a DMA_READ or DMA_WRITE of the server")
  }

  private inTime<A>(effect: Effect.Effect<A>, expected: string): Effect.Effect<A, Broken> {
    return Effect.timeoutFail(effect, {
      duration: this.replyMillis,
      onTimeout: () => new Broken({ expected, found: `nothing in ${this.replyMillis} ms` })
    })
  }

  private take(view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): void {
    for (const descriptor of descriptors) this.closeDescriptor(descriptor)
    const header = Header.decodeHeader(view, at)
    const body = new Uint8Array(view.buffer, view.byteOffset + at + Header.headerBytes, size - Header.headerBytes)
    const message: Reply = { ...header, payload: body.slice(), descriptors: descriptors.length }
    if ((header.flags & Header.typeMask) === Header.typeCommand) return this.command(message)
    const first = this.waiting.shift()
    if (first === undefined) this.replies.push(message)
    else Deferred.unsafeDone(first, Effect.succeed(message))
  }

  private command(message: Reply): void {
    const decoded = DmaTransfer.decode(message.payload)
    if (Either.isRight(decoded)) this.transfers.push({ command: message.command, ...decoded.right })
    for (const each of this.asked.splice(0)) Deferred.unsafeDone(each, Effect.void)
    if (this.isServing) this.serve(message, decoded)
  }

  private serve({ command, id }: Reply, decoded: ReturnType<typeof DmaTransfer.decode>): void {
    const done = Either.flatMap(decoded, ({ address, count, data }) => {
      const moved =
        command === Command.DMA_READ
          ? this.memory.read(address, count)
          : Either.map(this.memory.write(address, data), () => new Uint8Array(0))
      return Either.map(moved, (bytes) => DmaTransfer.encode({ address, count, data: bytes }))
    })
    this.raw(Either.isRight(done) ? encodeReply(id, command, done.right) : encodeErrorReply(id, command, EFAULT))
  }
}

const checkEcho = (reply: Reply, id: number, command: number): Either.Either<Reply, Broken> =>
  reply.id === id && reply.command === command
    ? Either.right(reply)
    : Either.left(
        new Broken({
          expected: `a reply to ${commandName(command)} with id ${id}`,
          found: `one to ${commandName(reply.command)} with id ${reply.id}`
        })
      )
