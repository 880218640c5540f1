/** What somebody has to know of a bundle before they believe it: parts that are missing, damage, redactions. */
import type { Journey } from "./Journey.ts"

export const Notes = ({ journey: { damage, header } }: { readonly journey: Journey }) => {
  const lines = [
    ...(header.missing ?? []).map(({ label, reason }) => `The journal of the ${label} is missing: ${reason}`),
    ...damage.map((text) => `A hash is not that of its batch, the rest is as it was found: ${text}`),
    ...(header.redacted.length === 0 ? [] : [`Left out by who made this bundle: ${header.redacted.join(", ")}`])
  ]
  if (lines.length === 0) return null
  return (
    <ul className="travel-notes note note-warn" aria-label="About this bundle">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}
