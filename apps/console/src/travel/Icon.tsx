/** The signs on the buttons of the timeline. Decoration: the buttons have names. */
const shapes = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11 3v10L4 8z",
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  forward: "M5 3v10l7-5z",
  last: "M11 3h2v10h-2zM3 3v10l7-5z",
  previousFailure: "M6 4v8L1.5 8zM11 3h2.2l-.4 6.4h-1.4zM11.1 11h2v2h-2z",
  nextFailure: "M10 4v8l4.5-4zM3 3h2.2l-.4 6.4H3.4zM3.1 11h2v2h-2z"
} as const

export const Icon = ({ name }: { readonly name: keyof typeof shapes }) => (
  <svg className="travel-icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={shapes[name]} />
  </svg>
)
