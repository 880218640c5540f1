/** The kit for servers against a device whose connection is shared: a guest's VMM finds it as it finds the server itself. */
import { assert, it } from "@effect/vitest"
import { Server, share } from "@stopcopy/vfio-user"
import { clauses, run } from "@stopcopy/vfio-user/conformance"
import {
  closeDescriptor,
  loadLibc,
  makeDescriptorHost,
  makeKitDescriptors,
  Transport
} from "@stopcopy/vfio-user/transport"
import { Effect, Logger, LogLevel } from "effect"
import { join } from "node:path"
import { PciDevice } from "../support/PciDevice.ts"
import { socketFolder } from "../transport/kit.ts"

const libc = await Effect.runPromise(loadLibc)

it.scopedLive("passes with descriptors", () =>
  Effect.gen(function* () {
    const transport = Transport.descriptorsThrough(libc)
    const [folder, sharing] = [yield* socketFolder, share("device", closeDescriptor)]
    const [socket, place] = [join(folder, "device.sock"), join(folder, "guest.sock")]
    const server = yield* Server.serve(new PciDevice({ flags: 7 }), { host: makeDescriptorHost(libc) })
    yield* transport.listen(socket, server.accept)
    const client = yield* sharing.makeClient((accept) => transport.connect(socket, accept))
    yield* transport.listen(place, yield* sharing.serve({ client: Effect.succeed(client), refuses: () => 0 }))
    const connect = (accept: Parameters<typeof transport.connect>[1]) =>
      Effect.mapError(transport.connect(place, accept), ({ message }) => message)
    const target = { connect, descriptors: makeKitDescriptors(libc), replyMillis: 5000 }
    const { left, results } = yield* run(target, { clauses, workloads: [], onResult: () => Effect.void })
    const failed = results.flatMap(({ clause, note, outcome }) =>
      outcome === "failed" ? [`${clause.name}: ${note}`] : []
    )
    assert.deepStrictEqual(failed, [])
    assert.isAbove(results.filter(({ outcome }) => outcome === "passed").length, 200)
    assert.isUndefined(left)
    // The client whose connection it is has kept it.
    assert.isAbove((yield* client.info).regions, 8)
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None), Effect.timeout("30 seconds"))
)
