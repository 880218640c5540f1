/** Keeps a host or a PF free of new guests, with a reason for those who come after. */
import { useState } from "react"
import type { Problem } from "../../session/Problem.ts"
import { useSession } from "../../session/context.ts"
import { Act } from "../../ui/Act.tsx"
import { Dialog } from "../../ui/Dialog.tsx"
import { Failure } from "../../ui/Failure.tsx"
import { type Place, placeName } from "./place.ts"

export const CordonDialog = ({ onClose, place }: { readonly place: Place; readonly onClose: () => void }) => {
  const { call, client, resources } = useSession()
  const [reason, setReason] = useState("")
  const [problem, setProblem] = useState<Problem>()
  const { host, pf } = place
  const payload = { reason }
  return (
    <Dialog
      title={`Cordon ${placeName(place)}`}
      onClose={onClose}
      actions={
        <Act
          act={() =>
            pf === undefined
              ? call(client.hosts.cordon({ path: { host }, payload }))
              : call(client.hosts.cordonPf({ path: { host, pf }, payload }))
          }
          onDone={() => {
            resources.hosts.invalidate()
            resources.pfs.invalidate()
            onClose()
          }}
          onProblem={setProblem}
        >
          Cordon
        </Act>
      }
    >
      <p>It takes no new guest until it is uncordoned. What runs there runs on, and migrations under way go on.</p>
      <label className="field">
        <span>Reason</span>
        <input value={reason} maxLength={1000} autoFocus onChange={(event) => setReason(event.target.value)} />
      </label>
      {problem !== undefined && <Failure problem={problem} />}
    </Dialog>
  )
}
