/** The word that somebody meant who mistyped it. The distance is the one of optimal string alignment: letters put in, left out, changed, or two swapped. */

/** Letters of a word for each mistake that it may have. */
const lettersPerMistake = 3

/** How many single mistakes lie between two words. */
const distance = (a: string, b: string): number => {
  const rows: Array<Array<number>> = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0
  for (let row = 1; row <= a.length; row++) {
    rows[row] = [row]
    for (let column = 1; column <= b.length; column++) {
      const changed = at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const swapped = isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY
      rows[row]?.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, changed, swapped))
    }
  }
  return at(a.length, b.length)
}

/** The names that are nearest to what was typed; none if all are too far away to have been meant. */
export const nearest = (typed: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const distances = names.map((name) => distance(typed, name))
  const least = Math.min(...distances)
  const most = Math.floor(Math.min(typed.length, 2 * lettersPerMistake) / lettersPerMistake)
  return least > most ? [] : names.filter((_, index) => distances[index] === least)
}
