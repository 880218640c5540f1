/** The plan of an evacuation: what moves where, what fits nowhere and why, what would stop. */
import type { EvacuationPlan } from "@stopcopy/coordinator-api"
import { plural } from "../../text/units.ts"
import { Empty } from "../../ui/Empty.tsx"
import { Refusals } from "../../ui/Refusals.tsx"
import { Table } from "../../ui/Table.tsx"

type Staying = EvacuationPlan["refused"]

const Stays = ({ all, text, title }: { readonly all: Staying; readonly title: string; readonly text: string }) => {
  if (all.length === 0) return null
  return (
    <section className="plan-part">
      <h3>
        {title}: {plural(all.length, "group")}
      </h3>
      <p className="quiet">{text}</p>
      {all.map(({ blockers, group }) => (
        <details key={group} className="plan-group" open={all.length <= 2}>
          <summary>
            <strong>{group}</strong> <span className="quiet">{plural(blockers.length, "reason")}</span>
          </summary>
          <Refusals refusals={blockers} />
        </details>
      ))}
    </section>
  )
}

const Moves = ({ moves }: Pick<EvacuationPlan, "moves">) =>
  moves.length === 0 ? (
    <Empty title="Nothing would move" />
  ) : (
    <section className="plan-part">
      <h3>Would move: {plural(moves.length, "group")}</h3>
      <Table
        caption="Groups that would move"
        rows={moves}
        keyOf={({ group }) => group}
        columns={[
          { id: "group", title: "Group", cell: ({ group }) => group },
          { id: "to", title: "To", cell: ({ to }) => to },
          {
            id: "moves",
            title: "VFs",
            cell: (planned) => (
              <span className="mono">
                {planned.moves.map(({ destination, source }) => `${source} → ${destination}`).join(", ")}
              </span>
            )
          }
        ]}
      />
    </section>
  )

export const EvacuationPlanView = ({ plan }: { readonly plan: EvacuationPlan }) => {
  const { arriving, leaving, moves, refused, willStop } = plan
  return (
    <>
      <Moves moves={moves} />
      <Stays
        all={refused}
        title="Refused"
        text="These can move nowhere, whatever the fleet has. Their guests have to be stopped."
      />
      <Stays
        all={willStop}
        title="Will stop"
        text="These could move, and nothing fits now: they stop when the host does."
      />
      {leaving.length > 0 && <p>Leaving already: {leaving.join(", ")}</p>}
      {arriving.length > 0 && <p>Arriving: {arriving.join(", ")}</p>}
    </>
  )
}
