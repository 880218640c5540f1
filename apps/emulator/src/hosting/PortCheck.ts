/** Whether a port can be had, asked before anything is begun: who really takes it comes later, and says so too if it was taken meanwhile. */
import { type Address, Addresses } from "@stopcopy/agent"
import { Effect } from "effect"
import { createServer } from "node:net"
import { PortTaken } from "./StartError.ts"

/** Fails for a TCP port on which somebody listens, or which this user may not have. */
export const checkPort = (address: Address): Effect.Effect<void, PortTaken> => {
  if (address._tag === "Unix" || address.port === 0) return Effect.void
  return Effect.async((resume) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "the port is in use; name another one" : error.message
      resume(new PortTaken({ address: Addresses.format(address), reason }))
    })
    server.listen(address.port, address.host, () => server.close(() => resume(Effect.void)))
  })
}
