/** A server by hand, over a connection in memory: it answers VERSION, everything else is what a test says. */
import { Effect, Queue } from "effect"
import { Command } from "../../src/Command.ts"
import type { Accept, Connection, Receiver } from "../../src/Connection.ts"
import * as Header from "../../src/Header.ts"
import { encodeReply } from "../../src/Message.ts"
import type { Capabilities } from "../../src/messages/Capabilities.ts"
import * as Version from "../../src/messages/Version.ts"

/** A message of the client. */
export interface Received extends Header.Header {
  readonly payload: Uint8Array
  readonly descriptors: ReadonlyArray<number>
}

interface Peer {
  /** For `makeClient`. */
  readonly open: (accept: Accept) => Effect.Effect<Connection>
  /** The next message of the client that the peer did not answer itself. */
  readonly next: Effect.Effect<Received>
  /** How many `send`s of the client there were. */
  readonly sends: () => number
  /** Bytes to the client, delivered in order, later. */
  readonly send: (bytes: Uint8Array, descriptors?: ReadonlyArray<number>) => void
  /** Says that the connection takes no more until `drain`. */
  readonly fill: () => void
  readonly drain: () => void
  /** Ends the connection as a peer does that dies. */
  readonly vanish: (failure?: Error) => void
  readonly isClosed: () => boolean
  /** Descriptors that the client closed. */
  readonly closedDescriptors: Array<number>
}

export interface PeerOptions {
  readonly capabilities?: Capabilities
  readonly passesDescriptors?: boolean
  /** Instead of the answer to VERSION. */
  readonly answer?: (proposal: Received) => Uint8Array
  /** Answers what it likes to; the rest comes from `next`. */
  readonly respond?: (message: Received) => Uint8Array | undefined
}

const agree =
  (capabilities: Capabilities) =>
  ({ command, id }: Received): Uint8Array =>
    encodeReply(id, command, Version.encode({ major: 0, minor: 1, capabilities }))

/** The whole messages in what one `send` had: it never has others. */
const messagesIn = (bytes: Uint8Array, descriptors: ReadonlyArray<number>): ReadonlyArray<Received> => {
  const messages: Array<Received> = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length;) {
    const header = Header.decodeHeader(view, at)
    const payload = bytes.slice(at + Header.headerBytes, at + header.size)
    if (payload.length !== header.size - Header.headerBytes) throw new Error("a send without a whole message")
    at += header.size
    messages.push({ ...header, payload, descriptors: at === bytes.length ? descriptors : [] })
  }
  return messages
}

const nobody: Receiver = { received: () => undefined, drained: () => undefined, closed: () => undefined }

/** A peer, and the client's connection to it. */
export const makePeer = ({
  answer,
  capabilities = {},
  passesDescriptors = false,
  respond = () => undefined
}: PeerOptions = {}): Peer => {
  const queue = Effect.runSync(Queue.unbounded<Received>())
  let [sends, full, ending, closed] = [0, false, false, false]
  let receiver: Receiver = nobody
  const send: Peer["send"] = (bytes, descriptors = []) => {
    queueMicrotask(() => {
      if (!closed) receiver.received(bytes, descriptors)
    })
  }
  const take = (message: Received): void => {
    const reply = message.command === Command.VERSION ? (answer ?? agree(capabilities))(message) : respond(message)
    if (reply === undefined) queue.unsafeOffer(message)
    else send(reply)
  }
  const end = (failure: Error | undefined): void => {
    if (ending) return
    ending = true
    queueMicrotask(() => {
      closed = true
      receiver.closed(failure)
    })
  }
  const connection: Connection = {
    passesDescriptors,
    send: (bytes, descriptors = []) => {
      if (closed) return true
      sends++
      for (const message of messagesIn(bytes, descriptors)) take(message)
      return !full
    },
    pause: () => undefined,
    resume: () => undefined,
    close: () => end(undefined)
  }
  return {
    open: (accept) =>
      Effect.sync(() => {
        receiver = accept(connection)
        return connection
      }),
    next: Queue.take(queue),
    sends: () => sends,
    send,
    fill: () => {
      full = true
    },
    drain: () => {
      full = false
      receiver.drained()
    },
    vanish: end,
    isClosed: () => ending,
    closedDescriptors: []
  }
}
