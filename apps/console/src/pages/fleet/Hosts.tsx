/** Hosts, PFs and VFs as they are now. */
import type { HostSummary, PfSummary, Vf } from "@stopcopy/coordinator-api"
import { useMemo, useState } from "react"
import { stateNames } from "../../devices/states.ts"
import { useSession } from "../../session/context.ts"
import { plural } from "../../text/units.ts"
import { Empty } from "../../ui/Empty.tsx"
import { PageRows } from "../../ui/Rows.tsx"
import { Shown } from "../../ui/Shown.tsx"
import type { Column } from "../../ui/Table.tsx"
import { HostHeading, PfHeading } from "./HostHeading.tsx"
import { type FleetFilter, type FleetRow, fleetRows, keyOfRow } from "./rows.ts"
import { vfColumns } from "./vfColumns.tsx"

/** Pixels. */
const heights: Readonly<Record<FleetRow["_tag"], number>> = { Host: 52, Pf: 44, Vf: 36 }

const heading = (row: FleetRow) => {
  if (row._tag === "Host") return <HostHeading host={row.host} />
  return row._tag === "Pf" ? <PfHeading pf={row.pf} /> : undefined
}

/** The columns of VFs, over rows of all kinds: the others have a heading in their place. */
const columnsOf = (vfs: ReadonlyArray<Vf>): ReadonlyArray<Column<FleetRow>> =>
  vfColumns(vfs).map((column) => ({ ...column, cell: (row) => (row._tag === "Vf" ? column.cell(row) : null) }))

interface ListProps {
  readonly hosts: ReadonlyArray<HostSummary>
  readonly pfs: ReadonlyArray<PfSummary>
  readonly vfs: ReadonlyArray<Vf>
}

const Filter = ({
  filter,
  onChange
}: {
  readonly filter: FleetFilter
  readonly onChange: (filter: FleetFilter) => void
}) => (
  <div className="fields" role="search" aria-label="Filter">
    <label className="field">
      <span>Host, VF, group or migration</span>
      <input
        type="search"
        value={filter.text}
        onChange={(event) => onChange({ ...filter, text: event.target.value })}
      />
    </label>
    <label className="field">
      <span>State</span>
      <select value={filter.state} onChange={(event) => onChange({ ...filter, state: event.target.value })}>
        <option value="">Any</option>
        {[...stateNames, "ERROR"].map((state) => (
          <option key={state}>{state}</option>
        ))}
      </select>
    </label>
  </div>
)

const List = (known: ListProps) => {
  const [filter, setFilter] = useState<FleetFilter>({ text: "", state: "" })
  const { hosts, pfs, vfs } = known
  const rows = useMemo(() => fleetRows({ hosts, pfs, vfs }, filter), [hosts, pfs, vfs, filter])
  const columns = useMemo(() => columnsOf(vfs), [vfs])
  const count = rows.filter(({ _tag }) => _tag === "Vf").length
  return (
    <>
      <Filter filter={filter} onChange={setFilter} />
      <PageRows
        caption="Hosts, PFs and VFs"
        layout="layout-vfs"
        columns={columns}
        rows={rows}
        keyOf={keyOfRow}
        heightOf={({ _tag }) => heights[_tag]}
        headingOf={heading}
      />
      <p className="quiet" role="status">
        {plural(count, "VF")}
        {count === vfs.length ? "" : ` of ${vfs.length}`}
      </p>
    </>
  )
}

const NoHosts = () => (
  <Empty title="No host is registered">
    <p>
      Register one with <code>stopcopy host add NAME ADDRESS</code>, where its agent listens.
    </p>
  </Empty>
)

export const Hosts = () => {
  const { resources } = useSession()
  return (
    <Shown of={resources.hosts} what="hosts">
      {(hosts) =>
        hosts.length === 0 ? (
          <NoHosts />
        ) : (
          <Shown of={resources.pfs} what="PFs">
            {(pfs) => (
              <Shown of={resources.vfs} what="VFs">
                {(vfs) => <List hosts={hosts} pfs={pfs} vfs={vfs} />}
              </Shown>
            )}
          </Shown>
        )
      }
    </Shown>
  )
}
