/** Aligning text in columns. Widths in characters; the last column of a row is never padded. */

type Align = "left" | "right"

const pad = (text: string, width: number, align: Align): string =>
  align === "left" ? text.padEnd(width) : text.padStart(width)

/** Rows of cells as lines: each column as wide as its widest cell, two spaces between columns. */
export const columns = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  aligns: ReadonlyArray<Align> = []
): ReadonlyArray<string> => {
  const widths: Array<number> = []
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)))
  return rows.map((row) =>
    row
      .map((cell, index) => pad(cell, widths[index] ?? 0, aligns[index] ?? "left"))
      .join("  ")
      .trimEnd()
  )
}

/** `1 event`, `2 events`. */
export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/** A list for people, cut after `limit` items. */
export const listed = (items: ReadonlyArray<string>, limit: number): string =>
  items.length <= limit ? items.join(", ") : `${items.slice(0, limit).join(", ")} and ${items.length - limit} more`
