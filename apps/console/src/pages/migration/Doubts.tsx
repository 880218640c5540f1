/** A migration in doubt: what cannot be done, and what an operator may say. */
import type { Migration } from "@stopcopy/coordinator-api"
import { Open } from "../../ui/Open.tsx"
import { ResolveDialog } from "./ResolveDialog.tsx"

export const Doubts = ({ migration }: { readonly migration: Migration }) => {
  const { doubts, from, inDoubt, resolutions, to } = migration
  if (!inDoubt) return null
  return (
    <section className="note note-warn" aria-labelledby="doubt-title">
      <h2 id="doubt-title">In doubt</h2>
      <p>
        A step cannot be done, and nothing else would be right: it is tried until it can. If the side that is missing
        does not come back, somebody has to say which side has the guest.
      </p>
      <ul className="list" aria-label="What cannot be done">
        {doubts.map(({ code, device, message, side, step }) => (
          <li key={`${step} ${side}`}>
            <code>{step}</code> at the {side}
            {device === null ? "" : ` (${device})`}: {message} <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="fields">
        {resolutions.map((resolution) => (
          <Open
            key={resolution.verdict}
            kind="danger"
            dialog={(close) => <ResolveDialog migration={migration} resolution={resolution} onClose={close} />}
          >
            {resolution.verdict === "source" ? from : to} has the guest …
          </Open>
        ))}
      </div>
    </section>
  )
}
