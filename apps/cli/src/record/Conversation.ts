/**
 * One client, its server, and the proxy between them.
 *
 * R1 A message is recorded before it goes on. What cannot be recorded does not go on: both connections end.
 * R2 Messages of one direction keep their order; one that is delayed holds those behind it.
 * R3 A message goes on whole, in one send, with its descriptors, which are closed here after that.
 * R4 A side that takes no more pauses the other. When one side ends, what it has sent goes on, then the other one is closed.
 */
import { type Connection, Header, Message as Wire, type Receiver } from "@stopcopy/vfio-user"
import { closeDescriptor } from "@stopcopy/vfio-user/transport"
import { Cutter, type Piece } from "./Cutter.ts"
import type { Fault, Faults } from "./Fault.ts"
import { digestOf, recordOf } from "./Recorded.ts"
import type { Recorder } from "./Recorder.ts"
import type { Direction, WireCommand } from "./WireCommand.ts"

export interface Shared {
  readonly recorder: Recorder
  readonly faults: Faults
  readonly payloads: boolean
  /** Calls back after so many milliseconds. */
  readonly after: (millis: number, call: () => void) => void
}

/** One direction: what was cut from it, and what waits. */
class Way {
  readonly cutter = new Cutter()
  readonly waiting: Array<Piece> = []
  /** Events of its requests that are not answered, by id, oldest first. */
  readonly requests = new Map<number, Array<number>>()
  target: Connection | undefined
  isHeld = false
}

type Ender = Extract<WireCommand, { readonly _tag: "Close" }>["by"]

const headerOf = ({ bytes }: Piece): Header.Header =>
  Header.decodeHeader(new DataView(bytes.buffer, bytes.byteOffset), 0)
const isRequest = ({ flags }: Header.Header): boolean => (flags & Header.typeMask) === Header.typeCommand
const closeAll = (descriptors: ReadonlyArray<number>): void => descriptors.forEach((each) => closeDescriptor(each))

export class Conversation {
  private readonly shared: Shared
  private readonly number: number
  private readonly client: Connection
  private readonly ways: Readonly<Record<Direction, Way>> = { "to server": new Way(), "to client": new Way() }
  /** The event of its opening; 0 until it is there. */
  private opened = 0
  private readonly ended: () => void
  private isOver = false

  /** `ended` is called once, when both connections are to end. */
  constructor(shared: Shared, client: Connection, ended: () => void) {
    this.shared = shared
    this.client = client
    this.ended = ended
    this.number = shared.recorder.connections + 1
    this.ways["to client"].target = client
  }

  /** Records that it begins; to be called once, before anything is received. */
  begin(): void {
    const descriptors = this.client.passesDescriptors
    this.opened = this.tell({ _tag: "Open", connection: this.number, descriptors }, 0) ?? 0
    // What comes before there is a server would only wait.
    this.client.pause()
  }

  /** What the client's connection is received by. */
  get fromClient(): Receiver {
    return this.receiver("to server", "client")
  }

  /** What the server's connection is received by; it is open from now on. */
  fromServer(server: Connection): Receiver {
    this.ways["to server"].target = server
    if (this.isOver) server.close()
    else {
      this.goOn("to server")
      this.client.resume()
    }
    return this.receiver("to client", "server")
  }

  /** Ends both sides. */
  end(by: Ender, reason: string): void {
    if (this.isOver) return
    const { "to client": back, "to server": forth } = this.ways
    if (by === "client") this.flush("to server", forth)
    if (by === "server") this.flush("to client", back)
    // What could not be recorded has ended it meanwhile.
    if (this.isOver) return
    this.isOver = true
    this.tell({ _tag: "Close", connection: this.number, by, reason }, this.opened)
    for (const way of [forth, back]) {
      for (const { descriptors } of way.waiting.splice(0)) closeAll(descriptors)
      closeAll(way.cutter.rest()?.descriptors ?? [])
      way.target?.close()
    }
    this.ended()
  }

  private receiver(direction: Direction, sender: "client" | "server"): Receiver {
    const way = this.ways[direction]
    return {
      received: (bytes, descriptors) => {
        if (this.isOver) return closeAll(descriptors)
        for (const piece of way.cutter.take(bytes, descriptors)) this.push(direction, piece)
      },
      // The sender takes more: the target of its own messages was paused because it did not.
      drained: () => way.target?.resume(),
      closed: (failure) => this.end(sender, failure?.message ?? "")
    }
  }

  private push(direction: Direction, piece: Piece): void {
    const way = this.ways[direction]
    if (way.isHeld || way.target === undefined || way.waiting.length > 0) way.waiting.push(piece)
    else this.handle(direction, piece)
  }

  /** Lets what waits go on until something holds it again. */
  private goOn(direction: Direction): void {
    const way = this.ways[direction]
    for (let next = way.waiting.shift(); next !== undefined; next = way.waiting.shift()) {
      this.handle(direction, next)
      if (way.isHeld) return
    }
  }

  /** The sender is gone: everything of it goes on now, also what was delayed and what never became a message. */
  private flush(direction: Direction, way: Way): void {
    way.isHeld = false
    if (way.target === undefined) return
    this.goOn(direction)
    const rest = way.cutter.rest()
    if (rest !== undefined) this.handle(direction, rest)
  }

