/** The state of one actor at the cursor as a tree. Choosing a field asks who set it last. */
import type { Standing } from "@stopcopy/debugger"
import { type KeyboardEvent, memo, useCallback, useMemo, useState } from "react"
import { useTravelling, useView } from "./context.ts"
import type { Now } from "./standings.ts"
import { changedPaths, type StateRow, stateRows } from "./StateRows.ts"
import { keyStep, VirtualRows } from "./VirtualRows.tsx"

/** Of a line, in pixels. */
const lineHeight = 22

const classOf = ({ hasChanged }: StateRow, isActive: boolean): string =>
  `travel-node${hasChanged ? " travel-node-changed" : ""}${isActive ? " travel-node-active" : ""}`

const toggled = (open: ReadonlySet<string>, path: string): ReadonlySet<string> => {
  const now = new Set(open)
  if (!now.delete(path)) now.add(path)
  return now
}

interface NodeProps {
  readonly row: StateRow
  readonly index: number
  readonly isActive: boolean
  readonly isChosen: boolean
  readonly onChoose: (row: StateRow, index: number) => void
  readonly onToggle: (row: StateRow, index: number) => void
}

const Node = memo(({ index, isActive, isChosen, onChoose, onToggle, row }: NodeProps) => (
  <div
    id={`state-${index}`}
    role="treeitem"
    aria-level={row.depth + 1}
    aria-expanded={row.isOpen}
    aria-selected={isChosen}
    className={classOf(row, isActive)}
    style={{ paddingLeft: `${row.depth + 0.25}rem` }}
    onClick={() => onChoose(row, index)}
  >
    <span
      className="travel-twist"
      aria-hidden="true"
      onClick={(event) => {
        event.stopPropagation()
        onToggle(row, index)
      }}
    >
      {row.isOpen === undefined ? "" : row.isOpen ? "▾" : "▸"}
    </span>
    <span className="travel-node-name">{row.name}</span>
    <span className="travel-node-text">{row.text}</span>
    {row.hasChanged && <span className="unseen">changed by this event</span>}
  </div>
))

/** What a key does in a tree, beside moving: opens, closes, goes up. Source: the tree pattern of the WAI-ARIA authoring practices. */
const useTreeKeys = (
  rows: ReadonlyArray<StateRow>,
  active: number,
  setActive: (index: number) => void,
  onChoose: (row: StateRow, index: number) => void,
  onToggle: (row: StateRow, index: number) => void
) =>
  useCallback(
    (event: KeyboardEvent, pageLines: number) => {
      const row = rows[active]
      const by = keyStep(event.key, pageLines)
      if (by !== undefined) setActive(Math.max(0, Math.min(rows.length - 1, active + by)))
      else if (row === undefined) return
      else if (event.key === "Enter" || event.key === " ") onChoose(row, active)
      else if (event.key === "ArrowRight" && row.isOpen === false) onToggle(row, active)
      else if (event.key === "ArrowRight" && row.isOpen === true) setActive(Math.min(rows.length - 1, active + 1))
      else if (event.key === "ArrowLeft" && row.isOpen === true) onToggle(row, active)
      else if (event.key === "ArrowLeft") setActive(Math.max(0, parentOf(rows, active)))
      else return
      event.preventDefault()
    },
    [rows, active, setActive, onChoose, onToggle]
  )

const parentOf = (rows: ReadonlyArray<StateRow>, index: number): number => {
  const depth = rows[index]?.depth ?? 0
  return rows.findLastIndex((row, at) => at < index && row.depth < depth)
}

interface StateTreeProps {
  readonly standing: Standing
  readonly changes: Now["changes"]
  readonly label: string
  /** Paths of what is open. */
  readonly open: ReadonlySet<string>
  readonly onOpen: (open: ReadonlySet<string>) => void
}

export const StateTree = ({ changes, label, onOpen, open, standing }: StateTreeProps) => {
  const travelling = useTravelling()
  const { field } = useView()
  const [active, setActive] = useState(0)
  const changed = useMemo(() => changedPaths(changes), [changes])
  const rows = useMemo(() => stateRows(standing, open, changed), [standing, open, changed])
  const onChoose = useCallback(
    ({ path }: StateRow, index: number) => {
      setActive(index)
      travelling.jump({ field: path, panel: "field" })
    },
    [travelling]
  )
  const onToggle = useCallback(
    ({ path }: StateRow, index: number) => {
      setActive(index)
      onOpen(toggled(open, path))
    },
    [open, onOpen]
  )
  const onKeyDown = useTreeKeys(rows, active, setActive, onChoose, onToggle)
  const row = useCallback(
    (index: number) => {
      const shown = rows[index]
      if (shown === undefined) return null
      return (
        <Node
          key={shown.path}
          row={shown}
          index={index}
          isActive={index === active}
          isChosen={shown.path === field}
          onChoose={onChoose}
          onToggle={onToggle}
        />
      )
    },
    [rows, active, field, onChoose, onToggle]
  )
  return (
    <VirtualRows
      count={rows.length}
      height={lineHeight}
      label={label}
      role="tree"
      activeId={rows[active] === undefined ? undefined : `state-${active}`}
      current={Math.min(active, rows.length - 1)}
      row={row}
      onKeyDown={onKeyDown}
    />
  )
}
