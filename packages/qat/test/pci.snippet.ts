/** The README's third example: a VF behind the contract of a VFIO device, as a server offers it to a VMM. */
// region readme
import { Hardware, Pci, Pf, QatVfioDevice, QatVfioPci, RegisterFile, UserDma, Vf, opNames } from "@stopcopy/qat"
import { Dma, Engine, overRegions } from "@stopcopy/qat/engine"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Effect, Layer } from "effect"

/** VF 0 of a PF with its engine, open, as a `VfioDevice` of `@stopcopy/vfio`. */
const openDevice = Effect.gen(function* () {
  const system = yield* ActorSystem
  const pf = yield* system.actor(Pf.behavior, "17:00.0")
  const vf = yield* system.actor(Vf.behavior, "17:00.1")
  const pci = yield* system.actor(Pci.behavior, "17:00.1")
  const offer = { gencap: 0x401_000d, svcmap: 0x6db, extdc: 0, rateLimiting: false, slas: [] }
  yield* pf.ask({ _tag: "Configure", deviceId: 0x4940, ...offer })
  const id = { vendor: 0x8086, deviceId: 0x4941, vfIndex: 0, mode: "safe", registerModel: "device" } as const
  const asBorn = { registers: RegisterFile.reset(), init: 0, compatVersion: 0 }
  const healthy = { coreInit: 0, pfOps: opNames, allocateDevice: 0, allocateBlock: 0, register: 0 }
  yield* vf.ask({ _tag: "Probe", ...id, ...asBorn, ...healthy })
  const memory = new UserDma(vf) // that of whoever has the device
  const hardware = yield* Effect.provideService(Engine.make(pf, vf), Dma, memory.dma)
  const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardware)
  yield* driver.open
  return yield* QatVfioDevice.make({ driver, pci, memory, hardware })
})

const user = {
  interrupt: (index: number, vector: number) => process.stdout.write(`vector ${vector} of type ${index}\n`),
  dma: overRegions([{ address: 0x1000_0000n, bytes: new Uint8Array(0x1_0000) }])
}

export const program = Effect.gen(function* () {
  const device = yield* openDevice
  yield* device.attach(user)
  const [config, bar0] = [7, 0x10]
  yield* device.write(config, 0x04, Uint8Array.of(6, 0)) // memory, bus master
  yield* device.write(config, bar0, new Uint8Array(8).fill(0xff)) // how large is BAR0?
  const size = new Uint8Array(8)
  yield* device.read(config, bar0, size)
  yield* device.write(config, 0x58, Uint8Array.of(0, 0x80)) // a function level reset
  const command = new Uint8Array(2)
  yield* device.read(config, 0x04, command)
  return { name: device.name, size, command }
}).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))
// endregion
