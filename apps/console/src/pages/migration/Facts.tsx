/** Figures of a migration: how far it is, what it moved, what it may take. */
import { ends, type Migration } from "@stopcopy/coordinator-api"
import type { ReactNode } from "react"
import { now } from "../../store/now.ts"
import { useStore } from "../../store/useStore.ts"
import { bytesText, microsText, millisText, plural, timeText } from "../../text/units.ts"

const Fact = ({ children, title }: { readonly title: string; readonly children: ReactNode }) => (
  <div className="fact">
    <dt>{title}</dt>
    <dd>{children}</dd>
  </div>
)

/** The forecast beside what is allowed. */
const Budget = ({ downtimeLimitMillis, forecast }: Migration) => {
  const limit = forecast?.limitMillis ?? downtimeLimitMillis
  if (forecast === null) return <Fact title="Downtime forecast">none yet</Fact>
  const share = limit === 0 ? 0 : forecast.micros / (limit * 1000)
  return (
    <Fact title="Downtime forecast">
      {microsText(forecast.micros)}
      <span className="budget" aria-hidden="true">
        <span
          className={share > 1 ? "budget-used budget-over" : "budget-used"}
          style={{ width: `${Math.min(100, share * 100)}%` }}
        />
      </span>
      <span className="fact-more">
        {Math.round(share * 100)} % of the budget, from {plural(forecast.samples, "migration")}
      </span>
    </Fact>
  )
}

export const Facts = ({ migration }: { readonly migration: Migration }) => {
  const time = useStore(now)
  const { attempt, bytes, downtimeLimitMillis, endedAt, moves, priority, queuedAt } = migration
  const isOver = ends.includes(migration.phase)
  return (
    <dl className="facts">
      <Fact title={isOver ? "Took" : "Since"}>
        {millisText(Math.max(0, (endedAt ?? time) - queuedAt))}
        <span className="fact-more">queued {timeText(queuedAt)}</span>
      </Fact>
      <Fact title="Migration data">
        {bytesText(bytes)}
        <span className="fact-more">of {plural(moves.length, "device")}</span>
      </Fact>
      <Budget {...migration} />
      <Fact title="Downtime budget">
        {downtimeLimitMillis === 0 ? "as it was then" : millisText(downtimeLimitMillis)}
      </Fact>
      <Fact title="Attempt">
        {attempt}
        {!isOver && <span className="fact-more">priority {priority}</span>}
      </Fact>
    </dl>
  )
}
