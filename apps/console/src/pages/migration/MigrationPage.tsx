/** One migration: live while it goes, and everything that is known of it afterwards. */
import { ends, type Migration } from "@stopcopy/coordinator-api"
import { useEffect } from "react"
import { Link } from "wouter"
import { announce } from "../../layout/announce.ts"
import { Page } from "../../layout/Page.tsx"
import { useSession } from "../../session/context.ts"
import { useStore } from "../../store/useStore.ts"
import { travelAddress } from "../../text/addresses.ts"
import { Open } from "../../ui/Open.tsx"
import { PhaseBadge } from "../../ui/PhaseBadge.tsx"
import { Shown } from "../../ui/Shown.tsx"
import { CancelDialog } from "./CancelDialog.tsx"
import { Doubts } from "./Doubts.tsx"
import { DowntimeSplit } from "./DowntimeSplit.tsx"
import { Events } from "./Events.tsx"
import { Facts } from "./Facts.tsx"
import { Machines } from "./Machines.tsx"
import { Phases } from "./Phases.tsx"
import { Verdict } from "./Verdict.tsx"

const noCancel = ({ committed, phase }: Migration): string | undefined => {
  if (ends.includes(phase)) return "it has ended"
  if (committed) return "it is committed: there is no way back"
  return phase === "cancelling" ? "it is being cancelled" : undefined
}

const Actions = ({ migration }: { readonly migration: Migration }) => (
  <>
    <Link className="button" href={travelAddress(migration.id)}>
      Time travel
    </Link>
    {!ends.includes(migration.phase) && (
      <Open
        kind="danger"
        disabledBecause={noCancel(migration)}
        dialog={(close) => <CancelDialog migration={migration} onClose={close} />}
      >
        Cancel …
      </Open>
    )}
  </>
)

const Way = ({ evacuation, from, group, moves, to }: Migration) => (
  <p className="way">
    <strong>{group === "" ? "A group" : group}</strong> from <strong>{from}</strong> to <strong>{to}</strong>
    <span className="quiet">
      {" "}
      · {moves.map(({ destination, source }) => `${source} → ${destination}`).join(", ")}
      {evacuation === null ? "" : ` · part of evacuation ${evacuation}`}
    </span>
  </p>
)

const View = ({ migration }: { readonly migration: Migration }) => {
  const { id, phase } = migration
  useEffect(() => announce(`Migration ${id}: ${phase}`), [id, phase])
  return (
    <>
      <Way {...migration} />
      <Phases migration={migration} />
      <Verdict migration={migration} />
      <Doubts migration={migration} />
      <Facts migration={migration} />
      <Machines migration={migration} />
      <DowntimeSplit migration={migration} />
      <Events id={id} />
    </>
  )
}

export const MigrationPage = ({ id }: { readonly id: string }) => {
  const resource = useSession().resources.migration(id)
  const loaded = useStore(resource)
  const found = loaded._tag === "Ready" ? loaded.value : undefined
  return (
    <Page
      title={id}
      above={<Link href="/migrations">Migrations</Link>}
      aside={found === undefined ? undefined : <PhaseBadge {...found} />}
      actions={found === undefined ? undefined : <Actions migration={found} />}
    >
      <Shown of={resource} what="the migration">
        {(migration) => <View migration={migration} />}
      </Shown>
    </Page>
  )
}
