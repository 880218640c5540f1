/** Every behavior of the device and of its host is known to the command line, by the name that stands in journals. */
import { assert, it } from "@effect/vitest"
import { EpochActor } from "@stopcopy/agent"
import { MigrationFile, Pci, Pf, Vf } from "@stopcopy/qat"
import { ActorSystem, Journal, Replay } from "@stopcopy/runtime"
import { Effect, Layer } from "effect"
import { registry } from "../../src/replay/Registry.ts"

it("knows every behavior that the device and its host journal", () => {
  for (const { name } of [Pf.behavior, Vf.behavior, MigrationFile.behavior, Pci.behavior, EpochActor.behavior]) {
    assert.isTrue(registry.has(name), name)
  }
})

it.effect("replays the PCI side of a VF to its state", () =>
  Effect.gen(function* () {
    const pci = yield* (yield* ActorSystem).actor(Pci.behavior, "0000:6b:00.1")
    const identity = { vendor: 0x8086, device: 0x4941, revision: 0x40, subsystemVendor: 0x8086, subsystem: 0 }
    yield* pci.ask({ _tag: "PowerOn", identity })
    yield* pci.ask({ _tag: "WriteConfig", offset: 4, bytes: Uint8Array.of(6, 0) })
    const { behavior, state } = yield* Replay.stateAt(registry, "pci/0000:6b:00.1")
    assert.strictEqual(behavior, "pci")
    assert.deepStrictEqual(state.value, pci.unsafeState())
  }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))
)
