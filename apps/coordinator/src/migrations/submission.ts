/** What is asked for as the fleet wants it. Pure. */
import type { MigrationRequest, PreflightRequest } from "@stopcopy/coordinator-api"
import type { Fleet, FleetCommand } from "@stopcopy/fleet"

type Submit = Extract<FleetCommand, { readonly _tag: "Submit" }>

const sameDevices = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): boolean =>
  one.toSorted().join("\n") === other.toSorted().join("\n")

/**
 * A virtual machine that the request does not name is the group that has these devices; if there is none it is called after its first VF, as the fleet calls one
 * of which nobody has said anything.
 */
const groupOf = ({ groups }: Fleet, { devices, from, group }: PreflightRequest): string => {
  const names = devices ?? []
  const known = groups.find((one) => one.host === from && sameDevices(one.devices, names))
  return group ?? known?.id ?? `${from}:${names[0] ?? ""}`
}

const lowest = { priority: 0 }

/** A destination as the fleet wants it; null: it chooses. */
export const destinationOf = (to: PreflightRequest["to"]): Submit["to"] =>
  to === undefined ? null : { host: to.host, devices: to.devices ?? null, incoming: to.incoming }

export const submitOf = (
  state: Fleet,
  id: string,
  request: PreflightRequest & Partial<Pick<MigrationRequest, "priority" | "downtimeLimitMillis">>,
  at: number
): Submit => {
  const { devices, downtimeLimitMillis, from, priority = lowest.priority, to } = request
  return {
    _tag: "Submit",
    migration: id,
    group: groupOf(state, request),
    from,
    devices: devices ?? null,
    to: destinationOf(to),
    priority,
    downtimeLimitMs: downtimeLimitMillis ?? null,
    at
  }
}
