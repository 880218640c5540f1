/**
 * A connection over a socket's descriptor, which passes descriptors. Source: section 16 of the vfio-user specification, recvmsg(2), sendmsg(2).
 *
 * D1 Bytes and descriptors come in the order of the socket. A receive that brings descriptors ends with the message that carries them.
 * D2 A descriptor belongs to the receiver once it was handed over. Until then, and when nobody takes it, it is closed here.
 * D3 The socket's descriptor is closed once, after the event loop let go of it; `closed` is called after that.
 */
import { Schema } from "effect"
import { closeSync } from "node:fs"
import type { Accept, Connection, Receiver } from "../Connection.ts"
import type { Libc, Watch } from "./Libc.ts"
import { makeMessageHeader, maxDescriptors, type MessageHeader } from "./MessageHeader.ts"
import { makeSendQueue, mustWait, type SendQueue } from "./SendQueue.ts"
import { lingerMillis, queueLimit } from "./Transport.ts"

/** Bytes that one receive takes at most. */
const receiveBytes = 256 * 1024

/** Receives in a row, before others get their turn. */
const receivesInARow = 16

/** The peer passed descriptors for which this process has no room. */
export class DescriptorsLost extends Schema.TaggedError<DescriptorsLost>()("DescriptorsLost", {}) {
  override get message(): string {
    return "descriptors of the peer were lost: this process has too many open; raise its limit (ulimit -n)"
  }
}

/** The system ended the connection. `code` is the name of the errno: `EPIPE`. */
export class ConnectionFailed extends Schema.TaggedError<ConnectionFailed>()("ConnectionFailed", {
  operation: Schema.Literal("send", "receive"),
  code: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: ${this.code}`
  }
}

const none: ReadonlyArray<number> = []

/** The memory to send and receive with: one for all connections, because no call waits. */
const headers = new WeakMap<Libc, MessageHeader>()
const headerOf = (libc: Libc): MessageHeader => {
  const known = headers.get(libc)
  if (known !== undefined) return known
  const made = makeMessageHeader(libc, receiveBytes)
  headers.set(libc, made)
  return made
}

const nobody: Receiver = {
  received: (_, descriptors) => {
    for (const each of descriptors) closeSync(each)
  },
  drained: () => undefined,
  closed: () => undefined
}

class DescriptorSocket implements Connection {
  readonly passesDescriptors = true
  readonly #libc: Libc
  readonly #socket: number
  readonly #header: MessageHeader
  readonly #queue: SendQueue
  readonly #watch: Watch
  readonly #ended: () => void
  #receiver: Receiver = nobody
  /** `closing`: sends what is queued and receives no more. `failing`: sends no more. */
  #phase: "open" | "closing" | "failing" | "closed" = "open"
  #paused = false
  #wantsDrained = false

  constructor(libc: Libc, socket: number, ended: () => void) {
    this.#libc = libc
    this.#socket = socket
    this.#ended = ended
    this.#header = headerOf(libc)
    this.#queue = makeSendQueue(libc, this.#header, socket)
    this.#watch = libc.watch(socket, (failed) => this.#ready(failed))
  }

  begin(accept: Accept): void {
    this.#receiver = accept(this)
    this.#listen()
  }

  send(bytes: Uint8Array, descriptors: ReadonlyArray<number> = none): boolean {
    if (descriptors.length > maxDescriptors) {
      throw new RangeError(`a message carries at most ${maxDescriptors} descriptors, not ${descriptors.length}`)
    }
    if (this.#phase !== "open" || bytes.length === 0) return true
    const waited = !this.#queue.isEmpty()
    const outcome = this.#queue.push(bytes, descriptors)
    if (outcome > 0) this.#failToSend(outcome)
    if (outcome !== mustWait) return true
    if (!waited) this.#listen()
    this.#wantsDrained ||= this.#queue.size() >= queueLimit
    return !this.#wantsDrained
  }

  pause(): void {
    this.#paused = true
    this.#listen()
  }

  resume(): void {
    this.#paused = false
    this.#listen()
  }

  close(): void {
    if (this.#phase !== "open") return
    this.#phase = "closing"
    if (this.#queue.isEmpty()) {
      setImmediate(() => this.#end(undefined))
      return
    }
    this.#listen()
    setTimeout(() => this.#end(undefined), lingerMillis).unref()
  }

  /** Watches for what can be done now. */
  #listen(): void {
    if (this.#phase === "closed" || this.#phase === "failing") return
    const readable = this.#phase === "open" && !this.#paused
    const writable = !this.#queue.isEmpty()
    if (readable || writable) this.#watch.start(readable, writable)
    else this.#watch.stop()
  }

  #ready(failed: boolean): void {
    if (!this.#queue.isEmpty()) this.#flush()
    if (this.#phase === "open" && !this.#paused) this.#receive(failed)
    if (failed) this.#listen()
  }

  #flush(): void {
    const outcome = this.#queue.flush()
    if (outcome > 0) return this.#failToSend(outcome)
    if (outcome !== mustWait) {
      if (this.#phase === "closing") return this.#end(undefined)
      this.#listen()
    }
    if (!this.#wantsDrained || this.#queue.size() >= queueLimit) return
    this.#wantsDrained = false
    if (this.#phase === "open") this.#receiver.drained()
  }

  /** Receives what is there; `toTheEnd`: until the system says that there is no more, which is when it names a pending error. */
  #receive(toTheEnd: boolean): void {
    const { into } = this.#header
    for (let turn = 0; turn < receivesInARow && this.#phase === "open" && !this.#paused; turn++) {
      const count = this.#header.receive(this.#socket)
      if (count <= 0) {
        if (count === 0) this.#end(undefined)
        else this.#receiveFailed(this.#libc.errno())
        return
      }
      if (this.#header.lostDescriptors()) return this.#loseDescriptors()
      const carries = this.#header.hasDescriptors()
      this.#receiver.received(into.subarray(0, count), carries ? this.#header.takeDescriptors() : none)
      if (!carries && !toTheEnd && count < into.length) return
    }
  }

  #receiveFailed(errno: number): void {
    if (errno === this.#libc.EAGAIN || errno === this.#libc.EINTR) return
    this.#end(new ConnectionFailed({ operation: "receive", code: this.#libc.nameOf(errno) }))
  }

  #loseDescriptors(): void {
    for (const each of this.#header.takeDescriptors()) closeSync(each)
    this.#end(new DescriptorsLost())
  }

  /** The peer takes no more. What it sent before is received; its end is told later, because the caller is in the middle of something. */
  #failToSend(errno: number): void {
    const failure = new ConnectionFailed({ operation: "send", code: this.#libc.nameOf(errno) })
    if (this.#phase === "closing") return this.#end(undefined)
    this.#phase = "failing"
    this.#watch.stop()
    this.#queue.clear()
    setImmediate(() => {
      if (this.#phase !== "failing") return
      this.#phase = "open"
      if (!this.#paused) this.#receive(true)
      this.#end(failure)
    })
  }

  #end(failure: Error | undefined): void {
    if (this.#phase === "closed") return
    this.#phase = "closed"
    this.#watch.close()
    this.#queue.clear()
    closeSync(this.#socket)
    const receiver = this.#receiver
    this.#receiver = nobody
    this.#ended()
    receiver.closed(failure)
  }
}

/** Serves a connected, non-blocking socket, which is the connection's from now on, to what `accept` makes. `ended` is called when it is closed. */
export const serveSocket = (libc: Libc, socket: number, accept: Accept, ended: () => void): Connection => {
  const connection = new DescriptorSocket(libc, socket, ended)
  connection.begin(accept)
  return connection
}
