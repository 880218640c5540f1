/** The states that the devices of a migration went through, from the steps that were done. Pure. Source: `facts` of `@stopcopy/migration`. */
import type { Migration } from "@stopcopy/coordinator-api"
import type { DeviceState } from "./states.ts"

export type Side = "source" | "destination"

const after: Readonly<Record<string, { readonly side: Side; readonly state: DeviceState }>> = {
  empty: { side: "destination", state: "STOP" },
  receive: { side: "destination", state: "RESUMING" },
  precopy: { side: "source", state: "PRE_COPY" },
  drain: { side: "source", state: "PRE_COPY_P2P" },
  stop: { side: "source", state: "STOP_COPY" },
  load: { side: "destination", state: "STOP" },
  wake: { side: "destination", state: "RUNNING_P2P" },
  run: { side: "destination", state: "RUNNING" },
  retire: { side: "source", state: "STOP" },
  halt: { side: "source", state: "STOP" },
  settle: { side: "source", state: "RUNNING_P2P" },
  resume: { side: "source", state: "RUNNING" },
  free: { side: "destination", state: "STOP" },
  rewake: { side: "source", state: "RUNNING_P2P" },
  rerun: { side: "source", state: "RUNNING" },
  discard: { side: "destination", state: "STOP" }
}

/** How a device stands before the first step. */
const first: Readonly<Record<Side, DeviceState>> = { source: "RUNNING", destination: "STOP" }

/** From the first state on; the same state twice in a row is one. */
export const pathOf = ({ steps }: Pick<Migration, "steps">, side: Side): ReadonlyArray<DeviceState> => {
  const path: Array<DeviceState> = [first[side]]
  for (const { step } of steps) {
    const reached = after[step]
    if (reached?.side === side && reached.state !== path.at(-1)) path.push(reached.state)
  }
  return path
}
