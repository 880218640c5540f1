/** Empties a host or a PF: first what that would do, then, if somebody wants that, its beginning. */
import { type EvacuationPlan, idempotencyHeader } from "@stopcopy/coordinator-api"
import { useState } from "react"
import { newKey } from "../../session/newKey.ts"
import type { Problem } from "../../session/Problem.ts"
import { useSession } from "../../session/context.ts"
import { plural } from "../../text/units.ts"
import { Act } from "../../ui/Act.tsx"
import { Dialog } from "../../ui/Dialog.tsx"
import { Failure } from "../../ui/Failure.tsx"
import { Loading } from "../../ui/Loading.tsx"
import { useAsked } from "../../ui/useAsked.ts"
import { EvacuationPlanView } from "./EvacuationPlanView.tsx"
import { type Place, placeName } from "./place.ts"

const nothingMoves = (plan: EvacuationPlan | undefined): string | undefined => {
  if (plan === undefined) return "there is no plan yet"
  return plan.moves.length === 0 ? "nothing would move" : undefined
}

export const EvacuateDialog = ({ onClose, place }: { readonly place: Place; readonly onClose: () => void }) => {
  const { call, client, problem: words, resources } = useSession()
  const [key] = useState(newKey)
  const [problem, setProblem] = useState<Problem>()
  const name = placeName(place)
  const asked = useAsked({ key: name, ask: client.evacuations.plan({ payload: place }), problem: words })
  const plan = asked._tag === "Ready" ? asked.value : undefined
  return (
    <Dialog
      wide
      title={`Evacuate ${name}`}
      onClose={onClose}
      actions={
        <Act
          kind="danger"
          disabledBecause={nothingMoves(plan)}
          act={() =>
            call(
              client.evacuations.start({ headers: { [idempotencyHeader]: key }, payload: { ...place, priority: 5 } })
            )
          }
          onDone={() => {
            resources.evacuations.invalidate()
            resources.hosts.invalidate()
            onClose()
          }}
          onProblem={setProblem}
        >
          {plan === undefined ? "Evacuate" : `Evacuate: move ${plural(plan.moves.length, "group")}`}
        </Act>
      }
    >
      <p>
        This is what would happen now. It begins with a cordon, which stays until somebody lifts it; what fits nowhere
        does not hold up the rest.
      </p>
      {asked._tag === "Loading" && <Loading what="the plan" />}
      {asked._tag === "Failed" && <Failure problem={asked.problem} />}
      {plan !== undefined && <EvacuationPlanView plan={plan} />}
      {problem !== undefined && <Failure problem={problem} />}
    </Dialog>
  )
}
