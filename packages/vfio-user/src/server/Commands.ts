/**
 * From a command to its reply: what is malformed, which handler answers, and the two commands that must be fast. Source: sections 2, 4 and 7 of the
 * vfio-user specification.
 *
 * C1 REGION_READ and REGION_WRITE of a device that answers with `Either`s start no fiber; a read allocates one view.
 * C2 Whatever comes, the reply follows: good, or an errno alone; none when the command wants none.
 */
import { EIO, type Errno, isErrno } from "@stopcopy/errno"
import { Now } from "@stopcopy/vfio"
import { Cause, type Effect, Either } from "effect"
import { Command } from "../Command.ts"
import { headerBytes, noReply, typeCommand, typeMask } from "../Header.ts"
import * as Message from "../Message.ts"
import * as RegionAccess from "../messages/RegionAccess.ts"
import * as RegionWriteMulti from "../messages/RegionWriteMulti.ts"
import type { Client } from "./Client.ts"
import { drivers, handlers, takesDescriptors } from "./handlers/table.ts"
import { negotiate } from "./handlers/version.ts"
import type { Log } from "./Log.ts"
import { Replies } from "./Replies.ts"
import { type Results, WriteBatch } from "./WriteBatch.ts"

/** Replies of a pass go out at the latest when they are this many bytes. */
const flushBytes = 256 * 1024
/** A larger payload is sent on its own instead of through the buffer. */
const largePayload = 32 * 1024
const einval = 22
/** Regions up to this one are BARs. */
const lastBar = 5
const accessBytes = headerBytes + RegionAccess.headBytes
const none: ReadonlyArray<number> = []

/** The session as its commands need it. */
export interface Flow<E> {
  readonly send: (message: Uint8Array) => void
  /** Runs what is not done yet; commands behind it wait. `done` is told at once if it turns out to end at once, and not at all when the session is over. */
  readonly run: <A>(effect: Effect.Effect<A, Errno | E>, done: (result: Either.Either<A, Errno | E>) => void) => void
  readonly isWaiting: () => boolean
  /** Gives the device to this client. */
  readonly attach: Effect.Effect<void, Errno | E>
  /** Ends the connection; what was sent still goes out. */
  readonly end: () => void
}

export class Commands<E> {
  private readonly client: Client<E>
  private readonly flow: Flow<E>
  private readonly log: Log
  private readonly replies = new Replies()
  private readonly batch = new WriteBatch()
  private readonly maxBytes: number
  private readonly maxCount: number
  private isOpen = false

  /** `maxBytes`: the largest message, header included. */
  constructor(client: Client<E>, flow: Flow<E>, log: Log, maxBytes: number) {
    this.client = client
    this.flow = flow
    this.log = log
    this.maxBytes = maxBytes
    this.maxCount = client.served.options.maxDataXferSize
  }

  /** Takes one message of `size` bytes at `at`. False: writes before it have to wait, and so has this one. */
  take(bytes: Uint8Array, view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): boolean {
    const command = view.getUint16(at + 2, true)
    const isAccess = this.isOpen && size >= accessBytes && (view.getUint32(at + 8, true) & typeMask) === typeCommand
    if (isAccess && command === Command.REGION_WRITE) this.write(bytes, view, at, size)
    else if (isAccess && command === Command.REGION_WRITE_MULTI && this.client.negotiated.writeMultiple) {
      const payload = bytes.subarray(at + headerBytes, at + size)
      this.writeMulti(view.getUint16(at, true), view.getUint32(at + 8, true), payload)
    } else {
      if (!this.finishWrites()) return false
      if (isAccess && command === Command.REGION_READ) this.read(view, at)
      else {
        this.other(bytes, view, at, size, descriptors)
        return true
      }
    }
    if (descriptors.length > 0) this.closeAll(descriptors)
    if (this.replies.pending > flushBytes) this.flush()
    return true
  }

  /** The pass is over: writes reach the device, replies the client. */
  finishPass(): void {
    if (!this.batch.isEmpty && !this.flow.isWaiting()) this.commit()
    this.flush()
  }

  /** The message at `at` fails without being looked at. Default: the device threw at it. */
  failUnseen(view: DataView, at: number, errno: number = eio.errno): void {
    this.fail(view.getUint16(at, true), view.getUint16(at + 2, true), view.getUint32(at + 8, true), errno)
  }

