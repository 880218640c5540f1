/** Migrations that have not ended. */
import { Link } from "wouter"
import { useSession } from "../../session/context.ts"
import { migrationAddress } from "../../text/addresses.ts"
import { agoText } from "../../text/units.ts"
import { now } from "../../store/now.ts"
import { useStore } from "../../store/useStore.ts"
import { Empty } from "../../ui/Empty.tsx"
import { PhaseBadge } from "../../ui/PhaseBadge.tsx"
import { Shown } from "../../ui/Shown.tsx"
import { Table } from "../../ui/Table.tsx"

/** So many are shown here; the rest are on their own page. */
const shown = 8

export const UnderWay = () => {
  const { resources } = useSession()
  const time = useStore(now)
  return (
    <section className="card" aria-labelledby="under-way-title">
      <div className="card-head">
        <h2 id="under-way-title">Under way</h2>
        <span className="card-actions">
          <Link href="/migrations">All migrations</Link>
        </span>
      </div>
      <Shown of={resources.migrations({ live: true, count: shown })} what="migrations">
        {({ hasMore, migrations }) =>
          migrations.length === 0 ? (
            <Empty title="No migration is under way" />
          ) : (
            <>
              <Table
                caption="Migrations under way"
                rows={migrations}
                keyOf={({ id }) => id}
                columns={[
                  {
                    id: "id",
                    title: "Migration",
                    cell: ({ id }) => (
                      <Link className="mono" href={migrationAddress(id)}>
                        {id}
                      </Link>
                    )
                  },
                  { id: "group", title: "Group", cell: ({ group }) => group },
                  {
                    id: "way",
                    title: "From and to",
                    cell: ({ from, to }) => `${from} → ${to}`
                  },
                  { id: "phase", title: "Phase", cell: (one) => <PhaseBadge {...one} /> },
                  { id: "queued", title: "Queued", cell: ({ queuedAt }) => agoText(queuedAt, time) }
                ]}
              />
              {hasMore && <p className="quiet">And more.</p>}
            </>
          )
        }
      </Shown>
    </section>
  )
}
