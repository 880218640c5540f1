/** Figures as lines of text: name, durability word, absolute, ratios to what was measured in the same run, targets. */

/** What an acknowledged command survives, or that the row keeps nothing. */
export type Word = "durable" | "written" | "none"

/** The other side of a ratio. */
export interface Comparison {
  readonly to: string
  readonly value: number
  /** The ratio that this row must reach. */
  readonly target?: number
  /** The ratio that we would like. */
  readonly wanted?: number
}

export interface Row {
  readonly name: string
  readonly word: Word
  readonly value: number
  readonly unit: string
  readonly against?: ReadonlyArray<Comparison>
  /** The absolute value must reach this. */
  readonly atLeast?: number
  /** The absolute value must stay below this. */
  readonly below?: number
}

export interface Section {
  readonly title: string
  readonly rows: ReadonlyArray<Row>
  /** What is to be known beside the rows: why one is missing, how many were refused. */
  readonly notes?: ReadonlyArray<string>
}

const nameColumns = 58
const wordColumns = 8
const valueColumns = 12
const unitColumns = 10

/** Digits after the point for values below this: a whole number would say too little. */
const fractionBelow = 100

const shown = (value: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: value < fractionBelow ? 2 : 0 })

const verdict = (met: boolean): string => (met ? "met" : "MISSED")

const ratioOf = (row: Row, { target, to, value, wanted }: Comparison): string => {
  const ratio = row.value / value
  const said = `${ratio.toFixed(2)} x ${to}`
  if (target === undefined) return said
  const wish = wanted === undefined ? "" : `, wanted ${wanted}: ${verdict(ratio >= wanted)}`
  return `${said} (target ${target}: ${verdict(ratio >= target)}${wish})`
}

const lineOf = (row: Row): string => {
  const { atLeast, below } = row
  const parts = (row.against ?? []).map((each) => ratioOf(row, each))
  if (atLeast !== undefined) parts.push(`target ${shown(atLeast)}: ${verdict(row.value >= atLeast)}`)
  if (below !== undefined) parts.push(`target below ${shown(below)}: ${verdict(row.value < below)}`)
  const name = row.name.padEnd(nameColumns)
  const figure = `${shown(row.value).padStart(valueColumns)} ${row.unit.padEnd(unitColumns)}`
  return `  ${name} ${row.word.padEnd(wordColumns)} ${figure} ${parts.join("; ")}`.trimEnd()
}

/** A section as text, with a line end, and how long it took. */
export const sectionText = ({ notes = [], rows, title }: Section, millis: number): string =>
  [
    "",
    `${title} (measured in ${Math.round(millis / 1000)} s)`,
    ...rows.map(lineOf),
    ...notes.map((text) => `  ${text}`),
    ""
  ].join("\n")
