/** Why migrations did not complete, the most frequent reason first. */
import type { Summary } from "@stopcopy/coordinator-api"
import { Link } from "wouter"
import { migrationAddress } from "../../text/addresses.ts"
import { phaseTone } from "../../text/tones.ts"
import { Badge } from "../../ui/Badge.tsx"
import { Empty } from "../../ui/Empty.tsx"
import { Table } from "../../ui/Table.tsx"

export const Reasons = ({ summary: { reasons, since } }: { readonly summary: Summary }) => (
  <section className="card" aria-labelledby="reasons-title">
    <h2 id="reasons-title">What did not complete, and why</h2>
    {reasons.length === 0 ? (
      <Empty title={since === null ? "No migration has ended yet" : "Everything that ended completed"} />
    ) : (
      <Table
        caption="Reasons"
        rows={reasons}
        keyOf={({ last }) => last}
        columns={[
          {
            id: "outcome",
            title: "Outcome",
            cell: ({ outcome }) => <Badge tone={phaseTone(outcome)}>{outcome}</Badge>
          },
          { id: "reason", title: "Reason", cell: ({ reason }) => (reason === "" ? "no reason was given" : reason) },
          { id: "count", title: "Times", numeric: true, cell: ({ count }) => count },
          {
            id: "last",
            title: "Last",
            cell: ({ last }) => (
              <Link className="mono" href={migrationAddress(last)}>
                {last}
              </Link>
            )
          }
        ]}
      />
    )}
  </section>
)
