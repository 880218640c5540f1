/** The fleet as one list of rows: each host, below it its PFs, below each its VFs. Pure. */
import type { HostSummary, PfSummary, Vf } from "@stopcopy/coordinator-api"
import * as Arr from "effect/Array"

export type FleetRow =
  | { readonly _tag: "Host"; readonly host: HostSummary }
  | { readonly _tag: "Pf"; readonly pf: PfSummary }
  | { readonly _tag: "Vf"; readonly vf: Vf }

interface Known {
  readonly hosts: ReadonlyArray<HostSummary>
  readonly pfs: ReadonlyArray<PfSummary>
  readonly vfs: ReadonlyArray<Vf>
}

export interface FleetFilter {
  /** Part of the name of a host, a VF, a group or a migration. */
  readonly text: string
  /** A state, or empty. */
  readonly state: string
}

export const keyOfRow = (row: FleetRow): string => {
  switch (row._tag) {
    case "Host":
      return `host ${row.host.name}`
    case "Pf":
      return `pf ${row.pf.host} ${row.pf.name}`
    case "Vf":
      return `vf ${row.vf.host} ${row.vf.name}`
  }
}

const wants = ({ state, text }: FleetFilter, vf: Vf): boolean =>
  (state === "" || vf.state === state) &&
  [vf.host, vf.name, `${vf.host}/${vf.name}`, vf.group ?? "", vf.migration ?? ""].some((name) => name.includes(text))

const isOpen = ({ state, text }: FleetFilter): boolean => state === "" && text === ""

/** With a filter only what has a VF that it wants; without one everything, also hosts that have nothing. */
export const fleetRows = ({ hosts, pfs, vfs }: Known, filter: FleetFilter): ReadonlyArray<FleetRow> => {
  const shown = Arr.groupBy(
    vfs.filter((vf) => wants(filter, vf)),
    ({ host, pf }) => `${host} ${pf}`
  )
  return hosts.flatMap((host): ReadonlyArray<FleetRow> => {
    const below = pfs
      .filter((pf) => pf.host === host.name)
      .flatMap((pf): ReadonlyArray<FleetRow> => {
        const own = shown[`${host.name} ${pf.name}`] ?? []
        if (own.length === 0 && !isOpen(filter)) return []
        return [{ _tag: "Pf", pf }, ...own.map((vf) => ({ _tag: "Vf" as const, vf }))]
      })
    return below.length === 0 && !isOpen(filter) ? [] : [{ _tag: "Host", host }, ...below]
  })
}
