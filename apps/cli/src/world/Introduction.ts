/** The small fleet in words: its processes, its guests, its policy. */
import { millisText } from "../operate/Units.ts"
import { hardwareText } from "./Hardware.ts"
import type { World } from "./World.ts"

/** Longer than the coordinator's own 300 ms: all processes, and whatever else runs here, share this machine. */
export const downtimeLimitMillis = 10_000

const guestsText = ({ guests, vmm }: World): ReadonlyArray<string> => {
  const how = vmm.transport.passesDescriptors ? "with shared memory and eventfds" : "by messages alone"
  const [first] = guests
  return [
    `  guests       ${first?.name} to ${guests.at(-1)?.name}, at work over vfio-user, ${how}; this process is their VMM`,
    `               ${first?.name}: ${first?.kinds.join(", ")}, on all ring pairs; the others one of these, now and then`
  ]
}

/** `vfs`: how many VFs PF a has on each host. */
export const introduction = (world: World, vfs: number): ReadonlyArray<string> => {
  const { hosts, service } = world
  const text = hardwareText(vfs)
  return [
    `  alpha        process ${hosts.alpha.process.pid}: ${text.alpha}`,
    `  beta         process ${hosts.beta.process.pid}: ${text.beta}`,
    `  coordinator  process ${service.pid}: ${service.address}`,
    ...guestsText(world),
    `  policy       guests may stand still for ${millisText(downtimeLimitMillis)} (300 ms is usual): this machine may be busy`
  ]
}
