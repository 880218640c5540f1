/** A connection to the echo in the same process, without a socket. */
import type { Accept, Connection } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import { echo } from "./echo.ts"

const pair = (accept: Accept): Connection => {
  const halves: { client: Accept; toServer: (bytes: Uint8Array) => void; toClient: (bytes: Uint8Array) => void } = {
    client: accept,
    toServer: () => undefined,
    toClient: () => undefined
  }
  const make = (send: (bytes: Uint8Array) => void): Connection => ({
    passesDescriptors: false,
    send: (bytes) => {
      send(bytes)
      return true
    },
    pause: () => undefined,
    resume: () => undefined,
    close: () => undefined
  })
  const server = echo(make((bytes) => queueMicrotask(() => halves.toClient(bytes))))
  halves.toServer = (bytes) => server.received(bytes, [])
  const connection = make((bytes) => halves.toServer(bytes))
  const client = halves.client(connection)
  halves.toClient = (bytes) => client.received(bytes, [])
  return connection
}

export const inMemory = (accept: Accept): Effect.Effect<Connection> => Effect.sync(() => pair(accept))
