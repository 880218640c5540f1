/** Every actor with where it stands at the cursor, in a word. The chosen one's state is shown as a tree. */
import type { Chronicle } from "@stopcopy/debugger"
import { Either } from "effect"
import { memo, useMemo } from "react"
import { useTravelling, useView } from "./context.ts"
import { standingAt } from "./Journey.ts"
import { wordOf } from "./standings.ts"
import type { Travelling } from "./Travelling.ts"
import { shownActor } from "./View.ts"

interface ActorRowProps {
  readonly travelling: Travelling
  readonly index: number
  readonly word: string
  readonly isShown: boolean
  /** The event at the cursor is its. */
  readonly isActing: boolean
  /** It has no event yet. */
  readonly isAbsent: boolean
}

const ActorRow = memo(({ index, isAbsent, isActing, isShown, travelling, word }: ActorRowProps) => {
  const actor = travelling.journey.chronicle.actors[index]
  if (actor === undefined) return null
  const label = travelling.journey.chronicle.sources[actor.source]?.label ?? ""
  return (
    <li>
      <button
        type="button"
        className={`travel-actor${isAbsent ? " travel-actor-absent" : ""}`}
        aria-pressed={isShown}
        title={`${label} ${actor.stream}`}
        onClick={() => travelling.jump({ actor: index, field: undefined })}
      >
        <i className={`travel-dot travel-dot-${actor.source % 4}`} aria-hidden="true" />
        <span className="travel-actor-name">{actor.stream}</span>
        <span className="travel-actor-journal quiet">{label}</span>
        <span className="travel-actor-word">{isAbsent ? "not yet" : word}</span>
        <span className="travel-actor-now" aria-hidden="true">
          {isActing ? "●" : ""}
        </span>
      </button>
    </li>
  )
})

/** Actors of one journal stand together. */
const orderOf = ({ actors }: Chronicle): ReadonlyArray<number> =>
  actors.map((_, index) => index).toSorted((one, other) => (actors[one]?.source ?? 0) - (actors[other]?.source ?? 0))

export const ActorList = () => {
  const travelling = useTravelling()
  const view = useView()
  const { journey } = travelling
  const { chronicle } = journey
  const shown = shownActor(chronicle, view)
  const order = useMemo(() => orderOf(chronicle), [chronicle])
  return (
    <ul className="travel-actors" aria-label="Actors at this moment">
      {order.map((index) => {
        const known = Either.getOrUndefined(standingAt(journey, index, view.cursor))
        const behavior = chronicle.actors[index]?.behavior ?? ""
        return (
          <ActorRow
            key={index}
            travelling={travelling}
            index={index}
            word={known === undefined ? "state not known" : wordOf(behavior, known)}
            isShown={index === shown}
            isActing={chronicle.actorOf[view.cursor] === index}
            isAbsent={known?.sequence === 0}
          />
        )
      })}
    </ul>
  )
}
