/** The fields of a migration block as a tree: names, values, what they mean. */
import { type KeyboardEvent, memo, useCallback, useState } from "react"
import { type BlockRow, type Lit, litRow } from "./BlockRows.ts"
import { keyStep, VirtualRows } from "./VirtualRows.tsx"

/** Of a line, in pixels. */
const lineHeight = 22

interface FieldProps {
  readonly row: BlockRow
  readonly index: number
  readonly isLit: boolean
  readonly isActive: boolean
  readonly onPoint: (lit: Lit | undefined) => void
  readonly onPress: (row: BlockRow, index: number) => void
  readonly onToggle: (row: BlockRow) => void
}

const Field = memo(({ index, isActive, isLit, onPoint, onPress, onToggle, row }: FieldProps) => (
  <div
    id={`block-${index}`}
    role="treeitem"
    aria-level={row.depth + 1}
    aria-expanded={row.isOpen}
    aria-selected={isLit}
    className={`travel-node${isLit ? " travel-lit" : ""}${isActive ? " travel-node-active" : ""}`}
    style={{ paddingLeft: `${row.depth * 0.75 + 0.25}rem` }}
    onMouseEnter={() => onPoint(litRow(row))}
    onClick={() => onPress(row, index)}
  >
    <span
      className="travel-twist"
      aria-hidden="true"
      onClick={(event) => {
        event.stopPropagation()
        onToggle(row)
      }}
    >
      {row.isOpen === undefined ? "" : row.isOpen ? "▾" : "▸"}
    </span>
    <span className="travel-node-name">{row.name}</span>
    <span className="travel-node-text">{row.value}</span>
    <span className="travel-node-note quiet">{row.note}</span>
  </div>
))

interface BlockTreeProps {
  readonly rows: ReadonlyArray<BlockRow>
  readonly lit: Lit | undefined
  readonly onPoint: (lit: Lit | undefined) => void
  readonly onChoose: (lit: Lit) => void
  readonly onToggle: (row: BlockRow) => void
}

export const BlockTree = ({ lit, onChoose, onPoint, onToggle, rows }: BlockTreeProps) => {
  const [active, setActive] = useState(0)
  const onPress = useCallback(
    (row: BlockRow, index: number) => {
      setActive(index)
      onChoose(litRow(row))
    },
    [onChoose]
  )
  const onKeyDown = (event: KeyboardEvent, pageLines: number) => {
    const by = keyStep(event.key, pageLines)
    const row = rows[active]
    if (by !== undefined) {
      const next = Math.max(0, Math.min(rows.length - 1, active + by))
      const to = rows[next]
      if (to !== undefined) onPress(to, next)
    } else if (row !== undefined && event.key === "ArrowRight" && row.isOpen === false) onToggle(row)
    else if (row !== undefined && event.key === "ArrowLeft" && row.isOpen === true) onToggle(row)
    else return
    event.preventDefault()
  }
  const litIndex = lit?.from === "bytes" ? rows.findIndex(({ path }) => path === lit.path) : -1
  return (
    <VirtualRows
      count={rows.length}
      height={lineHeight}
      label="Fields of the block"
      role="tree"
      activeId={rows[active] === undefined ? undefined : `block-${active}`}
      current={litIndex >= 0 ? litIndex : active}
      row={(index) => {
        const row = rows[index]
        return row === undefined ? null : (
          <Field
            key={row.path}
            row={row}
            index={index}
            isLit={row.path === lit?.path}
            isActive={index === active}
            onPoint={onPoint}
            onPress={onPress}
            onToggle={onToggle}
          />
        )
      }}
      onKeyDown={onKeyDown}
      onLeave={() => onPoint(undefined)}
    />
  )
}
