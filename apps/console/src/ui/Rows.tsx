/**
 * A table of any length, of which only the rows in sight are in the page. It scrolls with the page, or in a frame of its own. To a screen reader it is a
 * table with all its rows.
 */
import { useVirtualizer, useWindowVirtualizer, type Virtualizer } from "@tanstack/react-virtual"
import { type ReactNode, useLayoutEffect, useRef, useState } from "react"
import type { Column } from "./Table.tsx"

interface RowsProps<Row> {
  readonly caption: string
  /** Names the widths of the columns in the styles. */
  readonly layout: string
  readonly columns: ReadonlyArray<Column<Row>>
  readonly rows: ReadonlyArray<Row>
  readonly keyOf: (row: Row) => string
  /** Pixels; rows of one table may differ. */
  readonly heightOf: (row: Row) => number
  /** What stands in a row that is no row of cells: a heading of those below it. */
  readonly headingOf?: (row: Row) => ReactNode
}

/** Rows above and below those in sight. */
const overscan = 12

const Cells = <Row,>({ columns, row }: { readonly columns: ReadonlyArray<Column<Row>>; readonly row: Row }) =>
  columns.map((column) => (
    <div key={column.id} role="cell" className={column.numeric === true ? "cell numeric" : "cell"}>
      {column.cell(row)}
    </div>
  ))

interface BodyProps<Row, Scroller extends Element | Window> extends RowsProps<Row> {
  readonly virtual: Virtualizer<Scroller, Element>
  readonly offset: number
}

const Body = <Row, Scroller extends Element | Window>(props: BodyProps<Row, Scroller>) => {
  const { columns, headingOf, layout, offset, rows, virtual } = props
  return (
    <div role="rowgroup" className="rows-body" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, key, size, start }) => {
        const row = rows[index]
        if (row === undefined) return null
        const heading = headingOf?.(row)
        return (
          <div
            key={key}
            role="row"
            aria-rowindex={index + 2}
            className={heading === undefined ? `row ${layout}` : "row row-heading"}
            style={{ height: size, transform: `translateY(${start - offset}px)` }}
          >
            {heading === undefined ? (
              <Cells columns={columns} row={row} />
            ) : (
              <div role="cell" aria-colspan={columns.length} className="cell-heading">
                {heading}
              </div>
            )}
          </div>
        )
      })}
    </div>
  )
}

const Head = <Row,>({ columns, layout }: Pick<RowsProps<Row>, "columns" | "layout">) => (
  <div role="rowgroup" className="rows-head">
    <div role="row" aria-rowindex={1} className={`row ${layout}`}>
      {columns.map(({ id, numeric, title }) => (
        <div key={id} role="columnheader" className={numeric === true ? "cell numeric" : "cell"}>
          {title}
        </div>
      ))}
    </div>
  </div>
)

const keysOf = <Row,>({ heightOf, keyOf, rows }: RowsProps<Row>) => {
  const of =
    <A,>(read: (row: Row) => A, otherwise: A) =>
    (index: number) => {
      const row = rows[index]
      return row === undefined ? otherwise : read(row)
    }
  return { count: rows.length, estimateSize: of(heightOf, 36), getItemKey: of(keyOf, ""), overscan }
}

const tableProps = <Row,>({ caption, columns, rows }: RowsProps<Row>) => ({
  role: "table",
  "aria-label": caption,
  "aria-rowcount": rows.length + 1,
  "aria-colcount": columns.length
})

/** It is as long as it is, and scrolls with the page. */
export const PageRows = <Row,>(props: RowsProps<Row>) => {
  const frame = useRef<HTMLDivElement>(null)
  const [offset, setOffset] = useState(0)
  useLayoutEffect(() => setOffset(frame.current?.offsetTop ?? 0), [])
  const virtual = useWindowVirtualizer<Element>({ ...keysOf(props), scrollMargin: offset })
  return (
    <div className="rows" {...tableProps(props)}>
      <Head {...props} />
      <div ref={frame} role="presentation">
        <Body {...props} virtual={virtual} offset={offset} />
      </div>
    </div>
  )
}

/** It scrolls in a frame, whose height the styles give, and begins at its end where that is what people want to see. */
export const FrameRows = <Row,>(props: RowsProps<Row>) => {
  const frame = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer<HTMLDivElement, Element>({ ...keysOf(props), getScrollElement: () => frame.current })
  return (
    <div ref={frame} className="rows rows-frame" tabIndex={0} {...tableProps(props)}>
      <Head {...props} />
      <Body {...props} virtual={virtual} offset={0} />
    </div>
  )
}
