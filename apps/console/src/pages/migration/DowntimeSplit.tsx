/** How long the guest stood still, as one bar by cause, and the same as a table. */
import type { Migration } from "@stopcopy/coordinator-api"
import { microsText, millisText, plural } from "../../text/units.ts"
import { Badge } from "../../ui/Badge.tsx"
import { Table } from "../../ui/Table.tsx"
import { partsOf } from "./split.ts"

const forecastText = ({ forecast }: Migration): string =>
  forecast === null
    ? "There was no history to make a forecast from."
    : `The forecast was ${microsText(forecast.micros)}, from ${plural(forecast.samples, "migration")}.`

export const DowntimeSplit = ({ migration }: { readonly migration: Migration }) => {
  const { downtime, downtimeLimitMillis } = migration
  if (downtime === null) return null
  const parts = partsOf(downtime)
  const isWithin = downtimeLimitMillis === 0 || downtime.whole <= downtimeLimitMillis * 1000
  return (
    <section className="card" aria-labelledby="downtime-title">
      <div className="card-head">
        <h2 id="downtime-title">Downtime {microsText(downtime.whole)}</h2>
        {downtimeLimitMillis > 0 && (
          <Badge tone={isWithin ? "good" : "bad"}>
            {`${isWithin ? "within" : "over"} the limit of ${millisText(downtimeLimitMillis)}`}
          </Badge>
        )}
        <span className="quiet">{forecastText(migration)}</span>
      </div>
      <div className="split" aria-hidden="true">
        {parts
          .filter(({ micros }) => micros > 0)
          .map(({ cause, colour, micros, share }) => (
            <span
              key={cause}
              className={`split-part part-${colour}`}
              style={{ flexGrow: share }}
              title={`${cause}: ${microsText(micros)}`}
            />
          ))}
      </div>
      <Table
        caption="Downtime by cause"
        rows={parts}
        keyOf={({ cause }) => cause}
        columns={[
          {
            id: "cause",
            title: "Cause",
            cell: ({ cause, colour }) => (
              <span className="split-cause">
                <span className={`split-dot part-${colour}`} aria-hidden="true" />
                {cause}
              </span>
            )
          },
          { id: "took", title: "Took", numeric: true, cell: ({ micros }) => microsText(micros) },
          { id: "share", title: "Share", numeric: true, cell: ({ share }) => `${(share * 100).toFixed(1)} %` },
          { id: "means", title: "Meanwhile", cell: (part) => <span className="quiet">{part.means}</span> }
        ]}
      />
    </section>
  )
}
