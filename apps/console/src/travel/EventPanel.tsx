/** The event at the cursor: what it says, when, in which journal, and the command that led to it. */
import { batchAt } from "@stopcopy/debugger"
import { Effect, Either } from "effect"
import { useEffect, useState } from "react"
import { Empty } from "../ui/Empty.tsx"
import { useTravelling, useView } from "./context.ts"
import { known } from "./Journey.ts"
import { clockText } from "./Place.ts"

/** JSON text with a field on each line; the text itself where it is none. */
const laidOut = (text: string): string =>
  Either.getOrElse(
    Either.try(() => JSON.stringify(JSON.parse(text), null, 2)),
    () => text
  )

/** The command that led to the event, as text; empty while it is read, and where there is none. */
const useCommand = (place: number): string => {
  const { chronicle } = useTravelling().journey
  const [found, setFound] = useState({ place: -1, text: "" })
  useEffect(() => {
    const moment = chronicle.moments[place]
    if (moment === undefined) return undefined
    const point = { source: moment.source, sequence: moment.envelope.sequence }
    const reading = Effect.runCallback(batchAt(known, point), {
      onExit: (exit) => {
        const command = exit._tag === "Success" ? exit.value?.command : undefined
        const text =
          command && Either.match(command.command, { onLeft: (reason) => reason, onRight: ({ json }) => json })
        setFound({ place, text: text ?? "" })
      }
    })
    return () => reading()
  }, [chronicle, place])
  return found.place === place ? found.text : ""
}

const Fact = ({ children, name }: { readonly name: string; readonly children: string }) => (
  <>
    <dt className="quiet">{name}</dt>
    <dd className="mono">{children}</dd>
  </>
)

export const EventPanel = () => {
  const { chronicle } = useTravelling().journey
  const { cursor } = useView()
  const command = useCommand(cursor)
  const moment = chronicle.moments[cursor]
  if (moment === undefined) return <Empty title="This is the moment before the first event" />
  const { envelope, failure } = moment
  return (
    <>
      <section className="travel-section">
        <h2>{envelope.type}</h2>
        {failure !== undefined && (
          <p className="note note-failure">
            A failure: {failure.name}
            {failure.errno === null ? "" : `, errno ${failure.errno}`}
          </p>
        )}
        <dl className="travel-facts">
          <Fact name="journal">{moment.source.label}</Fact>
          <Fact name="stream">{envelope.stream}</Fact>
          <Fact name="sequence">{`${envelope.sequence}, version ${envelope.version} of its stream, in batch ${envelope.batch}`}</Fact>
          <Fact name="time">{`${clockText(envelope.time)} UTC`}</Fact>
          <Fact name="correlation">{envelope.correlation}</Fact>
          <Fact name="cause">{envelope.causation ?? "from outside"}</Fact>
        </dl>
        <pre className="travel-json" tabIndex={0} aria-label="The event as JSON">
          {laidOut(moment.json)}
        </pre>
      </section>
      {command !== "" && (
        <section className="travel-section">
          <h2>Command that led to it</h2>
          <pre className="travel-json" tabIndex={0} aria-label="The command as JSON">
            {laidOut(command)}
          </pre>
        </section>
      )}
    </>
  )
}
