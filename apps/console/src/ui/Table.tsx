/** A table with a caption for who does not see it. Wide ones scroll in their own frame. */
import type { ReactNode } from "react"

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

export const Table = <Row,>({ caption, columns, keyOf, rows }: TableProps<Row>) => (
  <div className="table-frame" role="region" aria-label={caption} tabIndex={0}>
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
  </div>
)
