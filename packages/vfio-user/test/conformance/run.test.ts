/** The kit against the server of this package: every clause that applies to the device passes, with descriptors and without. */
import { assert, describe, it } from "@effect/vitest"
import { type Options, Server } from "@stopcopy/vfio-user"
import { clauses, run } from "@stopcopy/vfio-user/conformance"
import { loadLibc, makeDescriptorHost, makeKitDescriptors, Transport } from "@stopcopy/vfio-user/transport"
import { Effect, Logger, LogLevel } from "effect"
import { join } from "node:path"
import type { Setup } from "../support/MemoryDevice.ts"
import { PciDevice } from "../support/PciDevice.ts"
import { socketFolder } from "../transport/kit.ts"

const libc = await Effect.runPromise(loadLibc)
const host = makeDescriptorHost(libc)

const everyTransport = [
  { transport: Transport.messages, descriptors: undefined },
  { transport: Transport.descriptorsThrough(libc), descriptors: makeKitDescriptors(libc) }
] as const
type Way = (typeof everyTransport)[number]

/** Runs all clauses against a memory device. */
const examined = ({ descriptors, transport }: Way, setup: Setup = {}, options: Partial<Options> = {}) =>
  Effect.gen(function* () {
    const path = join(yield* socketFolder, "device.sock")
    const server = yield* Server.serve(new PciDevice(setup), { host, ...options })
    yield* transport.listen(path, server.accept)
    const connect = (accept: Parameters<typeof transport.connect>[1]) =>
      Effect.mapError(transport.connect(path, accept), ({ message }) => message)
    const target = { connect, descriptors, replyMillis: 5000 }
    return yield* run(target, { clauses, workloads: [], onResult: () => Effect.void })
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None))

const named = (
  { results }: Effect.Effect.Success<ReturnType<typeof examined>>,
  outcome: "passed" | "failed" | "skipped"
) => results.flatMap(({ clause, note, outcome: found }) => (found === outcome ? [`${clause.name}: ${note}`] : []))

/** Why clauses of a device that does everything, without a workload, are skipped. */
const expected = [
  /: no workload is known for a device 0000:0000$/,
  /: the device has no (RUNNING|PRE_COPY)_P2P$/,
  /^feature\.absent: the device has migration$/
]

describe.each(everyTransport)("over a transport with descriptors: $transport.passesDescriptors", (way) => {
  it.scopedLive("the server passes", () =>
    Effect.gen(function* () {
      const report = yield* examined(way)
      assert.deepStrictEqual(named(report, "failed"), [])
      const others = named(report, "skipped").filter((line) => !expected.some((pattern) => pattern.test(line)))
      const withoutDescriptors = others.filter(
        (line) => !line.endsWith("descriptors cannot be passed here: koffi does not load")
      )
      assert.deepStrictEqual(way.descriptors === undefined ? withoutDescriptors : others, [])
      assert.isUndefined(report.left)
    })
  )

  it.scopedLive("the server with all of P2P and PRE_COPY passes, also as libvfio-user resets and pads", () =>
    Effect.gen(function* () {
      const report = yield* examined(way, { flags: 7 }, { resetKeepsMigrationState: true, padMigrationData: true })
      assert.deepStrictEqual(named(report, "failed"), [])
      const met = named(report, "passed")
      assert.include(met, "reset.STOP_COPY: refused with EINVAL, as libvfio-user does")
      assert.include(met, "reset.PRE_COPY: the state is kept, as libvfio-user does")
      assert.include(met, "data.reply: padded to what was asked for, as libvfio-user does")
      assert.isUndefined(report.left)
    })
  )
})

it.scopedLive("a device without migration passes what is left", () =>
  Effect.gen(function* () {
    const report = yield* examined(everyTransport[1], { withoutMigration: true, withoutLog: true })
    assert.deepStrictEqual(named(report, "failed"), [])
    assert.include(named(report, "passed"), "feature.absent: ")
    assert.include(named(report, "skipped"), "data.end: the device has no migration")
  })
)

it("clauses have names of their own, a rule, and a place in a public text", () => {
  assert.strictEqual(new Set(clauses.map(({ name }) => name)).size, clauses.length)
  const place =
    /^(QEMU (docs\/interop\/vfio-user\.rst, "|hw\/)|libvfio-user (lib|test)\/|include\/uapi\/linux\/vfio\.h, |drivers\/vfio\/)/
  for (const { name, rule, sources } of clauses) {
    assert.isNotEmpty(sources, name)
    for (const source of sources) assert.match(source, place, name)
    assert.match(rule, /^[^\n.]+$/, name)
  }
})
