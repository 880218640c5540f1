/** How the migration stands or ended, with every reason. */
import type { Migration } from "@stopcopy/coordinator-api"
import { now } from "../../store/now.ts"
import { useStore } from "../../store/useStore.ts"
import { Refusals } from "../../ui/Refusals.tsx"
import { verdictOf } from "./verdict.ts"

const notes = {
  good: "note note-good",
  bad: "note note-failure",
  warn: "note note-warn",
  neutral: "note",
  busy: "note"
} as const

export const Verdict = ({ migration }: { readonly migration: Migration }) => {
  const said = verdictOf(migration, useStore(now))
  if (said === undefined) return null
  const { blockers, left } = migration
  return (
    <div className={notes[said.tone]} data-verdict={migration.phase}>
      <p className="note-title">{said.title}</p>
      {blockers.length === 0 ? <p>{said.text}</p> : <Refusals refusals={blockers} />}
      {left.length > 0 && (
        <ul className="list" aria-label="Not done">
          {left.map(({ message, step }) => (
            <li key={step}>
              Not done: <code>{step}</code>: {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
