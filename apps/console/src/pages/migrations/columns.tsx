/** The columns of a list of migrations. */
import type { MigrationSummary } from "@stopcopy/coordinator-api"
import { Link } from "wouter"
import { migrationAddress } from "../../text/addresses.ts"
import { agoText, microsText, millisText, timeText } from "../../text/units.ts"
import { PhaseBadge } from "../../ui/PhaseBadge.tsx"
import type { Column } from "../../ui/Table.tsx"

const downtime = ({ downtimeMicros }: MigrationSummary) => (downtimeMicros === null ? "" : microsText(downtimeMicros))

const took = ({ endedAt, queuedAt }: MigrationSummary, now: number) =>
  millisText(Math.max(0, (endedAt ?? now) - queuedAt))

/** `now`: milliseconds since 1970. */
export const columnsAt = (now: number): ReadonlyArray<Column<MigrationSummary>> => [
  {
    id: "id",
    title: "Migration",
    cell: ({ id }) => (
      <Link className="mono" href={migrationAddress(id)}>
        {id}
      </Link>
    )
  },
  { id: "group", title: "Group", cell: ({ group }) => <span title={group}>{group}</span> },
  {
    id: "way",
    title: "From and to",
    cell: ({ from, moves, to }) => (
      <span title={moves.map(({ destination, source }) => `${source} → ${destination}`).join(", ")}>
        {from} → {to}
      </span>
    )
  },
  { id: "phase", title: "Phase", cell: (one) => <PhaseBadge {...one} /> },
  {
    id: "queued",
    title: "Queued",
    cell: ({ queuedAt }) => <span title={timeText(queuedAt)}>{agoText(queuedAt, now)}</span>
  },
  { id: "took", title: "Took", numeric: true, cell: (one) => took(one, now) },
  { id: "downtime", title: "Downtime", numeric: true, cell: downtime },
  {
    id: "reason",
    title: "Reason",
    cell: ({ verdict }) => <span title={verdict?.reason}>{verdict?.reason ?? ""}</span>
  }
]
