/** The buttons of the timeline: steps, failures, play, marks; and where the cursor is, in words. */
import { useEffect, useState } from "react"
import { Button } from "../ui/Button.tsx"
import { useTravelling, useView } from "./context.ts"
import { Icon } from "./Icon.tsx"
import { clockText, placeText, spanText } from "./Place.ts"
import type { Travelling } from "./Travelling.ts"

/** Events in a second. */
const speeds = [2, 10, 50] as const

/** The next failure from a place on, in one direction; undefined: there is none. */
const failureFrom = ({ journey: { chronicle } }: Travelling, from: number, step: 1 | -1): number | undefined => {
  for (let place = from + step; place >= 0 && place < chronicle.count; place += step) {
    if (chronicle.failing[place] === 1) return place
  }
  return undefined
}

/** Steps on by itself, up to the last event. */
const usePlaying = (travelling: Travelling, isPlaying: boolean, speed: number, onEnd: () => void): void => {
  useEffect(() => {
    if (!isPlaying) return undefined
    const timer = setInterval(() => {
      const before = travelling.view.get().cursor
      travelling.step(1)
      if (travelling.view.get().cursor === before) onEnd()
    }, 1000 / speed)
    return () => clearInterval(timer)
  }, [travelling, isPlaying, speed, onEnd])
}

const Where = () => {
  const { journey } = useTravelling()
  const { cursor } = useView()
  const { chronicle } = journey
  const moment = chronicle.moments[cursor]
  const first = chronicle.times[0] ?? 0
  return (
    <p className="travel-where" aria-live="off">
      <strong>{placeText(chronicle, cursor)}</strong>
      <span className="travel-where-type">{moment?.envelope.type ?? "before the first event"}</span>
      {moment !== undefined && (
        <span className="quiet numeric">
          {clockText(moment.envelope.time)} UTC · +{spanText(moment.envelope.time - first)} · {cursor + 1} of{" "}
          {chronicle.count}
        </span>
      )}
    </p>
  )
}

const FailureButton = ({ step }: { readonly step: 1 | -1 }) => {
  const travelling = useTravelling()
  const { cursor } = useView()
  const to = failureFrom(travelling, cursor, step)
  const title = step === 1 ? "Next failure" : "Previous failure"
  return (
    <Button
      kind="quiet"
      label={title}
      disabledBecause={to === undefined ? `no failure is ${step === 1 ? "after" : "before"} this event` : undefined}
      onPress={() => to !== undefined && travelling.jump({ cursor: to })}
    >
      <Icon name={step === 1 ? "nextFailure" : "previousFailure"} />
    </Button>
  )
}

const Marks = () => {
  const { jump } = useTravelling()
  const { cursor, markA, markB } = useView()
  return (
    <span className="travel-group">
      <Button kind="quiet" label="Set mark A here" onPress={() => jump({ markA: cursor, panel: "changes" })}>
        Mark A
      </Button>
      <Button kind="quiet" label="Set mark B here" onPress={() => jump({ markB: cursor, panel: "changes" })}>
        Mark B
      </Button>
      {(markA !== undefined || markB !== undefined) && (
        <Button kind="quiet" onPress={() => jump({ markA: undefined, markB: undefined })}>
          Clear marks
        </Button>
      )}
    </span>
  )
}

export const Transport = () => {
  const travelling = useTravelling()
  const [isPlaying, setPlaying] = useState(false)
  const [speed, setSpeed] = useState<number>(speeds[1])
  const [stop] = useState(() => () => setPlaying(false))
  usePlaying(travelling, isPlaying, speed, stop)
  return (
    <div className="travel-transport">
      <span className="travel-group">
        <Button kind="quiet" label="Before the first event" onPress={() => travelling.jump({ cursor: -1 })}>
          <Icon name="first" />
        </Button>
        <Button kind="quiet" label="Previous event" onPress={() => travelling.step(-1)}>
          <Icon name="back" />
        </Button>
        <Button kind="quiet" label={isPlaying ? "Pause" : "Play"} onPress={() => setPlaying(!isPlaying)}>
          <Icon name={isPlaying ? "pause" : "play"} />
        </Button>
        <Button kind="quiet" label="Next event" onPress={() => travelling.step(1)}>
          <Icon name="forward" />
        </Button>
        <Button
          kind="quiet"
          label="Last event"
          onPress={() => travelling.jump({ cursor: travelling.journey.chronicle.count - 1 })}
        >
          <Icon name="last" />
        </Button>
        <FailureButton step={-1} />
        <FailureButton step={1} />
        <label className="travel-speed">
          <span className="unseen">Events in a second while playing</span>
          <select value={speed} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
            {speeds.map((each) => (
              <option key={each} value={each}>
                {each}/s
              </option>
            ))}
          </select>
        </label>
      </span>
      <Where />
      <Marks />
    </div>
  )
}
