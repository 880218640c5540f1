/** What can be done with a host or a PF: keep it free of new guests, or empty it. */
import type { HostSummary } from "@stopcopy/coordinator-api"
import { Either } from "effect"
import { useState } from "react"
import type { Problem } from "../../session/Problem.ts"
import { useSession } from "../../session/context.ts"
import { useReadOnly } from "../../session/permission.ts"
import { timeText } from "../../text/units.ts"
import { Badge } from "../../ui/Badge.tsx"
import { Button } from "../../ui/Button.tsx"
import { Dialog } from "../../ui/Dialog.tsx"
import { Failure } from "../../ui/Failure.tsx"
import { Open } from "../../ui/Open.tsx"
import { CordonDialog } from "./CordonDialog.tsx"
import { EvacuateDialog } from "./EvacuateDialog.tsx"
import { type Place, placeName } from "./place.ts"

type Cordon = HostSummary["cordon"]

export const CordonState = ({ cordon }: { readonly cordon: Cordon }) => {
  if (cordon === null) return null
  const why = cordon.reason === "" ? "" : `: ${cordon.reason}`
  const by = cordon.evacuation === null ? "" : `, by evacuation ${cordon.evacuation}`
  return (
    <span title={`Since ${timeText(cordon.sinceAt)}${by}${why}`}>
      <Badge tone="warn">cordoned</Badge>
      {cordon.reason !== "" && <span className="place-why"> {cordon.reason}</span>}
    </span>
  )
}

const Uncordon = ({ place }: { readonly place: Place }) => {
  const { call, client, resources } = useSession()
  const readOnly = useReadOnly()
  const [problem, setProblem] = useState<Problem>()
  const { host, pf } = place
  const uncordon = async () => {
    const done =
      pf === undefined
        ? await call(client.hosts.uncordon({ path: { host } }))
        : await call(client.hosts.uncordonPf({ path: { host, pf } }))
    if (Either.isLeft(done)) return setProblem(done.left)
    resources.hosts.invalidate()
    resources.pfs.invalidate()
  }
  return (
    <>
      <Button label={`Uncordon ${placeName(place)}`} disabledBecause={readOnly} onPress={() => void uncordon()}>
        Uncordon
      </Button>
      {problem !== undefined && (
        <Dialog title={`${placeName(place)} stays cordoned`} onClose={() => setProblem(undefined)}>
          <Failure problem={problem} />
        </Dialog>
      )}
    </>
  )
}

export const PlaceActions = ({ cordon, ...place }: Place & { readonly cordon: Cordon }) => {
  const name = placeName(place)
  return (
    <span className="place-actions">
      {cordon === null ? (
        <Open label={`Cordon ${name}`} dialog={(close) => <CordonDialog place={place} onClose={close} />}>
          Cordon …
        </Open>
      ) : (
        <Uncordon place={place} />
      )}
      <Open label={`Evacuate ${name}`} dialog={(close) => <EvacuateDialog place={place} onClose={close} />}>
        Evacuate …
      </Open>
    </span>
  )
}
