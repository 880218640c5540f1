/** Listens for clients, and opens a connection to the server for each of them. */
import type { Accept } from "@stopcopy/vfio-user"
import type { Transport } from "@stopcopy/vfio-user/transport"
import { Deferred, Effect, FiberSet } from "effect"
import { Conversation, type Shared } from "./Conversation.ts"
import type { Faults } from "./Fault.ts"
import { Recorder, type WireActor } from "./Recorder.ts"

interface ProxyOptions {
  readonly listen: string
  readonly connect: string
  readonly faults: Faults
  readonly payloads: boolean
  readonly actor: WireActor
}

type Fork = (effect: Effect.Effect<unknown>) => unknown

/** A conversation for each client that comes. */
const accepting =
  (transport: Transport.Transport, path: string, shared: Shared, fork: Fork, open: Set<Conversation>): Accept =>
  (client) => {
    const over = Effect.runSync(Deferred.make<void>())
    const conversation = new Conversation(shared, client, () => {
      open.delete(conversation)
      Deferred.unsafeDone(over, Effect.void)
    })
    open.add(conversation)
    conversation.begin()
    const serve = Effect.scoped(
      Effect.zipRight(
        transport.connect(path, (server) => conversation.fromServer(server)),
        Deferred.await(over)
      )
    )
    fork(Effect.catchAll(serve, ({ message }) => Effect.sync(() => conversation.end("server", message))))
    return conversation.fromClient
  }

/**
 * Forwards between any number of clients and the server until the scope ends. Ends by itself only with the reason why something could not be
 * recorded.
 */
export const forwarding = (transport: Transport.Transport, options: ProxyOptions) =>
  Effect.gen(function* () {
    const failed = yield* Deferred.make<string>()
    const runtime = yield* Effect.runtime<never>()
    const fork = yield* FiberSet.makeRuntime<never>()
    const recorder = new Recorder(options.actor, runtime, (reason) =>
      Deferred.unsafeDone(failed, Effect.succeed(reason))
    )
    const after = (millis: number, call: () => void) => void fork(Effect.delay(Effect.sync(call), millis))
    const shared = { recorder, faults: options.faults, payloads: options.payloads, after }
    const open = new Set<Conversation>()
    yield* transport.listen(options.listen, accepting(transport, options.connect, shared, fork, open))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const each of open) each.end("recorder", "")
      })
    )
    return Deferred.await(failed)
  })
