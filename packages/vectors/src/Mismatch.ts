/** Comparing what a case expects with what happened: one line for each difference. */

/** Values as JSON, with 64-bit numbers as text: how both sides are shown and compared. */
const show = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part)) ?? "undefined"

/** Longest value that a line shows in full, in characters. */
const longest = 200

const short = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}...` : text)

/** Nothing if both are equal in value, else one line that names them. */
export const compare = (what: string, expected: unknown, got: unknown): ReadonlyArray<string> => {
  const [left, right] = [show(expected), show(got)]
  return left === right ? [] : [`${what}: expected ${short(left)}, got ${short(right)}`]
}
