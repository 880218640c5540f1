/** Cancels a migration, after saying what that means. */
import type { Migration } from "@stopcopy/coordinator-api"
import { useState } from "react"
import type { Problem } from "../../session/Problem.ts"
import { useSession } from "../../session/context.ts"
import { Act } from "../../ui/Act.tsx"
import { Dialog } from "../../ui/Dialog.tsx"
import { Failure } from "../../ui/Failure.tsx"

export const CancelDialog = ({
  migration,
  onClose
}: {
  readonly migration: Migration
  readonly onClose: () => void
}) => {
  const session = useSession()
  const [reason, setReason] = useState("")
  const [problem, setProblem] = useState<Problem>()
  const { from, id } = migration
  return (
    <Dialog
      title={`Cancel ${id}?`}
      onClose={onClose}
      closeText="Keep it going"
      actions={
        <Act
          kind="danger"
          act={() => session.call(session.client.migrations.cancel({ path: { id }, payload: { reason } }))}
          onDone={() => {
            session.resources.migration(id).invalidate()
            onClose()
          }}
          onProblem={setProblem}
        >
          Cancel the migration
        </Act>
      }
    >
      <p>
        The guest goes on at <strong>{from}</strong>, and what the destination has is discarded. Behind the commit there
        is no way back: then this is refused, and nothing happens.
      </p>
      <label className="field">
        <span>Reason, for those who read the journal later</span>
        <input value={reason} maxLength={1000} onChange={(event) => setReason(event.target.value)} />
      </label>
      {problem !== undefined && <Failure problem={problem} />}
    </Dialog>
  )
}
