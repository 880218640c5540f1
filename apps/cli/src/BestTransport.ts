/** Sockets with descriptors where they can be passed; where they cannot, that is said. */
import { loadLibc, Transport } from "@stopcopy/vfio-user/transport"
import { Effect } from "effect"

/** `say` is given the line: standard output is not everywhere for people. */
export const bestTransport = (say: (line: string) => Effect.Effect<void>): Effect.Effect<Transport.Transport> =>
  Effect.matchEffect(loadLibc, {
    onSuccess: (libc) => Effect.succeed(Transport.descriptorsThrough(libc)),
    onFailure: ({ message }) => Effect.as(say(`Descriptors are not passed on: ${message}`), Transport.messages)
  })
