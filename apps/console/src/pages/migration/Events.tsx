/** What happened, event by event, as it comes. */
import type { Event } from "@stopcopy/coordinator-api"
import { useMemo } from "react"
import { MigrationEvents } from "../../live/MigrationEvents.ts"
import { useSession } from "../../session/context.ts"
import { useStore } from "../../store/useStore.ts"
import { clockText, plural } from "../../text/units.ts"
import { Empty } from "../../ui/Empty.tsx"
import { Loading } from "../../ui/Loading.tsx"
import { FrameRows } from "../../ui/Rows.tsx"
import type { Column } from "../../ui/Table.tsx"
import { eventMillis, eventText, placeText } from "./eventText.ts"

/** Milliseconds with their fraction: events of one switchover are less than that apart. */
const fine = (event: Event): string => {
  const millis = eventMillis(event)
  return `${clockText(millis)}.${String(Math.floor(millis % 1000)).padStart(3, "0")}`
}

const columnsFor = (id: string): ReadonlyArray<Column<Event>> => [
  { id: "sequence", title: "Event", numeric: true, cell: ({ sequence }) => sequence },
  { id: "time", title: "Time", cell: (event) => <span className="mono">{fine(event)}</span> },
  { id: "stream", title: "Where", cell: (event) => <span title={event.stream}>{placeText(event, id)}</span> },
  { id: "type", title: "What", cell: ({ type }) => <strong>{type}</strong> },
  {
    id: "payload",
    title: "With",
    cell: (event) => (
      <span className="mono quiet" title={eventText(event)}>
        {eventText(event)}
      </span>
    )
  }
]

export const Events = ({ id }: { readonly id: string }) => {
  const session = useSession()
  const history = useMemo(() => new MigrationEvents(session, id), [session, id])
  const { events, isReading, problem } = useStore(history)
  // The newest first: what comes is in sight.
  const columns = useMemo(() => columnsFor(id), [id])
  const newest = useMemo(() => events.toReversed(), [events])
  return (
    <section className="card" aria-labelledby="events-title">
      <div className="card-head">
        <h2 id="events-title">Events</h2>
        <span className="quiet">{plural(events.length, "event")}, the newest first</span>
      </div>
      {problem !== undefined && (
        <p className="note note-stale" role="status">
          What happened before this page was opened cannot be read: {problem.message}
        </p>
      )}
      {isReading && events.length === 0 && <Loading what="events" />}
      {!isReading && events.length === 0 && <Empty title="No event yet" />}
      {events.length > 0 && (
        <FrameRows
          caption="Events of the migration"
          layout="layout-events"
          columns={columns}
          rows={newest}
          keyOf={({ sequence }) => String(sequence)}
          heightOf={() => 32}
        />
      )}
    </section>
  )
}
