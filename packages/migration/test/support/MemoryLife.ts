/** A host whose devices are in memory: much cheaper than QAT VFs, for troubles in which its process goes on. */
import { Handlers, Host } from "@stopcopy/agent"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { Effect } from "effect"
import { type Life, type Start } from "./Life.ts"

export const startMemory: Start = (disk, fuse, guest = 0) =>
  Effect.gen(function* () {
    const { devices, host } = yield* makeMemoryHost({
      name: disk.name,
      devices: disk.guests.length,
      epochs: disk.epochs
    })
    let number = 0
    for (const device of devices.values()) device.registers.set([guest, ++number])
    const handlers = yield* Effect.provideService(Handlers.make, Host, host)
    const all = yield* Effect.forEach(devices.keys(), host.device)
    const look = () =>
      all.map(({ epoch, status }) =>
        Effect.runSync(Effect.zipWith(status, epoch, ({ state }, record) => ({ state, record })))
      )
    const life: Life = { handlers, fuse, devices: all, look, drivers: [] }
    return life
  })
