/** An emulated QAT VF, served over a UNIX socket in this process. */
import {
  Hardware,
  opNames,
  Pci,
  Pf,
  QatVfioDevice,
  QatVfioPci,
  RegisterFile,
  UserDma,
  Vf,
  vendorIntel
} from "@stopcopy/qat"
import { Dma, Engine } from "@stopcopy/qat/engine"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { type Accept, Server } from "@stopcopy/vfio-user"
import { loadLibc, makeDescriptorHost, Transport } from "@stopcopy/vfio-user/transport"
import { Effect, Layer, Logger, LogLevel, type Scope } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder that is gone with the scope. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-cli-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

export const libc = await Effect.runPromise(loadLibc)
export const host = makeDescriptorHost(libc)

/** Symmetric crypto in every bank. */
const symmetric = 0x6db

const makeDevice = (svcmap: number) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, "0000:6b:00.0")
    const vf = yield* system.actor(Vf.behavior, "0000:6b:00.1")
    const pci = yield* system.actor(Pci.behavior, "0000:6b:00.1")
    const memory = new UserDma(vf)
    const hardware = yield* Effect.provideService(Engine.make(pf, vf), Dma, memory.dma)
    const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardware)
    yield* pf.ask({
      _tag: "Configure",
      deviceId: 0x4940,
      gencap: 0x0101_0007,
      svcmap,
      extdc: 0x3,
      rateLimiting: false,
      slas: []
    })
    yield* vf.ask({
      _tag: "Probe",
      vendor: vendorIntel,
      deviceId: 0x4941,
      mode: "safe",
      registerModel: "device",
      registers: RegisterFile.reset(),
      init: 0,
      compatVersion: 0,
      coreInit: 0,
      vfIndex: 1,
      pfOps: opNames,
      allocateDevice: 0,
      allocateBlock: 0,
      register: 0
    })
    yield* driver.open
    return yield* QatVfioDevice.make({ driver, pci, memory, hardware })
  })

/** Serves a new VF at `path` until the scope ends; connections go through `around`. `svcmap`: the ring-to-service map of its PF. */
export const serveVf = (
  path: string,
  around: (accept: Accept) => Accept = (accept) => accept,
  svcmap: number = symmetric
) =>
  Effect.gen(function* () {
    const server = yield* Server.serve(yield* makeDevice(svcmap), { host })
    yield* Transport.descriptorsThrough(libc).listen(path, around(server.accept))
  }).pipe(
    Logger.withMinimumLogLevel(LogLevel.None),
    Effect.provide(Layer.fresh(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))
  )
