/** Who set a field: the event that last gave it its value, and those before it. */
import { fieldAt, type FieldSetting, type Track } from "@stopcopy/debugger"
import { Either } from "effect"
import { useEffect, useState } from "react"
import { Empty } from "../ui/Empty.tsx"
import { useTravelling, useView } from "./context.ts"
import { standingAt } from "./Journey.ts"
import { clockText, placeText, spanText } from "./Place.ts"
import { valueText } from "./StateRows.ts"
import { actorText, shownActor } from "./View.ts"

/** Settings that are looked for, the last one included. */
const shownSettings = 30
/** Milliseconds of looking before the page may do something else. */
const sliceMillis = 6

interface Settings {
  readonly found: ReadonlyArray<FieldSetting>
  readonly isLooking: boolean
}

/** Looks for the settings of a field slice by slice, from the cursor back. */
const useSettings = (track: Track | undefined, field: string | undefined, sequence: number): Settings => {
  const [settings, setSettings] = useState<Settings>({ found: [], isLooking: true })
  useEffect(() => {
    if (track === undefined || field === undefined) return setSettings({ found: [], isLooking: false })
    const found: Array<FieldSetting> = []
    const looking = track.settings(field, sequence)
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = () => {
      const end = performance.now() + sliceMillis
      let isDone = false
      while (!isDone && performance.now() < end) {
        const { done, value } = looking.next()
        if (value !== undefined) found.push(value)
        isDone = done === true || found.length >= shownSettings
      }
      setSettings({ found: [...found], isLooking: !isDone })
      if (!isDone) timer = setTimeout(look)
    }
    timer = setTimeout(look)
    return () => clearTimeout(timer)
  }, [track, field, sequence])
  return settings
}

const Setting = ({ setting, source }: { readonly setting: FieldSetting; readonly source: number }) => {
  const travelling = useTravelling()
  const { chronicle } = travelling.journey
  const { cursor } = useView()
  const { envelope } = setting
  const place = chronicle.place(source, envelope.sequence)
  const now = chronicle.times[Math.max(0, cursor)] ?? 0
  return (
    <li className="travel-setting">
      {place === undefined ? (
        <span className="quiet">before what is kept here</span>
      ) : (
        <button type="button" className="travel-link" onClick={() => travelling.jump({ cursor: place })}>
          {placeText(chronicle, place)} {envelope.type}
        </button>
      )}
      <span className="quiet numeric">
        {clockText(envelope.time)}
        {place !== undefined && place < cursor && ` · ${spanText(now - envelope.time)} before the cursor`}
      </span>
      <span className="travel-setting-values">
        <del className="travel-old">{valueText(setting.old)}</del>{" "}
        <ins className="travel-new">{valueText(setting.new)}</ins>
      </span>
    </li>
  )
}

const wayOf = (count: number, isLooking: boolean): string => {
  if (isLooking) return "Looking back …"
  if (count === 0) return "No event that is kept here set it: it has had this value from the beginning."
  return count >= shownSettings ? `The last ${count} are listed.` : "That is all that is kept here."
}

export const FieldPanel = () => {
  const travelling = useTravelling()
  const view = useView()
  const { journey } = travelling
  const { chronicle, tracks } = journey
  const actor = shownActor(chronicle, view)
  const track = actor === undefined ? undefined : Either.getOrUndefined(tracks[actor] ?? Either.left(""))
  const source = track?.actor.source ?? 0
  const sequence = chronicle.pointsAt(view.cursor)[source]?.sequence ?? 0
  const { found, isLooking } = useSettings(track, view.field, sequence)
  if (actor === undefined || view.field === undefined) {
    return (
      <Empty title="No field is chosen">
        <p>Choose a field of the state: the events that set it are listed here, the last one first.</p>
      </Empty>
    )
  }
  const standing = Either.getOrUndefined(standingAt(journey, actor, view.cursor))
  const value = standing === undefined ? undefined : valueIn(standing, view.field)
  const [last, ...before] = found
  return (
    <section className="travel-section">
      <h2 className="mono">{view.field}</h2>
      <p className="quiet">of {actorText(chronicle, actor)}</p>
      <p className="travel-value mono">{valueText(value)}</p>
      <h3>Last set by</h3>
      <ul>{last !== undefined && <Setting setting={last} source={source} />}</ul>
      {before.length > 0 && (
        <>
          <h3>Before that</h3>
          <ul>
            {before.map((setting) => (
              <Setting key={setting.envelope.sequence} setting={setting} source={source} />
            ))}
          </ul>
        </>
      )}
      <p className="quiet" role="status">
        {wayOf(found.length, isLooking)}
      </p>
    </section>
  )
}

/** The JSON value of a field by its path; undefined if it is not there. */
const valueIn = (
  standing: { readonly names: ReadonlyArray<string>; readonly field: (name: string) => unknown },
  path: string
) => {
  const name = standing.names.find((each) => path === each || path.startsWith(`${each}.`))
  if (name === undefined) return undefined
  const json = standing.field(name)
  return path === name ? json : fieldAt(json, path.slice(name.length + 1))?.value
}
