/** What on a host could move where: a row for each group, a column for each other host, and every reason where it does not fit. */
import type { Compatibility as Unit } from "@stopcopy/coordinator-api"
import * as Arr from "effect/Array"
import { useState } from "react"
import { useSession } from "../../session/context.ts"
import { useStore } from "../../store/useStore.ts"
import { plural } from "../../text/units.ts"
import { Button } from "../../ui/Button.tsx"
import { Dialog } from "../../ui/Dialog.tsx"
import { Empty } from "../../ui/Empty.tsx"
import { Open } from "../../ui/Open.tsx"
import { Refusals } from "../../ui/Refusals.tsx"
import { Shown } from "../../ui/Shown.tsx"
import { Table } from "../../ui/Table.tsx"
import { MigrateDialog } from "./MigrateDialog.tsx"

type Placement = Unit["placements"][number]

const nameOf = ({ devices, group }: Unit): string => group ?? devices.join(", ")

interface CellProps {
  readonly unit: Unit
  readonly from: string
  readonly placement: Placement | undefined
}

const Why = ({ blockers, title }: { readonly title: string; readonly blockers: Unit["blockers"] }) => {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button kind="quiet" label={`${title}: ${plural(blockers.length, "reason")}`} onPress={() => setOpen(true)}>
        <span className="fit-no" aria-hidden="true">
          ✕
        </span>
        {plural(blockers.length, "reason")}
      </Button>
      {open && (
        <Dialog wide title={title} onClose={() => setOpen(false)}>
          <Refusals refusals={blockers} />
        </Dialog>
      )}
    </>
  )
}

const Cell = ({ from, placement, unit }: CellProps) => {
  const name = nameOf(unit)
  if (unit.blockers.length > 0) return <Why title={`${name} can move nowhere`} blockers={unit.blockers} />
  if (placement === undefined) return null
  const { blockers, devices, host } = placement
  const moving = unit.devices
  if (blockers.length > 0) return <Why title={`${name} does not fit on ${host}`} blockers={blockers} />
  if (!Arr.isNonEmptyReadonlyArray(moving)) return null
  return (
    <Open
      kind="quiet"
      label={`${name} fits on ${host}, to ${devices.join(", ")}: migrate`}
      dialog={(close) => <MigrateDialog from={from} devices={moving} to={host} onClose={close} />}
    >
      <span className="fit-yes" aria-hidden="true">
        ✓
      </span>
      <span className="mono">{devices.join(", ")}</span>
    </Open>
  )
}

const Matrix = ({
  from,
  hosts,
  units
}: {
  readonly from: string
  readonly hosts: ReadonlyArray<string>
  readonly units: ReadonlyArray<Unit>
}) => {
  if (units.length === 0) return <Empty title={`Nothing on ${from} could move`} />
  if (hosts.length === 0) return <Empty title="There is no other host" />
  return (
    <Table
      caption={`Where everything on ${from} could move`}
      rows={units}
      keyOf={nameOf}
      columns={[
        {
          id: "unit",
          title: `On ${from}`,
          cell: (unit) => (
            <>
              <strong>{nameOf(unit)}</strong>
              {unit.group !== null && <div className="mono quiet">{unit.devices.join(", ")}</div>}
            </>
          )
        },
        ...hosts.map((host) => ({
          id: host,
          title: `To ${host}`,
          cell: (unit: Unit) => (
            <Cell from={from} unit={unit} placement={unit.placements.find((placement) => placement.host === host)} />
          )
        }))
      ]}
    />
  )
}

export const Compatibility = () => {
  const { resources } = useSession()
  const hosts = useStore(resources.hosts)
  const names = hosts._tag === "Ready" ? hosts.value.map(({ name }) => name) : []
  const [chosen, setChosen] = useState<string>()
  const from = chosen ?? names[0]
  if (from === undefined) return <Empty title="There are no hosts" />
  return (
    <>
      <div className="fields">
        <label className="field">
          <span>From</span>
          <select value={from} onChange={(event) => setChosen(event.target.value)}>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <p className="quiet fields-note">
          Each as if it moved alone, by what hosts said last. A migration asks both hosts afresh before it touches
          anything.
        </p>
      </div>
      <Shown of={resources.compatibility(from)} what={`what could move from ${from}`}>
        {(units) => <Matrix from={from} hosts={names.filter((name) => name !== from)} units={units} />}
      </Shown>
    </>
  )
}
