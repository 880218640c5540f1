/** A table with a caption for who does not see it. Wide ones scroll in their own frame. */
import type { ReactNode } from "react"
import { useOverflow } from "./useOverflow.ts"

export interface Column<Row> {
  readonly id: string
  readonly title: string
  /** Numbers stand to the right. */
  readonly numeric?: boolean
  readonly cell: (row: Row) => ReactNode
}

interface TableProps<Row> {
  readonly caption: string
  readonly columns: ReadonlyArray<Column<Row>>
  readonly rows: ReadonlyArray<Row>
  readonly keyOf: (row: Row) => string
}

const classOf = ({ numeric }: { readonly numeric?: boolean }) => (numeric === true ? "numeric" : undefined)

/** The frame is a stop of the keyboard only while there is something to scroll to. */
const Frame = ({ caption, children }: { readonly caption: string; readonly children: ReactNode }) => {
  const { frame, overflows } = useOverflow()
  const stop = overflows ? { role: "region", "aria-label": caption, tabIndex: 0 } : {}
  return (
    <div ref={frame} className="table-frame" {...stop}>
      {children}
    </div>
  )
}

export const Table = <Row,>({ caption, columns, keyOf, rows }: TableProps<Row>) => (
  <Frame caption={caption}>
    <table className="table">
      <caption className="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.id} scope="col" className={classOf(column)}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map((column) => (
              <td key={column.id} className={classOf(column)}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </Frame>
)
