/**
 * One connection of a client that says anything. It knows what the server has to make of it: each message that the server can cut out of the stream is
 * answered once, in order, unless no reply is wanted; the connection ends after a message that is too large, and never else.
 */
import { Command, type Connection, Header, Message, Messages, type Receiver } from "@stopcopy/vfio-user"
import { Requests } from "@stopcopy/vfio-user/conformance"
import { Effect } from "effect"
import { Frames } from "./Frames.ts"
import { bytesAt } from "./HostileMemory.ts"
import type { Sent } from "./Mutation.ts"
import { type Below, noise, oneIn } from "./Random.ts"

/** A reply that has to come. */
interface Due {
  readonly id: number
  readonly command: number
  /** Not sure: the server may take the message for a reply to one of its own commands. */
  readonly isSure: boolean
}

const { errorReply, noReply, typeCommand, typeMask, typeReply } = Header
const EFAULT = 14

const isDma = (command: number): boolean => command === Command.DMA_READ || command === Command.DMA_WRITE

/** What every reply is like, whatever was asked. */
const isWellFormed = ({ error, flags }: Header.Header, payload: Uint8Array): boolean =>
  flags === typeReply ? error === 0 : flags === (typeReply | errorReply) && error > 0 && payload.byteLength === 0

/** What all clients of a run have in common. */
export interface Hostility {
  readonly below: Below
  readonly memory: Uint8Array
  /** Descriptors to pass, of several kinds; none where they cannot be passed. */
  readonly descriptors: ReadonlyArray<number>
  readonly closeDescriptor: (descriptor: number) => void
}

export class HostileClient implements Receiver {
  /** What the server did wrong, first of all. */
  wrong: string | undefined
  isClosed = false
  answers = 0
  private readonly hostility: Hostility
  private readonly connection: Connection
  private readonly sent = new Frames((header) => this.expect(header))
  private readonly got = new Frames((header, payload) => this.take(header, payload))
  private due: Array<Due> = []
  /** The connection may end at any time. */
  private isFree = false
  private tell: () => void = () => undefined

  constructor(connection: Connection, hostility: Hostility) {
    this.connection = connection
    this.hostility = hostility
  }

  received(bytes: Uint8Array, descriptors: ReadonlyArray<number>): void {
    for (const descriptor of descriptors) this.hostility.closeDescriptor(descriptor)
    this.got.push(bytes)
    this.tell()
  }

  drained(): void {
    // Nobody waits for it: a batch is answered before the next one.
  }

  closed(): void {
    this.isClosed = true
    if (!this.isFree) {
      if (!this.sent.isBroken) this.blame("the connection has ended, and nothing was too large")
      const missing = this.due.find(({ isSure }) => isSure)
      if (missing !== undefined) this.blame(`the connection has ended without a reply to ${missing.command}`)
    }
    this.tell()
  }

  /** Sends messages; what the server owes for them is known then. */
  send(messages: ReadonlyArray<Sent>): void {
    for (const { bytes, descriptors } of messages) this.raw(bytes, descriptors)
  }

  /** Ends what was begun, and asks for something simple. Ends when that is answered, or the connection has ended as it must. */
  get settled(): Effect.Effect<void> {
    return Effect.suspend(() => {
      while (this.sent.missing > 0) this.raw(new Uint8Array(this.sent.missing))
      if (!this.sent.isBroken) {
        this.raw(Message.encodeCommand(this.hostility.below(0x1_0000), Command.DEVICE_GET_INFO, Requests.deviceInfo()))
      }
      return this.until(() => this.isClosed || (this.due.length === 0 && !this.sent.isBroken))
    })
  }

  /** Goes without a word. */
  get leave(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isFree = true
      this.connection.close()
      return this.until(() => this.isClosed)
    })
  }

  /** From now on the server may end the connection whenever it likes. */
  mayEnd(): void {
    this.isFree = true
  }

  private until(isSo: () => boolean): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const look = (): void => {
        if (this.wrong === undefined && !isSo()) return
        this.tell = () => undefined
        resume(Effect.void)
      }
      this.tell = look
      look()
    })
  }

  private raw(bytes: Uint8Array, descriptors = 0): void {
    if (this.sent.isBroken) return
    this.sent.push(bytes)
    const { below, descriptors: all } = this.hostility
    const passed = Array.from({ length: all.length === 0 ? 0 : descriptors }, () => all[below(all.length)] ?? 0)
    this.connection.send(bytes, passed)
  }

  /** The server has a message. */
  private expect({ command, flags, id }: Header.Header): void {
    const isReply = (flags & typeMask) === typeReply
    if ((flags & noReply) === 0) this.due.push({ id, command, isSure: !isReply || !isDma(command) })
  }

  private take(header: Header.Header, payload: Uint8Array): void {
    if ((header.flags & typeMask) === typeCommand) return this.serve(header, payload)
    this.answers++
    const { command, id } = header
    const isIt = (due: Due | undefined): boolean => due?.id === id && due.command === command
    while (this.due[0]?.isSure === false && !isIt(this.due[0])) this.due.shift()
    const due = this.due.shift()
    if (!isIt(due)) {
      const expected = due === undefined ? "none" : `one to ${due.command} with id ${due.id}`
      this.blame(`a reply to ${command} with id ${id}, expected ${expected}`)
    }
    if (!isWellFormed(header, payload)) {
      this.blame(`a reply to ${command} with flags ${header.flags}, errno ${header.error}, ${payload.byteLength} bytes`)
    }
  }

  /** The server wants memory: it is given, or refused, or something else comes back. */
  private serve({ command, id }: Header.Header, payload: Uint8Array): void {
    if (!isDma(command)) return this.blame(`the command ${command} of a server`)
    const { below, memory } = this.hostility
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
    const [address, count] = [view.getBigUint64(0, true), Number(view.getBigUint64(8, true))]
    const data = command === Command.DMA_READ ? bytesAt(memory, address, count) : new Uint8Array(0)
    const right = Messages.DmaTransfer.encode({ address, count, data })
    if (oneIn(below, 8)) return this.reply(Message.encodeErrorReply(id, command, EFAULT))
    this.reply(Message.encodeReply(id, command, oneIn(below, 8) ? noise(below, below(64)) : right))
  }

  /** The stream is between two messages: they are sent whole. */
  private reply(bytes: Uint8Array): void {
    if (!this.sent.isBroken) this.connection.send(bytes)
  }

  private blame(what: string): void {
    this.wrong ??= what
  }
}
