/** What changed: by the event at the cursor, or between the two marks, field by field. */
import { type Change, diffStandings, formatPath } from "@stopcopy/debugger"
import { Either } from "effect"
import { memo, useMemo } from "react"
import { Empty } from "../ui/Empty.tsx"
import { useTravelling, useView } from "./context.ts"
import { type Journey, standingAt } from "./Journey.ts"
import { placeText } from "./Place.ts"
import { nowOf } from "./standings.ts"
import { valueText } from "./StateRows.ts"
import { actorText } from "./View.ts"

/** Changes of one actor that are shown; more are counted. */
const shownChanges = 200

interface ActorChanges {
  readonly actor: number
  readonly changes: ReadonlyArray<Change>
}

/** What changed in every actor from one place to another. */
const changesBetween = (journey: Journey, from: number, to: number): ReadonlyArray<ActorChanges> =>
  journey.chronicle.actors.flatMap((_, actor): ReadonlyArray<ActorChanges> => {
    const before = Either.getOrUndefined(standingAt(journey, actor, from))
    const changes = diffStandings(before, Either.getOrUndefined(standingAt(journey, actor, to)))
    return changes.length === 0 ? [] : [{ actor, changes }]
  })

const ChangeLine = memo(({ actor, change }: { readonly actor: number; readonly change: Change }) => {
  const travelling = useTravelling()
  const path = formatPath(change.path)
  return (
    <li className="travel-change">
      <button
        type="button"
        className="travel-link travel-change-path"
        onClick={() => travelling.jump({ actor, field: path, panel: "field" })}
      >
        {path}
      </button>
      {change.kind !== "added" && <del className="travel-old">{valueText(change.old)}</del>}
      {change.kind !== "removed" && <ins className="travel-new">{valueText(change.new)}</ins>}
    </li>
  )
})

const Group = ({ actor, changes }: ActorChanges) => {
  const { chronicle } = useTravelling().journey
  return (
    <section className="travel-changes">
      <h3 className="mono">{actorText(chronicle, actor)}</h3>
      <ul>
        {changes.slice(0, shownChanges).map((change) => (
          <ChangeLine key={formatPath(change.path)} actor={actor} change={change} />
        ))}
      </ul>
      {changes.length > shownChanges && <p className="quiet">and {changes.length - shownChanges} more fields</p>}
    </section>
  )
}

const ByEvent = () => {
  const { journey } = useTravelling()
  const { cursor } = useView()
  const actor = journey.chronicle.actorOf[cursor]
  const changes = useMemo(
    () => (actor === undefined ? [] : nowOf(journey, actor, cursor).changes),
    [journey, actor, cursor]
  )
  if (actor === undefined) {
    return (
      <Empty title="Nothing has happened yet">
        <p>This is the moment before the first event.</p>
      </Empty>
    )
  }
  if (changes.length === 0) {
    return (
      <Empty title="This event changed no field">
        <p>It says something of {actorText(journey.chronicle, actor)} that its state does not keep.</p>
      </Empty>
    )
  }
  return <Group actor={actor} changes={changes} />
}

const Between = ({ from, to }: { readonly from: number; readonly to: number }) => {
  const { journey } = useTravelling()
  const groups = useMemo(() => changesBetween(journey, from, to), [journey, from, to])
  if (groups.length === 0) {
    return <Empty title="No state differs between the marks" />
  }
  return groups.map((group) => <Group key={group.actor} {...group} />)
}

export const ChangesPanel = () => {
  const { journey } = useTravelling()
  const { cursor, markA, markB } = useView()
  const { chronicle } = journey
  return (
    <>
      <section className="travel-section">
        <h2>By {cursor < 0 ? "no event yet" : placeText(chronicle, cursor)}</h2>
        <ByEvent />
      </section>
      <section className="travel-section">
        <h2>Between the marks</h2>
        {markA !== undefined && markB !== undefined ? (
          <>
            <p className="quiet">
              From A at {placeText(chronicle, markA)} to B at {placeText(chronicle, markB)}
            </p>
            <Between from={markA} to={markB} />
          </>
        ) : (
          <p className="quiet">
            Set mark A at one moment and mark B at another: every field that differs is listed here.
          </p>
        )}
      </section>
    </>
  )
}
