/** What ended over time, as a picture, and the same as a table for who does not see it. */
import type { Summary } from "@stopcopy/coordinator-api"
import { lazy, Suspense } from "react"
import { millisText, timeText } from "../../text/units.ts"
import { Boundary } from "../../ui/Boundary.tsx"
import { Table } from "../../ui/Table.tsx"
import { outcomes } from "./stacked.ts"

const Picture = lazy(() =>
  import("./OverTimePicture.tsx").then(({ OverTimePicture }) => ({ default: OverTimePicture }))
)

const Legend = () => (
  <ul className="legend" aria-hidden="true">
    {outcomes.map((outcome) => (
      <li key={outcome}>
        <span className={`legend-dot legend-${outcome}`} />
        {outcome}
      </li>
    ))}
  </ul>
)

export const OverTime = ({ summary }: { readonly summary: Summary }) => (
  <section className="card" aria-labelledby="time-title">
    <div className="card-head">
      <h2 id="time-title">Ended over time</h2>
      <span className="quiet">each bar is {millisText(summary.periodMillis)}</span>
      <Legend />
    </div>
    <Boundary what="The picture">
      <Suspense fallback={<div className="over-time" />}>
        <Picture summary={summary} />
      </Suspense>
    </Boundary>
    <div className="unseen">
      <Table
        caption="Ended over time"
        rows={summary.periods}
        keyOf={({ at }) => String(at)}
        columns={[
          { id: "at", title: "From", cell: ({ at }) => timeText(at) },
          ...outcomes.map((outcome) => ({
            id: outcome,
            title: outcome,
            numeric: true,
            cell: (period: Summary["periods"][number]) => period[outcome]
          }))
        ]}
      />
    </div>
  </section>
)