  private handle(direction: Direction, piece: Piece): void {
    if (this.isOver) return closeAll(piece.descriptors)
    if (!piece.isMessage) return this.passBytes(direction, piece)
    const header = headerOf(piece)
    this.treat(direction, piece, this.shared.faults.catching(header), this.causeOf(direction, header))
  }

  /** What led to a message: a reply to its request, a request to the connection. */
  private causeOf(direction: Direction, header: Header.Header): number {
    if (isRequest(header)) return this.opened
    const { requests } = this.ways[direction === "to client" ? "to server" : "to client"]
    const events = requests.get(header.id)
    const event = events?.shift()
    if (events?.length === 0) requests.delete(header.id)
    return event ?? this.opened
  }

  /** Applies the faults that caught a message one after the other, then lets it go on. */
  private treat(direction: Direction, piece: Piece, faults: ReadonlyArray<Fault>, cause: number): void {
    const [fault, ...others] = faults
    if (fault === undefined) return this.pass(direction, piece, cause)
    const { id } = headerOf(piece)
    const { command } = recordOf(this.number, direction, piece.bytes, 0, false)
    const told = { connection: this.number, direction, rule: fault.rule, command, id }
    const sequence = this.tell({ _tag: "Inject", ...told }, cause)
    if (sequence === undefined) return closeAll(piece.descriptors)
    this.apply(direction, piece, fault, (changed) => this.treat(direction, changed, others, sequence), sequence)
  }

  private apply(direction: Direction, piece: Piece, fault: Fault, next: (piece: Piece) => void, cause: number): void {
    const { bytes, descriptors } = piece
    switch (fault.kind) {
      case "drop":
        return closeAll(descriptors)
      case "delay":
        return this.hold(direction, fault.value, () => next(piece), descriptors)
      case "errno":
        return this.refuse(direction, piece, fault.value, next, cause)
      case "cut": {
        const part = bytes.slice(0, fault.value)
        this.passBytes(direction, { bytes: part, descriptors, isMessage: false })
        return this.end("fault", fault.rule)
      }
      case "corrupt":
        return next({ ...piece, bytes: inverted(bytes, Header.headerBytes + fault.value) })
    }
  }

  private hold(direction: Direction, millis: number, release: () => void, descriptors: ReadonlyArray<number>): void {
    const way = this.ways[direction]
    way.isHeld = true
    this.senderOf(direction)?.pause()
    this.shared.after(millis, () => {
      if (this.isOver) return closeAll(descriptors)
      way.isHeld = false
      release()
      if (!way.isHeld) this.goOn(direction)
      if (!way.isHeld) this.senderOf(direction)?.resume()
    })
  }

  /** A request is answered in the server's place; a reply becomes an error. */
  private refuse(direction: Direction, piece: Piece, errno: number, next: (piece: Piece) => void, cause: number): void {
    const { command, flags, id } = headerOf(piece)
    const bytes = Wire.encodeErrorReply(id, command, errno)
    closeAll(piece.descriptors)
    const reply: Piece = { bytes, descriptors: [], isMessage: true }
    if ((flags & Header.typeMask) !== Header.typeCommand) return next(reply)
    if ((flags & Header.noReply) !== 0) return
    this.pass(direction === "to server" ? "to client" : "to server", reply, cause)
  }

  /** Records a message and lets it go on. */
  private pass(direction: Direction, { bytes, descriptors }: Piece, cause: number): void {
    const { payloads } = this.shared
    const record = recordOf(this.number, direction, bytes, descriptors.length, payloads)
    const sequence = this.tell({ _tag: "Forward", ...record }, cause)
    if (sequence === undefined) return closeAll(descriptors)
    const { flags, id } = record
    if ((flags & (Header.typeMask | Header.noReply)) === Header.typeCommand) this.remember(direction, id, sequence)
    this.send(direction, bytes, descriptors)
  }

  private remember(direction: Direction, id: number, sequence: number): void {
    const { requests } = this.ways[direction]
    const events = requests.get(id)
    if (events === undefined) requests.set(id, [sequence])
    else events.push(sequence)
  }

  private passBytes(direction: Direction, { bytes, descriptors }: Piece): void {
    const told = { connection: this.number, direction, digest: digestOf(bytes) }
    if (this.tell({ _tag: "ForwardBytes", ...told }, this.opened) !== undefined)
      this.send(direction, bytes, descriptors)
    else closeAll(descriptors)
  }

  private send(direction: Direction, bytes: Uint8Array, descriptors: ReadonlyArray<number>): void {
    const { target } = this.ways[direction]
    // Between two transports that differ in this, descriptors have no way on.
    const passed = target?.passesDescriptors === true ? descriptors : []
    if (target?.send(bytes, passed) === false) this.senderOf(direction)?.pause()
    closeAll(descriptors)
  }

  private senderOf(direction: Direction): Connection | undefined {
    return direction === "to server" ? this.client : this.ways["to server"].target
  }

  /** What cannot be recorded ends the conversation. */
  private tell(command: WireCommand, cause: number): number | undefined {
    const sequence = this.shared.recorder.tell(command, cause)
    if (sequence === undefined && !this.isOver) {
      this.isOver = true
      for (const way of Object.values(this.ways)) way.target?.close()
      this.client.close()
      this.ended()
    }
    return sequence
  }
}

const inverted = (bytes: Uint8Array, at: number): Uint8Array => {
  const changed = bytes.slice()
  const byte = changed[at]
  if (byte !== undefined) changed[at] = byte ^ 0xff
  return changed
}
