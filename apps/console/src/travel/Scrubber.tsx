/** The timeline of all journals as one picture, with the cursor in it: arrow keys, a pointer, or its buttons move through it. */
import {
  type KeyboardEvent,
  memo,
  type PointerEvent,
  type ReactNode,
  useEffect,
  useMemo,
  useRef,
  useState
} from "react"
import type { Chronicle } from "@stopcopy/debugger"
import { useStore } from "../store/useStore.ts"
import { useTravelling, useView } from "./context.ts"
import { fractionOf, labelled, type Lane, lanesOf, type Milestone, milestonesOf, placeAt } from "./Lanes.ts"
import { clockText, placeText } from "./Place.ts"

/** Heights in the picture, in pixels: a lane, and its bars from the bottom. */
const [laneHeight, barsHeight] = [34, 15]
/** Width of a character of a milestone, in pixels. */
const characterWidth = 5.6

/** One line for each column; a hundred events are twice as high as ten. */
const barsOf = ({ counts }: Lane, isWanted: (column: number) => boolean): string => {
  const most = Math.log(1 + Math.max(1, ...counts))
  return Array.from(counts, (count, column) => {
    if (count === 0 || !isWanted(column)) return ""
    const height = Math.max(3, Math.round((Math.log(1 + count) / most) * barsHeight))
    return `M${column + 0.5} ${laneHeight}v${-height}`
  }).join("")
}

interface LaneProps {
  readonly lane: Lane
  readonly source: number
  readonly labels: ReadonlyArray<Milestone>
  readonly count: number
  readonly width: number
}

const LanePicture = memo(({ count, labels, lane, source, width }: LaneProps) => (
  <svg className="travel-lane-picture" width={width} height={laneHeight} aria-hidden="true">
    <path className={`travel-bars travel-ink-${source % 4}`} d={barsOf(lane, (column) => lane.failing[column] !== 1)} />
    <path className="travel-bars travel-bars-failing" d={barsOf(lane, (column) => lane.failing[column] === 1)} />
    {labels.map(({ place, text }) => {
      const x = fractionOf(place, count) * width
      return (
        <g key={place}>
          <path className="travel-tick" d={`M${x.toFixed(1)} 2v${laneHeight - 2}`} />
          <text className="travel-tick-text" x={x + 3} y={11}>
            {text}
          </text>
        </g>
      )
    })}
  </svg>
))

const Lanes = memo(({ chronicle, width }: { readonly chronicle: Chronicle; readonly width: number }) => {
  const { places } = useStore(useTravelling().listed)
  const milestones = useMemo(() => milestonesOf(chronicle), [chronicle])
  const lanes = useMemo(() => lanesOf(chronicle, places, Math.max(1, width)), [chronicle, places, width])
  return lanes.map((lane, source) => {
    const own = milestones.filter((milestone) => milestone.source === source)
    const labels = labelled(own, chronicle.count, width, characterWidth)
    const key = chronicle.sources[source]?.label
    return <LanePicture key={key} lane={lane} source={source} labels={labels} count={chronicle.count} width={width} />
  })
})

/** The width of an element, as it is. */
const useWidth = (element: { readonly current: HTMLElement | null }): number => {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const observed = element.current
    if (observed === null) return undefined
    const observer = new ResizeObserver(() => setWidth(Math.floor(observed.clientWidth)))
    observer.observe(observed)
    return () => observer.disconnect()
  }, [element])
  return width
}

interface FlagProps {
  readonly place: number | undefined
  readonly count: number
  readonly kind: "cursor" | "a" | "b"
  readonly children?: ReactNode
}

const Flag = ({ children, count, kind, place }: FlagProps) =>
  place === undefined ? null : (
    <span
      className={`travel-flag travel-flag-${kind}`}
      style={{ left: `${fractionOf(place, count) * 100}%` }}
      aria-hidden="true"
    >
      {children}
    </span>
  )

/** What a page key passes over: a fiftieth, ten events at least. */
const pageOf = (count: number): number => Math.max(10, Math.round(count / 50))

/** Where a key leads; undefined: nowhere. */
const keyTarget = (key: string, cursor: number, count: number): number | undefined => {
  switch (key) {
    case "ArrowRight":
    case "ArrowUp":
      return cursor + 1
    case "ArrowLeft":
    case "ArrowDown":
      return cursor - 1
    case "PageUp":
      return cursor + pageOf(count)
    case "PageDown":
      return cursor - pageOf(count)
    case "Home":
      return -1
    case "End":
      return count - 1
    default:
      return undefined
  }
}

const momentText = (chronicle: Chronicle, place: number): string => {
  const moment = chronicle.moments[place]
  if (moment === undefined) return "before the first event"
  const { envelope } = moment
  return `${placeText(chronicle, place)} ${envelope.type} of ${envelope.stream}, ${clockText(envelope.time)}`
}

export const Scrubber = () => {
  const travelling = useTravelling()
  const { cursor, markA, markB } = useView()
  const { chronicle } = travelling.journey
  const { count } = chronicle
  const track = useRef<HTMLDivElement>(null)
  const width = useWidth(track)
  const moveTo = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width: whole } = event.currentTarget.getBoundingClientRect()
    travelling.scrub(placeAt((event.clientX - left) / Math.max(1, whole), count))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.ctrlKey || event.metaKey || event.altKey ? undefined : keyTarget(event.key, cursor, count)
    if (target === undefined) return
    event.preventDefault()
    travelling.scrub(target)
  }
  return (
    <div className="travel-scrubber">
      <div className="travel-lane-names" aria-hidden="true">
        {chronicle.sources.map(({ label }, index) => (
          <span key={label} className="travel-lane-name">
            <i className={`travel-dot travel-dot-${index % 4}`} />
            {label}
          </span>
        ))}
      </div>
      <div
        ref={track}
        className="travel-track"
        role="slider"
        tabIndex={0}
        aria-label="Moment in the timeline"
        aria-valuemin={0}
        aria-valuemax={count}
        aria-valuenow={cursor + 1}
        aria-valuetext={momentText(chronicle, cursor)}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          moveTo(event)
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) moveTo(event)
        }}
      >
        {width > 0 && <Lanes chronicle={chronicle} width={width} />}
        {markA !== undefined && markB !== undefined && (
          <span
            className="travel-between"
            style={{
              left: `${fractionOf(Math.min(markA, markB), count) * 100}%`,
              width: `${Math.abs(fractionOf(markB, count) - fractionOf(markA, count)) * 100}%`
            }}
          />
        )}
        <Flag place={markA} count={count} kind="a">
          A
        </Flag>
        <Flag place={markB} count={count} kind="b">
          B
        </Flag>
        <Flag place={cursor} count={count} kind="cursor" />
      </div>
    </div>
  )
}
