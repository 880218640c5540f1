/** The events that the filter lets through, as one list of any length. */
import { type KeyboardEvent, memo, useCallback } from "react"
import { useStore } from "../store/useStore.ts"
import { useTravelling, useView } from "./context.ts"
import { indexUpTo } from "./Filter.ts"
import { spanText } from "./Place.ts"
import type { Travelling } from "./Travelling.ts"
import { keyStep, VirtualRows } from "./VirtualRows.tsx"

/** Of a line, in pixels. */
const lineHeight = 24

interface EventRowProps {
  readonly travelling: Travelling
  readonly place: number
  readonly isCurrent: boolean
}

const EventRow = memo(({ isCurrent, place, travelling }: EventRowProps) => {
  const { chronicle } = travelling.journey
  const moment = chronicle.moments[place]
  if (moment === undefined) return null
  const source = chronicle.sourceOf[place] ?? 0
  const isFailing = chronicle.failing[place] === 1
  const { stream, time, type } = moment.envelope
  return (
    <div
      id={`event-${place}`}
      role="option"
      aria-selected={isCurrent}
      className={`travel-event${isFailing ? " travel-event-failing" : ""}`}
      onClick={() => travelling.jump({ cursor: place })}
    >
      <i className={`travel-dot travel-dot-${source % 4}`} aria-hidden="true" />
      <span className="unseen">{moment.source.label}</span>
      <span className="travel-event-time numeric">{spanText(time - (chronicle.times[0] ?? 0))}</span>
      <span className="travel-event-type" title={type}>
        {type}
      </span>
      <span className="travel-event-stream quiet" title={stream}>
        {stream}
      </span>
    </div>
  )
})

export const EventList = () => {
  const travelling = useTravelling()
  const { places } = useStore(travelling.listed)
  const { cursor } = useView()
  const current = indexUpTo(places, cursor)
  const isOn = places[current] === cursor
  const row = useCallback(
    (index: number) => {
      const place = places[index] ?? 0
      return <EventRow key={place} travelling={travelling} place={place} isCurrent={place === cursor} />
    },
    [places, travelling, cursor]
  )
  const onKeyDown = useCallback(
    (event: KeyboardEvent, pageLines: number) => {
      const by = keyStep(event.key, pageLines)
      if (by === undefined) return
      event.preventDefault()
      if (Number.isFinite(by)) travelling.step(by)
      else travelling.scrub((by < 0 ? places[0] : places.at(-1)) ?? cursor)
    },
    [travelling, places, cursor]
  )
  return (
    <VirtualRows
      count={places.length}
      height={lineHeight}
      label="Events"
      role="listbox"
      activeId={isOn ? `event-${cursor}` : undefined}
      current={current}
      row={row}
      onKeyDown={onKeyDown}
    />
  )
}