  /** Writes that were collected reach the device. False: they have to wait. */
  finishWrites(): boolean {
    return this.batch.isEmpty || this.commit()
  }

  /** Replies that were collected go out. */
  flush(): void {
    if (this.replies.pending > 0) this.flow.send(this.replies.take(!this.flow.isWaiting()))
  }

  private closeAll(descriptors: ReadonlyArray<number>): void {
    for (const descriptor of descriptors) this.client.served.options.host.close(descriptor)
  }

  private fail(id: number, command: number, flags: number, errno: number): void {
    if ((flags & noReply) === 0) this.replies.fail(id, command, errno)
  }

  /** The errno of an access that the device must not see; 0 for a good one. */
  private checkAccess(region: number, offset: number, count: number, writes: boolean): number {
    const found = this.client.served.device.regions[region]
    if (found === undefined || found.size === 0 || count > this.maxCount || offset + count > found.size) return einval
    return (writes ? found.writable : found.readable) ? 0 : einval
  }

  private read(view: DataView, at: number): void {
    const { replies } = this
    const id = view.getUint16(at, true)
    const flags = view.getUint32(at + 8, true)
    const offset = RegionAccess.offsetAt(view, at + headerBytes)
    const region = RegionAccess.regionAt(view, at + headerBytes)
    const count = RegionAccess.countAt(view, at + headerBytes)
    const errno = this.checkAccess(region, offset, count, false)
    if (region <= lastBar) this.client.memory.begin()
    if (errno !== 0) return this.fail(id, Command.REGION_READ, flags, errno)
    const start = replies.begin(id, Command.REGION_READ, RegionAccess.headBytes + count)
    RegionAccess.writeHead(replies.view, start, offset, region, count)
    const from = start + RegionAccess.headBytes
    const answer: Effect.Effect<void, Errno | E> =
      count === 0
        ? Either.void
        : this.client.served.device.read(region, offset, new Uint8Array(replies.bytes.buffer, from, count))
    if (Now.isNow(answer)) return this.endRead(id, flags, answer)
    if (replies.pending > 0) this.flow.send(replies.take(false))
    this.flow.run(answer, (result) => this.endRead(id, flags, result))
  }

  private endRead(id: number, flags: number, result: Either.Either<void, Errno | E>): void {
    if (Either.isLeft(result)) this.fail(id, Command.REGION_READ, flags, this.errnoOf(Command.REGION_READ, result.left))
    else if ((flags & noReply) === 0) this.replies.keep()
  }

  private write(bytes: Uint8Array, view: DataView, at: number, size: number): void {
    const offset = RegionAccess.offsetAt(view, at + headerBytes)
    const region = RegionAccess.regionAt(view, at + headerBytes)
    const count = RegionAccess.countAt(view, at + headerBytes)
    const isExact = count === size - accessBytes
    const errno = isExact ? this.checkAccess(region, offset, count, true) : einval
    if (region <= lastBar) this.client.memory.begin()
    const [id, flags] = [view.getUint16(at, true), view.getUint32(at + 8, true)]
    this.batch.add(id, Command.REGION_WRITE, flags, errno, offset, region, count)
    if (errno === 0 && count > 0) this.batch.write(region, offset, bytes, at + accessBytes, count)
  }

  /** Several writes of one command. A malformed one does nothing; a write out of place is not done and not counted. */
  private writeMulti(id: number, flags: number, payload: Uint8Array): void {
    const entries = RegionWriteMulti.decodeRequest(payload)
    const command = Command.REGION_WRITE_MULTI
    if (Either.isLeft(entries)) {
      this.log.refused(command, entries.left)
      // Writes before it are not answered yet: its refusal waits behind them.
      return this.batch.add(id, command, flags, entries.left.errno, 0, 0, 0)
    }
    this.batch.add(id, command, flags, 0, 0, 0, 0)
    this.client.memory.begin()
    for (const { data, offset, region } of entries.right) {
      const errno = this.checkAccess(region, offset, data.byteLength, true)
      if (errno === 0 && data.byteLength > 0) this.batch.write(region, offset, data, 0, data.byteLength)
    }
  }

