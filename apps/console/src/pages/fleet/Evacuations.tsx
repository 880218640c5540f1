/** Evacuations: how far each is, how long it will take, and what stays. */
import type { Evacuation } from "@stopcopy/coordinator-api"
import { useState } from "react"
import type { Problem } from "../../session/Problem.ts"
import { useSession } from "../../session/context.ts"
import { evacuationTone } from "../../text/tones.ts"
import { millisText, plural, timeText } from "../../text/units.ts"
import { Act } from "../../ui/Act.tsx"
import { Badge } from "../../ui/Badge.tsx"
import { Empty } from "../../ui/Empty.tsx"
import { Failure } from "../../ui/Failure.tsx"
import { Refusals } from "../../ui/Refusals.tsx"
import { Shown } from "../../ui/Shown.tsx"
import { doneOf, leftText, tallyText } from "./evacuationText.ts"

const Cancel = ({ id }: { readonly id: string }) => {
  const { call, client, resources } = useSession()
  const [problem, setProblem] = useState<Problem>()
  return (
    <>
      <Act
        kind="danger"
        act={() => call(client.evacuations.cancel({ path: { id } }))}
        onDone={() => resources.evacuations.invalidate()}
        onProblem={setProblem}
      >
        Cancel
      </Act>
      {problem !== undefined && <Failure problem={problem} />}
    </>
  )
}

const One = ({ evacuation }: { readonly evacuation: Evacuation }) => {
  const { endedAt, host, id, moves, pf, startedAt, state, staying } = evacuation
  const isOver = state === "finished" || state === "cancelled"
  return (
    <li className="card" data-evacuation={id}>
      <div className="card-head">
        <h3>{pf === null ? host : `${host}/${pf}`}</h3>
        <Badge tone={evacuationTone[state]}>{state}</Badge>
        <span className="mono quiet">{id}</span>
        <span className="quiet">
          {timeText(startedAt)}
          {endedAt === null ? "" : `, took ${millisText(endedAt - startedAt)}`}
        </span>
        {state === "running" && (
          <span className="card-actions">
            <Cancel id={id} />
          </span>
        )}
      </div>
      <div className="progress">
        <progress
          max={Math.max(1, moves)}
          value={moves === 0 ? 1 : doneOf(evacuation)}
          aria-label={`Progress of ${id}`}
        />
        <span>
          {doneOf(evacuation)} of {plural(moves, "group")}
        </span>
        <span className="quiet">{tallyText(evacuation)}</span>
        {!isOver && <span className="quiet">{leftText(evacuation)}</span>}
      </div>
      {staying.length > 0 && (
        <details>
          <summary>{plural(staying.length, "group")} stay, and why</summary>
          {staying.map(({ blockers, group }) => (
            <div key={group} className="plan-group">
              <strong>{group}</strong>
              <Refusals refusals={blockers} />
            </div>
          ))}
        </details>
      )}
    </li>
  )
}

export const Evacuations = () => {
  const { resources } = useSession()
  return (
    <Shown of={resources.evacuations} what="evacuations">
      {(all) =>
        all.length === 0 ? (
          <Empty title="No evacuation">
            <p>Evacuate a host or a PF from the list of hosts: you see the plan before anything moves.</p>
          </Empty>
        ) : (
          <ul className="stack" aria-label="Evacuations">
            {all.map((evacuation) => (
              <One key={evacuation.id} evacuation={evacuation} />
            ))}
          </ul>
        )
      }
    </Shown>
  )
}
