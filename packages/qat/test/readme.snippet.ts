/** The README's example: a VF moves live from one PF to another, in memory. `Readme.test.ts` runs it. */
// region readme
import { Hardware, MigratedView, opNames, Pf, QatVfioPci, RegisterFile, Vf } from "@stopcopy/qat"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { Effect, Layer } from "effect"

const hardware = { deviceId: 0x4940, gencap: 0x1000021, svcmap: 0x249, extdc: 0x3, rateLimiting: false, slas: [] }
const asBorn = { registers: RegisterFile.reset(), init: 0, compatVersion: 0 }
const healthy = { coreInit: 0, pfOps: opNames, allocateDevice: 0, allocateBlock: 0, register: 0 }

/** VF 0 of a PF, bound in safe mode and open. */
const openVf = (bus: string) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, `${bus}:00.0`)
    const vf = yield* system.actor(Vf.behavior, `${bus}:00.1`)
    yield* pf.ask({ _tag: "Configure", ...hardware })
    const id = { vendor: 0x8086, deviceId: 0x4941, vfIndex: 0, mode: "safe", registerModel: "derived" } as const
    yield* vf.ask({ _tag: "Probe", ...id, ...asBorn, ...healthy })
    const driver = yield* QatVfioPci.make(pf, vf)
    yield* driver.open
    return driver
  })

const go = (driver: QatVfioPci.QatVfioPci, state: MigrationState) => driver.setState(MigrationStates.toNumber(state))
const viewOf = ({ vf }: QatVfioPci.QatVfioPci) => MigratedView.migratedView(vf.unsafeState())

export const program = Effect.gen(function* () {
  const [source, destination] = [yield* openVf("17"), yield* openVf("65")]
  yield* source.writeRegister(0, 0x100, 0x80) // the tail of bank 0's request ring
  const saving = yield* Effect.flatten(go(source, "PRE_COPY"))
  const resuming = yield* Effect.flatten(go(destination, "RESUMING"))
  const setup = yield* resuming.write(yield* saving.read(4096)) // judged here, the source still runs
  yield* go(source, "STOP_COPY")
  const state = yield* resuming.write(yield* saving.read(4096))
  yield* go(destination, "RUNNING")
  const difference = MigratedView.firstDifference(viewOf(source), viewOf(destination))
  return { setup, state, difference, tail: yield* destination.readRegister(0, 0x100) }
}).pipe(Effect.provide(Hardware.layerIdle), Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))
// endregion
