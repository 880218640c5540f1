/** Resolves a migration in doubt: the consequences, word for word, and whether somebody vouches for them. */
import type { Migration, Resolution } from "@stopcopy/coordinator-api"
import { useState } from "react"
import type { Problem } from "../../session/Problem.ts"
import { useSession } from "../../session/context.ts"
import { Act } from "../../ui/Act.tsx"
import { Dialog } from "../../ui/Dialog.tsx"
import { Failure } from "../../ui/Failure.tsx"

interface ResolveDialogProps {
  readonly migration: Migration
  readonly resolution: Resolution
  readonly onClose: () => void
}

export const ResolveDialog = ({ migration, onClose, resolution }: ResolveDialogProps) => {
  const session = useSession()
  const [vouched, setVouched] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const { from, id, to } = migration
  const { consequences: accepting, verdict } = resolution
  const host = verdict === "source" ? from : to
  return (
    <Dialog
      title={`Say that ${host} has the guest?`}
      onClose={onClose}
      closeText="Leave it in doubt"
      actions={
        <Act
          kind="danger"
          disabledBecause={vouched ? undefined : "read the consequences, and vouch for them"}
          act={() => session.call(session.client.migrations.resolve({ path: { id }, payload: { verdict, accepting } }))}
          onDone={() => {
            session.resources.migration(id).invalidate()
            onClose()
          }}
          onProblem={setProblem}
        >
          Give the guest to the {verdict}
        </Act>
      }
    >
      <p className="consequences">{accepting}</p>
      <label className="check">
        <input type="checkbox" checked={vouched} onChange={(event) => setVouched(event.target.checked)} />
        <span>I have read this, and vouch for it as {session.caller.name}</span>
      </label>
      {problem !== undefined && <Failure problem={problem} />}
    </Dialog>
  )
}
