/** Starts a migration: where to, under which limits, and, before that, everything that speaks against it. */
import { idempotencyHeader } from "@stopcopy/coordinator-api"
import { useState } from "react"
import { useLocation } from "wouter"
import { newKey } from "../../session/newKey.ts"
import type { Problem } from "../../session/Problem.ts"
import { useSession } from "../../session/context.ts"
import { migrationAddress } from "../../text/addresses.ts"
import { Act } from "../../ui/Act.tsx"
import { Dialog } from "../../ui/Dialog.tsx"
import { Failure } from "../../ui/Failure.tsx"
import { useAsked } from "../../ui/useAsked.ts"
import { LimitFields, TargetFields } from "./MigrateFields.tsx"
import { PreflightView, verdictOfPreflight } from "./PreflightView.tsx"
import { type Choice, type Devices, mistakeOf, preflightOf, requestOf } from "./request.ts"

interface MigrateDialogProps {
  readonly from: string
  /** All devices of the group. */
  readonly devices: Devices
  /** The host that somebody chose already. */
  readonly to?: string
  readonly onClose: () => void
}

export const MigrateDialog = ({ devices, from, onClose, to = "" }: MigrateDialogProps) => {
  const { call, client, problem: words } = useSession()
  const [, navigate] = useLocation()
  const [problem, setProblem] = useState<Problem>()
  const [key, setKey] = useState(newKey)
  const [choice, setChoice] = useState<Choice>({
    from,
    devices,
    to,
    targets: devices.map(() => ""),
    limit: "",
    wait: "",
    priority: 5
  })
  const change = (changed: Partial<Choice>) => {
    setChoice({ ...choice, ...changed })
    // Another request is another key.
    setKey(newKey())
    setProblem(undefined)
  }
  const mistake = mistakeOf(choice)
  const asked = preflightOf(choice)
  const preflight = useAsked({
    key: JSON.stringify(asked),
    ask: client.preflight.check({ payload: asked }),
    problem: words
  })
  return (
    <Dialog
      wide
      title={`Migrate ${from}/${devices.join(", ")}`}
      onClose={onClose}
      actions={
        <Act
          disabledBecause={mistake ?? verdictOfPreflight(preflight)}
          act={() =>
            call(client.migrations.start({ headers: { [idempotencyHeader]: key }, payload: requestOf(choice) }))
          }
          onDone={({ id }) => navigate(migrationAddress(id))}
          onProblem={setProblem}
        >
          Start the migration
        </Act>
      }
    >
      <TargetFields choice={choice} onChange={change} />
      <LimitFields choice={choice} onChange={change} />
      {mistake !== undefined && (
        <p role="alert" className="note note-warn">
          {mistake}
        </p>
      )}
      <PreflightView preflight={preflight} />
      {problem !== undefined && <Failure problem={problem} />}
    </Dialog>
  )
}
