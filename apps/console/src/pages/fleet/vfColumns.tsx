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

export const vfColumns = (vfs: ReadonlyArray<Vf>): ReadonlyArray<Column<{ readonly vf: Vf }>> => [
  { id: "name", title: "VF", cell: ({ vf }) => <span className="mono vf-name">{vf.name}</span> },
  { id: "state", title: "State", cell: ({ vf }) => <Badge tone={deviceTone(vf.state)}>{vf.state}</Badge> },
  { id: "group", title: "Group", cell: ({ vf }) => vf.group ?? <span className="quiet">none</span> },
  {
    id: "guest",
    title: "VMM",
    cell: ({ vf }) => (vf.attached ? "attached" : <span className="quiet">none</span>)
  },
  { id: "driver", title: "Driver", cell: ({ vf }) => <span className="quiet">{vf.lifecycle}</span> },
  {
    id: "epoch",
    title: "Epoch",
    cell: ({ vf: { epoch, standing } }) => (
      <>
        {epoch} <span className="quiet">{standing}</span>
      </>
    )
  },
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
