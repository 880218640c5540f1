/** A change of one device as an event of the fleet tells it, and what it makes of a VF that is known. Pure. */
import { DeviceChange } from "@stopcopy/agent"
import type { Event, Vf } from "@stopcopy/coordinator-api"
import { Option, Schema } from "effect"

const DeviceNoted = Schema.Struct({ host: Schema.String, change: DeviceChange })
type DeviceNoted = typeof DeviceNoted.Type

const decode = Schema.decodeUnknownOption(DeviceNoted)

/** Undefined: the event is another one. */
export const deviceChangeOf = ({ payload, stream, type }: Event): DeviceNoted | undefined =>
  type === "DeviceNoted" && stream.startsWith("fleet/") ? Option.getOrUndefined(decode(payload)) : undefined

/** All VFs, of which one is as the event says. */
export const withChange = (vfs: ReadonlyArray<Vf>, { change, host }: DeviceNoted): ReadonlyArray<Vf> => {
  const index = vfs.findIndex((vf) => vf.host === host && vf.name === change.name)
  const vf = vfs[index]
  return vf === undefined ? vfs : vfs.with(index, { ...vf, ...change })
}
