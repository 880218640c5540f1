/** The columns of the list of VFs. */
import type { Vf } from "@stopcopy/coordinator-api"
import { Link } from "wouter"
import { migrationAddress } from "../../text/addresses.ts"
import { deviceTone } from "../../text/tones.ts"
import { Badge } from "../../ui/Badge.tsx"
import { Open } from "../../ui/Open.tsx"
import type { Column } from "../../ui/Table.tsx"
import { MigrateDialog } from "./MigrateDialog.tsx"
import { groupOf } from "./request.ts"

const noMigration = ({ lifecycle, migration, standing }: Vf): string | undefined => {
  if (migration !== null) return `it takes part in ${migration}`
  if (lifecycle === "unbound") return "no driver has it"
  return standing === "held" ? undefined : "its guest is elsewhere"
}

const guest = ({ attached, lifecycle, standing }: Vf): string => {
  if (lifecycle === "unbound") return "unbound"
  if (attached) return "attached"
  return standing === "held" ? lifecycle : standing
}

export const vfColumns = (vfs: ReadonlyArray<Vf>): ReadonlyArray<Column<{ readonly vf: Vf }>> => [
  { id: "name", title: "VF", cell: ({ vf }) => <span className="mono vf-name">{vf.name}</span> },
  { id: "state", title: "State", cell: ({ vf }) => <Badge tone={deviceTone(vf.state)}>{vf.state}</Badge> },
  { id: "group", title: "Group", cell: ({ vf }) => vf.group ?? <span className="quiet">none</span> },
  { id: "guest", title: "Guest", cell: ({ vf }) => <span className="quiet">{guest(vf)}</span> },
  { id: "epoch", title: "Epoch", numeric: true, cell: ({ vf }) => vf.epoch },
  {
    id: "migration",
    title: "Migration",
    cell: ({ vf: { migration } }) =>
      migration === null ? null : (
        <Link className="mono" href={migrationAddress(migration)}>
          {migration}
        </Link>
      )
  },
  {
    id: "do",
    title: "",
    cell: ({ vf }) => (
      <Open
        kind="quiet"
        label={`Migrate ${vf.host}/${vf.name}`}
        disabledBecause={noMigration(vf)}
        dialog={(close) => <MigrateDialog from={vf.host} devices={groupOf(vfs, vf)} onClose={close} />}
      >
        Migrate …
      </Open>
    )
  }
]
