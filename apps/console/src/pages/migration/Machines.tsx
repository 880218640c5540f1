/** Both devices of a migration side by side, as they move. Of a group with several devices somebody chooses which pair. */
import { ends, type Migration } from "@stopcopy/coordinator-api"
import { useMemo, useState } from "react"
import { DeviceTrack } from "../../devices/DeviceTrack.ts"
import { pathOf, type Side } from "../../devices/path.ts"
import type { DeviceState } from "../../devices/states.ts"
import { useSession } from "../../session/context.ts"
import { useStore } from "../../store/useStore.ts"
import { StateMachine } from "./StateMachine.tsx"

const titles: Readonly<Record<Side, string>> = { source: "Source", destination: "Destination" }

interface DeviceProps {
  readonly migration: Migration
  readonly side: Side
  readonly host: string
  readonly device: string
}

/** With a state that is not recorded yet behind the way that is. */
const withCurrent = (path: ReadonlyArray<DeviceState>, current: DeviceState): ReadonlyArray<DeviceState> => {
  const last = path.lastIndexOf(current)
  if (last === -1) return [...path, current]
  return path.slice(0, last + 1)
}

const Device = ({ device, host, migration, side }: DeviceProps) => {
  const { live, resources } = useSession()
  const track = useMemo(() => new DeviceTrack(live, host, device), [live, host, device])
  const shown = useStore(track)
  const vfs = useStore(resources.vfs)
  const path = pathOf(migration, side)
  const known = vfs._tag === "Ready" ? vfs.value.find((vf) => vf.host === host && vf.name === device)?.state : undefined
  const hasEnded = ends.includes(migration.phase)
  // What the device does after the migration is no part of it.
  const settled = hasEnded ? path.at(-1) : known
  const current = shown ?? settled ?? path.at(-1) ?? "RUNNING"
  return (
    <StateMachine
      side={titles[side]}
      device={`${host}/${device}`}
      current={current}
      path={hasEnded && shown === undefined ? path : withCurrent(path, current)}
    />
  )
}

export const Machines = ({ migration }: { readonly migration: Migration }) => {
  const { from, moves, to } = migration
  const [chosen, setChosen] = useState(0)
  const move = moves[chosen] ?? moves[0]
  if (move === undefined) return null
  return (
    <section aria-label="Devices" className="machines">
      {moves.length > 1 && (
        <label className="field machines-choice">
          <span>Device of the group</span>
          <select value={chosen} onChange={(event) => setChosen(Number(event.target.value))}>
            {moves.map(({ destination, source }, index) => (
              <option key={source} value={index}>
                {source} → {destination}
              </option>
            ))}
          </select>
        </label>
      )}
      <Device key={`source ${move.source}`} migration={migration} side="source" host={from} device={move.source} />
      <Device
        key={`destination ${move.destination}`}
        migration={migration}
        side="destination"
        host={to}
        device={move.destination}
      />
    </section>
  )
}
