/** A state in a word, with a colour that says what kind of state it is. The word alone says everything. */
export type Tone = "neutral" | "busy" | "good" | "warn" | "bad"

export const Badge = ({ children, tone }: { readonly children: string; readonly tone: Tone }) => (
  <span className={`badge badge-${tone}`}>{children}</span>
)
