/** The device that the emulator hosts: a QAT VF with its engine, everything recorded in a journal file with tapes and a spool. */
import { Hardware, opNames, Pci, Pf, QatVfioDevice, QatVfioPci, RegisterFile, UserDma, Vf } from "@stopcopy/qat"
import { Dma, Engine } from "@stopcopy/qat/engine"
import { ActorSystem, deciderOf } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"

const offer = { deviceId: 0x4940, gencap: 0x401_000d, svcmap: 0x6db, extdc: 0, rateLimiting: false, slas: [] }
const asBorn = { registers: RegisterFile.reset(), init: 0, compatVersion: 0 }
const healthy = { coreInit: 0, pfOps: opNames, allocateDevice: 0, allocateBlock: 0, register: 0 }
const id = { vendor: 0x8086, deviceId: 0x4941, vfIndex: 0, mode: "safe", registerModel: "device" } as const

/** A VF that has just been opened. */
export const qat = Effect.gen(function* () {
  const system = yield* ActorSystem
  const pf = yield* system.actor(Pf.behavior, "17:00.0")
  const vf = yield* system.actor(Vf.behavior, "17:00.1")
  const pci = yield* system.actor(Pci.behavior, "17:00.1")
  yield* pf.ask({ _tag: "Configure", ...offer })
  yield* vf.ask({ _tag: "Probe", ...id, ...asBorn, ...healthy })
  const memory = new UserDma(vf)
  const hardware = yield* Effect.provideService(Engine.make(pf, vf), Dma, memory.dma)
  const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardware)
  yield* driver.open
  return yield* QatVfioDevice.make({ driver, pci, memory, hardware })
})

/** Its journal beside the socket. */
export const journalOf = (path: string) =>
  Layer.provideMerge(
    ActorSystem.layer,
    layerSqlite({ file: `${path}.journal`, tapes: true, spool: true, deciders: [deciderOf(Vf.behavior)] })
  )
