/** Emulated VFs behind real sockets, for tests: all parts of a device over a journal, its server, and a guest that attaches it. */
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { type Client, makeRemoteDevice } from "@stopcopy/vfio-user"
import { AddressSpace, Arena, attach, QatDriver } from "@stopcopy/vmm"
import { type Host, makeHost } from "@stopcopy/vmm/node"
import { emulatedVf, serveDevice } from "@stopcopy/vmm/testing"
import { Effect, Layer, Logger, LogLevel, Option } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** No log lines between the results of tests. */
export const quiet = Logger.minimumLogLevel(LogLevel.None)

/** A journal in memory, with its actors. */
export const layer = Layer.provideMerge(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory), quiet)

/** A new device on a socket in `folder`. */
export const serve = (host: Host, folder: string, name: string) =>
  Effect.gen(function* () {
    const all = yield* emulatedVf(name)
    const path = join(folder, `${name}.sock`)
    yield* serveDevice(host, all.device, path)
    return { ...all, path, wire: host.wire(path), stream: all.vf.stream }
  })

/** A folder for sockets and journals, gone with the scope. */
export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-vmm-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

/** The guest's memory: the driver's part, and a part that nobody uses. */
export const places = [
  { address: 0x1_0000_0000n, size: 8 << 20 },
  { address: 0x8_0000_0000n, size: 1 << 20 }
] as const

/** Guest memory and its address space. */
export const guest = (host: Host) => Effect.flatMap(host.memory(places), (memory) => AddressSpace.make(memory))

/** A piece of the guest's memory for one driver of several. */
const arenaBytes = 2 << 20
export const arena = (index = 0): Arena =>
  new Arena({ address: places[0].address + BigInt(index * arenaBytes), size: arenaBytes })

/** A guest whose driver has a new device. */
export const world = (host: Host, name = "17") =>
  Effect.gen(function* () {
    const where = yield* folder
    const source = yield* serve(host, where, name)
    const space = yield* guest(host)
    const attachment = yield* attach(space, source.wire)
    const driver = yield* QatDriver.probe(attachment, arena())
    return { where, source, space, attachment, driver }
  })

/** Walks a remote device to a state. */
export const go = (client: Client, state: MigrationState) => client.setMigrationState(MigrationStates.toNumber(state))

/** Walks a remote device to a state that has a file. */
export const enter = (client: Client, state: MigrationState) =>
  Effect.flatMap(makeRemoteDevice(client), ({ setState }) =>
    Effect.flatMap(setState(MigrationStates.toNumber(state)), (file) =>
      Effect.orDie(
        Option.match(file, {
          onNone: () => Effect.fail(`no file in ${state}`),
          onSome: (found) => Effect.succeed(found)
        })
      )
    )
  )

/** Both transports, with what the host is told. */
export const transports = [
  ["messages", makeHost({ messagesOnly: true })],
  ["descriptors", makeHost()]
] as const
