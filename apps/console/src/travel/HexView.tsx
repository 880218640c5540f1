/** The bytes of a migration block, sixteen to a line. The bytes of the field that is pointed at are lit; those that changed are marked. */
import { type KeyboardEvent, memo, useState } from "react"
import { byteText, isWithin, letterOf, lineBytes, type Lit, type Range } from "./BlockRows.ts"
import { VirtualRows } from "./VirtualRows.tsx"

/** Of a line, in pixels. */
const lineHeight = 20

interface HexLineProps {
  readonly block: Uint8Array
  readonly before: Uint8Array | undefined
  readonly index: number
  readonly lit: Range | undefined
  readonly active: number
  readonly onPoint: (byte: number | undefined) => void
  readonly onPress: (byte: number) => void
}

const classOf = ({ active, before, block, lit }: HexLineProps, at: number): string => {
  const hasChanged = before !== undefined && before[at] !== block[at]
  const parts = [
    "travel-byte",
    block[at] === 0 ? "travel-byte-zero" : "",
    hasChanged ? "travel-byte-changed" : "",
    isWithin(lit, at) ? "travel-lit" : "",
    at === active ? "travel-byte-active" : ""
  ]
  return parts.filter((part) => part !== "").join(" ")
}

const HexLine = memo((props: HexLineProps) => {
  const { active, block, index, onPoint, onPress } = props
  const start = index * lineBytes
  const bytes = Array.from(block.subarray(start, start + lineBytes))
  return (
    <div className="travel-hex-line" role="row" aria-rowindex={index + 1}>
      <span className="travel-hex-offset quiet" role="rowheader">
        {start.toString(16).padStart(3, "0")}
      </span>
      {bytes.map((byte, column) => (
        <span
          key={column}
          id={`byte-${start + column}`}
          role="gridcell"
          aria-selected={start + column === active}
          className={classOf(props, start + column)}
          onMouseEnter={() => onPoint(start + column)}
          onClick={() => onPress(start + column)}
        >
          {byteText(byte)}
        </span>
      ))}
      <span className="travel-hex-letters quiet" role="gridcell">
        {bytes.map(letterOf).join("")}
      </span>
    </div>
  )
})

/** Where a key leads from a byte; undefined: nowhere. */
const target = (key: string, at: number, pageLines: number, length: number): number | undefined => {
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: lineBytes,
    ArrowUp: -lineBytes,
    PageDown: lineBytes * pageLines,
    PageUp: -lineBytes * pageLines,
    Home: -length,
    End: length
  }
  const by = steps[key]
  return by === undefined ? undefined : Math.max(0, Math.min(length - 1, at + by))
}

interface HexViewProps {
  readonly block: Uint8Array
  /** The block before the event at the cursor. */
  readonly before: Uint8Array | undefined
  readonly lit: Lit | undefined
  readonly onPoint: (byte: number | undefined) => void
  readonly onChoose: (byte: number) => void
}

export const HexView = ({ before, block, lit, onChoose, onPoint }: HexViewProps) => {
  const [active, setActive] = useState(0)
  const press = (byte: number) => {
    setActive(byte)
    onChoose(byte)
  }
  const onKeyDown = (event: KeyboardEvent, pageLines: number) => {
    const to = target(event.key, active, pageLines, block.length)
    if (to === undefined) return
    event.preventDefault()
    press(to)
  }
  const current = lit?.from === "tree" ? lit.offset : active
  return (
    <VirtualRows
      count={block.length / lineBytes}
      height={lineHeight}
      label="Bytes of the block"
      role="grid"
      activeId={`byte-${active}`}
      current={Math.floor(current / lineBytes)}
      row={(index) => (
        <HexLine
          key={index}
          block={block}
          before={before}
          index={index}
          lit={lit}
          active={active}
          onPoint={onPoint}
          onPress={press}
        />
      )}
      onKeyDown={onKeyDown}
      onLeave={() => onPoint(undefined)}
    />
  )
}