  /** Gives the collected writes to the device. False: they have to wait. */
  private commit(): boolean {
    if (this.batch.isAnswered) {
      this.batch.answer(this.replies, [], 0)
      return true
    }
    const given = this.give()
    if (Now.isNow(given)) {
      this.endWrites(given)
      return true
    }
    this.flush()
    this.flow.run(given, (results) => this.endWrites(results))
    return !this.flow.isWaiting()
  }

  private give(): Effect.Effect<Results, Errno | E> {
    try {
      return this.batch.give(this.client.served.device)
    } catch (defect) {
      this.log.failed("writes have failed", Cause.die(defect))
      return Either.left(eio)
    }
  }

  private endWrites(given: Either.Either<Results, Errno | E>): void {
    if (Either.isRight(given)) this.batch.answer(this.replies, given.right, 0)
    else this.batch.answer(this.replies, [], this.errnoOf(Command.REGION_WRITE, given.left))
  }

  /** Everything that need not be fast. */
  private other(bytes: Uint8Array, view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): void {
    const [id, command] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    const [stated, flags] = [view.getUint32(at + 4, true), view.getUint32(at + 8, true)]
    const isCommand = (flags & typeMask) === typeCommand
    const payload = bytes.slice(at + headerBytes, at + size)
    if (!this.isOpen) return this.version(id, command, flags, isCommand && stated === size, payload, descriptors)
    const handler = handlers.get(command)
    const isMulti = command === Command.REGION_WRITE_MULTI && this.client.negotiated.writeMultiple
    const hasPayload = payload.byteLength > 0 || command === Command.DEVICE_RESET
    if (!isCommand || stated !== size || !hasPayload || (handler === undefined && !isMulti)) {
      this.closeAll(descriptors)
      this.fail(id, command, flags, einval)
      // What follows a header with an absurd size cannot be told from its body.
      if (stated > this.maxBytes) this.end()
      return
    }
    if (!takesDescriptors(command)) this.closeAll(descriptors)
    if (drivers.has(command)) this.client.memory.begin()
    if (handler === undefined) return this.writeMulti(id, flags, payload)
    const answer = handler(this.client, payload, takesDescriptors(command) ? descriptors : none)
    if (Now.isNow(answer)) return this.settle(id, command, flags, answer)
    this.flush()
    this.flow.run(answer, (result) => this.settle(id, command, flags, result))
  }

  private settle(id: number, command: number, flags: number, result: Either.Either<Uint8Array, Errno | E>): void {
    if (Either.isLeft(result)) return this.fail(id, command, flags, this.errnoOf(command, result.left))
    if ((flags & noReply) !== 0) return
    const payload = result.right
    if (payload.byteLength > largePayload) {
      this.flush()
      return this.flow.send(Message.encodeReply(id, command, payload))
    }
    const start = this.replies.begin(id, command, payload.byteLength)
    this.replies.bytes.set(payload, start)
    this.replies.keep()
  }

  /** The first message. Whatever is wrong with it ends the connection. */
  private version(
    id: number,
    command: number,
    flags: number,
    isWellFormed: boolean,
    payload: Uint8Array,
    descriptors: ReadonlyArray<number>
  ): void {
    this.closeAll(descriptors)
    if (!isWellFormed) return this.end()
    const { passesDescriptors, served } = this.client
    const agreed =
      command === Command.VERSION && descriptors.length === 0
        ? negotiate(served.device, served.options, passesDescriptors, payload)
        : undefined
    if (agreed === undefined || Either.isLeft(agreed)) {
      if (agreed !== undefined) this.log.refused(command, agreed.left)
      this.fail(id, command, flags, einval)
      return this.end()
    }
    this.flow.run(this.flow.attach, (attached) => {
      this.isOpen = Either.isRight(attached)
      this.client.negotiated = agreed.right.negotiated
      this.client.dma.limit(agreed.right.negotiated.maxDataXferSize)
      this.settle(
        id,
        command,
        flags,
        Either.map(attached, () => agreed.right.payload)
      )
      if (!this.isOpen) this.end()
    })
  }

  private end(): void {
    this.flush()
    this.flow.end()
  }

  /** The errno for the wire; failures that are none of the protocol's are EIO there. */
  private errnoOf(command: number, error: Errno | E): number {
    this.log.refused(command, error)
    return isErrno(error) ? error.errno : eio.errno
  }
}

const eio = new EIO({})
