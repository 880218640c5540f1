/** A connection in memory, and a client at its other end that speaks raw messages. Nothing is scheduled: what the server sends at once is there at once. */
import { type Accept, type Connection, Header, Message, Messages, type Receiver } from "@stopcopy/vfio-user"

/** A message that came from the server. */
export interface Received extends Header.Header {
  readonly payload: Uint8Array
}

interface Sent {
  readonly descriptors?: ReadonlyArray<number>
  readonly wantsReply?: boolean
  readonly id?: number
}

export class MemoryConnection implements Connection {
  readonly passesDescriptors: boolean
  /** Messages of the server, oldest first. */
  readonly messages: Array<Received> = []
  /** One entry for each `send`: its bytes. */
  readonly sends: Array<number> = []
  isPaused = false
  isClosed = false
  /** What `send` answers. */
  takesMore = true
  /** Told of every message of the server as it comes. */
  onMessage: (message: Received) => void = () => undefined
  private receiver: Receiver | undefined
  private nextId = 1

  constructor(passesDescriptors = true) {
    this.passesDescriptors = passesDescriptors
  }

  connect(accept: Accept): this {
    this.receiver = accept(this)
    return this
  }

  send(bytes: Uint8Array): boolean {
    this.sends.push(bytes.byteLength)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at < bytes.byteLength;) {
      const header = Header.decodeHeader(view, at)
      const message = { ...header, payload: bytes.subarray(at + Header.headerBytes, at + header.size) }
      this.messages.push(message)
      this.onMessage(message)
      at += header.size
    }
    return this.takesMore
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(): void {
    this.isClosed = true
    this.lose()
  }

  /** The connection ends. */
  lose(failure?: Error): void {
    const { receiver } = this
    this.receiver = undefined
    receiver?.closed(failure)
  }

  /** The server's queue is short again. */
  drain(): void {
    this.takesMore = true
    this.receiver?.drained()
  }

  /** Raw bytes of the client. */
  raw(bytes: Uint8Array, descriptors: ReadonlyArray<number> = []): void {
    this.receiver?.received(bytes, descriptors)
  }

  /** One command of the client; gives its id. */
  command(command: number, payload?: Uint8Array, sent: Sent = {}): number {
    const id = sent.id ?? this.nextId++ & 0xffff
    this.raw(Message.encodeCommand(id, command, payload, sent.wantsReply), sent.descriptors)
    return id
  }

  /** A command, and its reply, which must be there at once: the errno of a refusal, or the payload. */
  ask(command: number, payload?: Uint8Array, sent: Sent = {}): number | Uint8Array {
    const id = this.command(command, payload, sent)
    const reply = this.replyTo(id)
    if (reply === undefined) throw new Error(`no reply to command ${command}`)
    if (reply.command !== command) throw new Error(`a reply to ${reply.command} instead of ${command}`)
    return answerOf(reply)
  }

  /** The newest reply with this id. */
  replyTo(id: number): Received | undefined {
    return this.messages.findLast((message) => message.id === id && (message.flags & Header.typeMask) === 1)
  }

  /** Negotiates with these capabilities. */
  version(capabilities: Messages.Capabilities.Capabilities = {}): this {
    this.ask(1, Messages.Version.encode({ major: 0, minor: 1, capabilities }))
    return this
  }
}

/** The errno of an error reply, or the payload of a good one; its form is checked. */
export const answerOf = ({ error, flags, payload, size }: Received): number | Uint8Array => {
  if (flags === (Header.typeReply | Header.errorReply)) {
    if (size !== Header.headerBytes || error === 0) throw new Error(`an error reply of ${size} bytes, errno ${error}`)
    return error
  }
  if (flags !== Header.typeReply || error !== 0) throw new Error(`a reply with flags ${flags}, errno ${error}`)
  return payload
}
