/** The states at the cursor: every actor in a word, and one of them whole. */
import { Either } from "effect"
import { useCallback, useMemo, useState } from "react"
import { Empty } from "../ui/Empty.tsx"
import { ActorList } from "./ActorList.tsx"
import { useTravelling, useView } from "./context.ts"
import { nowOf } from "./standings.ts"
import { StateTree } from "./StateTree.tsx"
import { actorText, shownActor } from "./View.ts"

const nothing: ReadonlySet<string> = new Set()

/** Actors of one behavior have the same fields: what is open of one stays open of the next. */
const useOpen = (behavior: string) => {
  const [open, setOpen] = useState<ReadonlyMap<string, ReadonlySet<string>>>(new Map())
  const onOpen = useCallback(
    (paths: ReadonlySet<string>) => setOpen((before) => new Map([...before, [behavior, paths]])),
    [behavior]
  )
  return { open: open.get(behavior) ?? nothing, onOpen }
}

const Whole = ({ actor }: { readonly actor: number }) => {
  const { journey } = useTravelling()
  const { cursor } = useView()
  const { onOpen, open } = useOpen(journey.chronicle.actors[actor]?.behavior ?? "")
  const { changes, standing } = useMemo(() => nowOf(journey, actor, cursor), [journey, actor, cursor])
  if (Either.isLeft(standing)) {
    return (
      <Empty title="This state cannot be known">
        <p>{standing.left}</p>
      </Empty>
    )
  }
  const label = `State of ${actorText(journey.chronicle, actor)}`
  return <StateTree standing={standing.right} changes={changes} label={label} open={open} onOpen={onOpen} />
}

export const StatePanel = () => {
  const travelling = useTravelling()
  const { chronicle } = travelling.journey
  const view = useView()
  const actor = shownActor(chronicle, view)
  return (
    <section className="travel-panel travel-state" aria-label="States">
      <header className="travel-panel-head">
        <h2>State</h2>
        <label className="travel-follow">
          <input
            type="checkbox"
            checked={view.actor === undefined}
            onChange={({ currentTarget: { checked } }) => travelling.jump({ actor: checked ? undefined : actor })}
          />{" "}
          of the actor at the cursor
        </label>
      </header>
      <ActorList />
      {actor !== undefined && (
        <>
          <p className="travel-subject mono">{actorText(chronicle, actor)}</p>
          <Whole actor={actor} />
        </>
      )}
    </section>
  )
}
