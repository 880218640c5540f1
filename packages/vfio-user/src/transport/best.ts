/** Which transport is used: the one with descriptors where it loads, else the one without; the log says which, once. */
import { Effect } from "effect"
import { descriptors } from "./descriptors.ts"
import type { NoLibc } from "./Libc.ts"
import { messages } from "./messages.ts"
import type { Transport } from "./Transport.ts"

export interface TransportOptions {
  /** No descriptors, even where they could be passed. Default false. */
  readonly messagesOnly?: boolean
}

/** Chooses between a transport with descriptors, if `loading` gives one, and messages. */
export const bestOf = (loading: Effect.Effect<Transport, NoLibc>, options: TransportOptions = {}) =>
  options.messagesOnly === true
    ? Effect.as(Effect.logInfo("vfio-user: messages without descriptors, as asked for"), messages)
    : Effect.matchEffect(loading, {
        onSuccess: (transport) => Effect.as(Effect.logInfo("vfio-user: messages with descriptors"), transport),
        onFailure: (failure) =>
          Effect.as(Effect.logWarning(`vfio-user: messages without descriptors: ${failure.message}`), messages)
      })

/** The best transport of this machine. */
export const best = (options?: TransportOptions): Effect.Effect<Transport> => bestOf(descriptors, options)
