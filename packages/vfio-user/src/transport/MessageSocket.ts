/**
 * A connection over a socket of `node:net`: bytes only. The kernel closes descriptors that come in. Source: section 16 of the vfio-user specification.
 * A `send` is one write; when the kernel takes a part, libuv writes the rest before anything else.
 */
import type { Socket } from "node:net"
import type { Accept, Connection, Receiver } from "../Connection.ts"
import { lingerMillis } from "./Transport.ts"

/** A connection, and what its socket's owner tells it. */
interface MessageSocket {
  readonly connection: Connection
  /** Takes bytes that were read into a buffer that is used again. */
  readonly deliver: (bytes: Uint8Array) => void
}

const refuseDescriptors = (): never => {
  throw new TypeError("this transport passes no descriptors; look at passesDescriptors before sending any")
}

/** Serves an open socket to what `accept` makes. Bytes come through `deliver`. */
export const makeMessageSocket = (socket: Socket, accept: Accept): MessageSocket => {
  let closing = false
  let failure: Error | undefined
  const connection: Connection = {
    passesDescriptors: false,
    send: (bytes, descriptors) => {
      if (descriptors !== undefined && descriptors.length > 0) refuseDescriptors()
      return closing || !socket.writable || socket.write(bytes)
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => {
      if (closing || socket.destroyed) return
      closing = true
      const linger = setTimeout(() => socket.destroy(), lingerMillis).unref()
      socket.once("close", () => clearTimeout(linger))
      socket.destroySoon()
    }
  }
  const receiver: Receiver = accept(connection)
  socket.on("drain", () => {
    if (!closing) receiver.drained()
  })
  socket.on("error", (error) => {
    failure = error
  })
  socket.on("close", () => receiver.closed(closing ? undefined : failure))
  return {
    connection,
    deliver: (bytes) => {
      if (!closing) receiver.received(bytes, none)
    }
  }
}

const none: ReadonlyArray<number> = []
