/** The README's second example: a VF that works, and a request through one of its rings. */
// region readme
import { Hardware, Pf, QatVfioPci, RegisterFile, Vf, opNames } from "@stopcopy/qat"
import { Dma, Engine, overRegions } from "@stopcopy/qat/engine"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Effect, Layer } from "effect"

/** 64 KiB of guest memory: requests at its beginning, responses from 0x8000 on. Empty slots are full of 0x7f. */
const memory = new Uint8Array(0x1_0000).fill(0x7f)
const dma = overRegions([{ address: 0x1000_0000n, bytes: memory }])

/** Bank 0: both bases, both sizes (128 requests, 128 responses), the arbiter. */
const setup = [
  [0x1040, 0x1000_0000],
  [0x1044, 0x1000_8000],
  [0x1000, 0x8],
  [0x1004, 0x2006],
  [0x19c, 1]
] as const

export const program = Effect.gen(function* () {
  const system = yield* ActorSystem
  const pf = yield* system.actor(Pf.behavior, "17:00.0")
  const vf = yield* system.actor(Vf.behavior, "17:00.1")
  const offer = { gencap: 0x401_000d, svcmap: 0x6db, extdc: 0, rateLimiting: false, slas: [] }
  yield* pf.ask({ _tag: "Configure", deviceId: 0x4940, ...offer })
  const id = { vendor: 0x8086, deviceId: 0x4941, vfIndex: 0, mode: "safe", registerModel: "device" } as const
  const asBorn = { registers: RegisterFile.reset(), init: 0, compatVersion: 0 }
  const healthy = { coreInit: 0, pfOps: opNames, allocateDevice: 0, allocateBlock: 0, register: 0 }
  yield* vf.ask({ _tag: "Probe", ...id, ...asBorn, ...healthy })
  const engine = yield* Effect.provideService(Engine.make(pf, vf), Dma, dma)
  const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, engine)
  yield* driver.open
  for (const [offset, value] of setup) yield* driver.writeRegister(0, offset, value)
  memory.fill(0, 0, 128).set([0, 1, 0, 0x80]) // the firmware's NULL request
  yield* driver.writeRegister(0, 0x100, 128) // the tail: there it is
  yield* vf.until(({ device }) => device?.banks[0]?.placed === 1)
  return memory.slice(0x8000, 0x8008)
}).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))
// endregion
