/** Why the event at the cursor happened and what it led to, as a graph of events that can be gone to. */
import { memo, useEffect, useMemo, useRef } from "react"
import { Empty } from "../ui/Empty.tsx"
import { type CauseGraph, causeGraph, type CauseNode } from "./Causes.ts"
import { useTravelling, useView } from "./context.ts"
import { placeText } from "./Place.ts"

/** Of an event in the picture, and what is between two, in pixels. */
const box = { width: 172, height: 46, gapX: 36, gapY: 12 } as const

interface Placed {
  readonly x: number
  readonly y: number
}

const placedIn = ({ nodes }: CauseGraph): ((node: CauseNode) => Placed) => {
  const first = Math.min(0, ...nodes.map(({ layer }) => layer))
  return ({ layer, row }) => ({ x: (layer - first) * (box.width + box.gapX), y: row * (box.height + box.gapY) })
}

/** A curve from the right side of one box to the left side of another. */
const curve = (from: Placed, to: Placed): string => {
  const [x, y] = [from.x + box.width, from.y + box.height / 2]
  const [toX, toY] = [to.x, to.y + box.height / 2]
  const middle = (x + toX) / 2
  return `M${x} ${y}C${middle} ${y} ${middle} ${toY} ${toX} ${toY}`
}

const Event = ({ at, node }: { readonly node: CauseNode; readonly at: Placed }) => {
  const travelling = useTravelling()
  const { chronicle } = travelling.journey
  const moment = chronicle.moments[node.place]
  if (moment === undefined) return null
  const isSelf = node.layer === 0
  const source = chronicle.sourceOf[node.place] ?? 0
  return (
    <li>
      <button
        type="button"
        className={`travel-cause${isSelf ? " travel-cause-self" : ""}${chronicle.failing[node.place] === 1 ? " travel-cause-failing" : ""}`}
        style={{ left: at.x, top: at.y, width: box.width, height: box.height }}
        aria-current={isSelf}
        onClick={() => travelling.jump({ cursor: node.place })}
      >
        <span className="travel-cause-type">{moment.envelope.type}</span>
        <span className="travel-cause-place quiet">
          <i className={`travel-dot travel-dot-${source % 4}`} aria-hidden="true" />
          {placeText(chronicle, node.place)} {moment.envelope.stream}
          {node.hidden > 0 ? ` +${node.hidden}` : ""}
        </span>
      </button>
    </li>
  )
}

const Picture = memo(({ graph }: { readonly graph: CauseGraph }) => {
  const frame = useRef<HTMLDivElement>(null)
  const placed = useMemo(() => placedIn(graph), [graph])
  const places = graph.nodes.map(placed)
  const width = Math.max(...places.map(({ x }) => x)) + box.width
  const height = Math.max(...places.map(({ y }) => y)) + box.height
  const self = graph.nodes.find(({ layer }) => layer === 0)
  useEffect(() => {
    if (frame.current !== null && self !== undefined) frame.current.scrollLeft = placed(self).x - 40
  }, [placed, self])
  return (
    <div ref={frame} className="travel-causes" tabIndex={0} role="group" aria-label="Causes and effects">
      <div className="travel-causes-all" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {graph.edges.map(({ from, to }) => (
            <path
              key={`${from.place} ${to.place}`}
              className={`travel-edge${to.layer <= 0 ? " travel-edge-cause" : ""}`}
              d={curve(placed(from), placed(to))}
            />
          ))}
        </svg>
        <ul aria-label="Causes first, then the event, then what it led to">
          {graph.nodes.map((node) => (
            <Event key={node.place} node={node} at={placed(node)} />
          ))}
        </ul>
      </div>
    </div>
  )
})

const causesText = ({ earlier, isCutOff, nodes }: CauseGraph): string => {
  const causes = nodes.filter(({ layer }) => layer < 0).length + earlier
  if (isCutOff) return "The chain of causes goes on in a journal that is not in this bundle."
  if (causes === 0) return "Nothing in the journals led to it: the command came from outside."
  return `${causes} event${causes === 1 ? "" : "s"} led to it, one after the other${earlier > 0 ? `; the first ${earlier} are not drawn` : ""}.`
}

export const CausesPanel = () => {
  const { chronicle } = useTravelling().journey
  const { cursor } = useView()
  const graph = useMemo(() => causeGraph(chronicle, cursor), [chronicle, cursor])
  if (cursor < 0) return <Empty title="This is the moment before the first event" />
  const effects = chronicle.effectsOf(cursor).length
  return (
    <section className="travel-section travel-section-causes">
      <h2>Causes and effects of {placeText(chronicle, cursor)}</h2>
      <p className="quiet">
        {causesText(graph)}{" "}
        {effects === 0 ? "It led to nothing." : `It led to ${effects} event${effects === 1 ? "" : "s"}.`}
      </p>
      <Picture graph={graph} />
    </section>
  )
}
