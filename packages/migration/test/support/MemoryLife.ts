/** A host whose devices are in memory: much cheaper than QAT VFs, for troubles in which its process goes on. */
import { Handlers, Host } from "@stopcopy/agent"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { Effect } from "effect"
import { groupSize, type Life, type Start } from "./Life.ts"

export const startMemory: Start = (disk, fuse, guest = 0) =>
  Effect.gen(function* () {
    const { devices, host } = yield* makeMemoryHost({ name: disk.name, devices: groupSize, epochs: disk.epochs })
    let number = 0
    for (const device of devices.values()) device.registers.set([guest, ++number])
    const handlers = yield* Effect.provideService(Handlers.make, Host, host)
    const life: Life = { handlers, fuse, devices: yield* Effect.forEach(devices.keys(), host.device) }
    return life
  })
