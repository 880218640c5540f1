/** Sockets with descriptors where they can be passed; where they cannot, that is said on standard output. */
import { loadLibc, Transport } from "@stopcopy/vfio-user/transport"
import { Effect } from "effect"
import { printLines } from "./Lines.ts"

export const bestTransport: Effect.Effect<Transport.Transport> = Effect.matchEffect(loadLibc, {
  onSuccess: (libc) => Effect.succeed(Transport.descriptorsThrough(libc)),
  onFailure: ({ message }) => Effect.as(printLines([`Descriptors are not passed on: ${message}`]), Transport.messages)
})
