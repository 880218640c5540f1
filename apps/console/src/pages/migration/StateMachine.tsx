/** The state machine of one device as a picture, with the way it went, and the same in words. */
import { arcs, box, type DeviceState, isTaken, lineOf, picture, stateNames, states } from "../../devices/states.ts"

interface StateMachineProps {
  /** `Source`, `Destination`. */
  readonly side: string
  /** Its host and name. */
  readonly device: string
  readonly current: DeviceState
  /** From the first state on. */
  readonly path: ReadonlyArray<DeviceState>
}

interface ArcProps extends Pick<StateMachineProps, "path" | "side"> {
  readonly arc: (typeof arcs)[number]
}

const Arc = ({ arc: { both, from, to }, path, side }: ArcProps) => {
  const taken = isTaken(path, from, to)
  const head = `url(#${taken ? "arrow-taken" : "arrow"}-${side})`
  return (
    <line
      {...lineOf(from, to)}
      className={taken ? "arc arc-taken" : "arc"}
      markerEnd={head}
      {...(both ? { markerStart: head } : {})}
    />
  )
}

const classOf = (state: DeviceState, { current, path }: StateMachineProps): string => {
  if (state === current) return "state state-current"
  return path.includes(state) ? "state state-visited" : "state"
}

const Arrow = ({ id, name }: { readonly id: string; readonly name: string }) => (
  <marker
    id={id}
    viewBox="0 0 8 8"
    refX="6.5"
    refY="4"
    markerUnits="userSpaceOnUse"
    markerWidth="9"
    markerHeight="9"
    orient="auto-start-reverse"
  >
    <path d="M0 0.5 7 4 0 7.5z" className={name} />
  </marker>
)

const Picture = (props: StateMachineProps) => {
  const { current, path, side } = props
  const shown = current === "ERROR" ? [...stateNames, current] : stateNames
  const at = states[current]
  return (
    <svg className="machine-picture" viewBox={`0 0 ${picture.width} ${picture.height}`} aria-hidden="true">
      <defs>
        <Arrow id={`arrow-${side}`} name="arrow" />
        <Arrow id={`arrow-taken-${side}`} name="arrow arrow-taken" />
      </defs>
      {arcs.map((arc) => (
        <Arc key={`${arc.from} ${arc.to}`} arc={arc} path={path} side={side} />
      ))}
      {shown.map((state) => {
        const { x, y } = states[state]
        return (
          <g key={state} className={classOf(state, props)}>
            <rect x={x - box.width / 2} y={y - box.height / 2} width={box.width} height={box.height} rx="6" />
            <text x={x} y={y}>
              {state}
            </text>
          </g>
        )
      })}
      <rect
        className="machine-here"
        x={-box.width / 2 - 4}
        y={-box.height / 2 - 4}
        width={box.width + 8}
        height={box.height + 8}
        rx="9"
        style={{ transform: `translate(${at.x}px, ${at.y}px)` }}
      />
    </svg>
  )
}

export const StateMachine = (props: StateMachineProps) => {
  const { current, device, path, side } = props
  return (
    <figure className="card machine" data-state={current}>
      <figcaption className="card-head">
        <h3>{side}</h3>
        <span className="mono">{device}</span>
      </figcaption>
      <Picture {...props} />
      <p className="machine-words">
        <strong>{current}</strong> {states[current].means}.
      </p>
      <p className="machine-path quiet">
        <span className="unseen">It went: </span>
        {path.join(" → ")}
      </p>
    </figure>
  )
}
