/**
 * The connections of an HTTP server of Node that may go down. Node's own server then waits for every connection on which nothing was asked yet, such as one that a
 * client keeps in store, and for those whose answer goes out meanwhile, as long as they are kept alive; this one waits for answers alone.
 */
import { Effect } from "effect"
import type { Server } from "node:http"
import type { Socket } from "node:net"
import { Server as TlsServer } from "node:tls"

export class Connections {
  /** Every connection, also one that has not agreed on keys. */
  private readonly all = new Set<Socket>()
  /** Requests under way on each that may ask. */
  private readonly asking = new Map<Socket, number>()
  private isDraining = false

  constructor(server: Server) {
    server.on("connection", (socket: Socket) => {
      this.all.add(socket)
      socket.once("close", () => this.all.delete(socket))
    })
    server.on(server instanceof TlsServer ? "secureConnection" : "connection", (socket: Socket) => {
      this.asking.set(socket, 0)
      socket.once("close", () => this.asking.delete(socket))
      // It was accepted between `drain` and the end of listening: what it asks nobody would answer.
      if (this.isDraining) socket.destroySoon()
    })
    server.on("request", ({ socket }, response) => {
      this.count(socket, 1)
      response.once("close", () => this.count(socket, -1))
    })
  }

  private count(socket: Socket, by: 1 | -1): void {
    const before = this.asking.get(socket)
    if (before === undefined) return
    this.asking.set(socket, before + by)
    if (this.isDraining && before + by === 0) socket.destroySoon()
  }

  /** From now on a connection ends as soon as everything that was asked on it is answered: at once, where nothing was. */
  readonly drain: Effect.Effect<void> = Effect.sync(() => {
    this.isDraining = true
    for (const [socket, requests] of this.asking) if (requests === 0) socket.destroySoon()
  })

  /** Ends all of them, whatever is under way. */
  readonly cut: Effect.Effect<void> = Effect.sync(() => {
    for (const socket of this.all) socket.destroy()
  })
}
