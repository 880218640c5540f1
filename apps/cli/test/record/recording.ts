/** A recorder in this process, before a served VF, and what its journal says afterwards. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert } from "@effect/vitest"
import { makeClient } from "@stopcopy/vfio-user"
import { Transport } from "@stopcopy/vfio-user/transport"
import { Deferred, Effect, Exit, Fiber, Option, Schema } from "effect"
import { join } from "node:path"
import { type RecordOptions, record } from "../../src/record/record.ts"
import { WireEvent } from "../../src/record/WireEvent.ts"
import { replay } from "../../src/replay/replay.ts"
import { linesOf, replayOptions } from "../commands.ts"
import { folder, host, libc, serveVf } from "../conformance/device.ts"

const transport = Transport.descriptorsThrough(libc)

/** A client of the socket. */
export const clientOf = (path: string) =>
  makeClient((accept) => transport.connect(path, accept), { closeDescriptor: host.close })

/** A recorder of a new VF: where it listens, its journal, and how it is ended. */
export const recording = (given: Partial<RecordOptions> = {}) =>
  Effect.gen(function* () {
    const at = yield* folder
    const [server, socket, journal] = [join(at, "vf.sock"), join(at, "wire.sock"), join(at, "wire.db")]
    yield* serveVf(server)
    const isReady = yield* Deferred.make<void>()
    const options = { listen: socket, connect: server, journal, name: Option.some("vf"), payloads: false, fault: [] }
    const running = yield* Effect.forkScoped(
      record({ ...options, ...given }, Effect.asVoid(Deferred.succeed(isReady, undefined))).pipe(
        Effect.provide(NodeContext.layer),
        (recorder) => Effect.consoleWith((base) => Effect.withConsole(recorder, { ...base, log: () => Effect.void }))
      )
    )
    yield* Effect.raceFirst(Deferred.await(isReady), Fiber.join(running))
    const stop = Effect.map(Fiber.interrupt(running), (exit) => assert.isTrue(Exit.isInterrupted(exit)))
    return { socket, server, journal, stop }
  })

const Line = Schema.parseJson(Schema.Struct({ sequence: Schema.Number, payload: WireEvent }))

/** The events of a wire's journal by their sequence. */
export const eventsOf = (journal: string) =>
  Effect.map(
    Effect.promise(() => linesOf(replay(replayOptions([journal], { json: true })))),
    (lines) => lines.map((line) => Schema.decodeSync(Line)(line))
  )
