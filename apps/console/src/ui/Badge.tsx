/** A state in a word, with a colour that says what kind of state it is. The word alone says everything. */
import type { Tone } from "./tone.ts"

export const Badge = ({ children, tone }: { readonly children: string; readonly tone: Tone }) => (
  <span className={`badge badge-${tone}`}>{children}</span>
)
