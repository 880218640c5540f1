/** A client of raw bytes: it says what it is told to, counts what comes, and reads it or not. */
import { Command, type Connection, Message, Messages, type Receiver } from "@stopcopy/vfio-user"
import { Transport } from "@stopcopy/vfio-user/transport"
import { Effect } from "effect"

/** A proposal as a whole message. */
export const proposal = Message.encodeCommand(
  1,
  Command.VERSION,
  Messages.Version.encode({ major: 0, minor: 1, capabilities: {} })
)

class Plain implements Receiver {
  readonly connection: Connection
  /** Bytes that came. */
  bytes = 0
  isClosed = false
  private tell: () => void = () => undefined

  constructor(connection: Connection) {
    this.connection = connection
  }

  received(bytes: Uint8Array): void {
    this.bytes += bytes.byteLength
    this.tell()
  }

  drained(): void {
    this.tell()
  }

  closed(): void {
    this.isClosed = true
    this.tell()
  }

  /** Waits until something is so, which is looked at whenever something comes; dies when nothing can come any more. */
  until(isSo: (client: this) => boolean): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const look = (): void => {
        const found = isSo(this)
        if (!found && !this.isClosed) return
        this.tell = () => undefined
        resume(found ? Effect.void : Effect.dieMessage(`the connection has ended after ${this.bytes} bytes`))
      }
      this.tell = look
      look()
    })
  }

  /** Copies, because a connection owns what it sends. */
  say(bytes: Uint8Array): boolean {
    return this.connection.send(bytes.slice())
  }
}

/** Connects; the connection is closed with the scope. */
export const connectPlain = (path: string) =>
  Effect.gen(function* () {
    const clients: Array<Plain> = []
    yield* Transport.messages.connect(path, (connection) => {
      const client = new Plain(connection)
      clients.push(client)
      return client
    })
    return clients[0] ?? (yield* Effect.dieMessage("a connection without a receiver"))
  })
